"""Starts the probe stack under the emulator."""

import pytest

from local_lambda import Emulator
from tests.support.paths import ROOT

TEMPLATE = ROOT / "scripts/probe_stack/template.yaml"
WITH_BALANCER = {"Vpc": "vpc-1", "Subnets": "subnet-1,subnet-2"}


@pytest.fixture(scope="session")
def probe_stack():
    with Emulator(TEMPLATE, parameters=WITH_BALANCER) as emulator:
        yield emulator


@pytest.fixture
def addresses_file(probe_stack, tmp_path):
    """The lines that `local-lambda` prints, in a file."""
    return lines_in(tmp_path, probe_stack.addresses)


def lines_in(folder, addresses):
    path = folder / "probe.txt"
    path.write_text("".join(f"{name}: {url}\n" for name, url in addresses.items()), "utf-8")
    return path
