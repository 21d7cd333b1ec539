"""The probe stack, as its addresses are handed to the command."""

from tests.support.paths import ROOT

TEMPLATE = ROOT / "scripts/probe_stack/template.yaml"


def lines(addresses):
    """The lines that `local-lambda` prints."""
    return "".join(f"{name}: {url}\n" for name, url in addresses.items())


def lines_in(folder, addresses):
    """Returns a file with these lines."""
    path = folder / "probe.txt"
    path.write_text(lines(addresses), "utf-8")
    return path
