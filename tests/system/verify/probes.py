"""The probe stack, as its addresses are handed to the command."""

import sys

from tests.support.paths import ROOT

TEMPLATE = ROOT / "scripts/probe_stack/template.yaml"
# The emulator runs every function on the Python that it runs on itself.
RUNTIME = f"python3.{sys.version_info.minor}"


def lines(addresses):
    """The lines that `local-lambda` prints."""
    return "".join(f"{name}: {url}\n" for name, url in addresses.items())


def lines_in(folder, addresses):
    """Returns a file with these lines."""
    path = folder / "probe.txt"
    path.write_text(lines(addresses), "utf-8")
    return path
