"""Starts the probe stack under the emulator."""

import pytest

from local_lambda import Emulator
from tests.system.verify import probes

PARAMETERS = {"Vpc": "vpc-1", "Subnets": "subnet-1,subnet-2", "Runtime": probes.RUNTIME}


@pytest.fixture(scope="session")
def probe_stack():
    with Emulator(probes.TEMPLATE, parameters=PARAMETERS) as emulator:
        yield emulator


@pytest.fixture
def addresses_file(probe_stack, tmp_path):
    return probes.lines_in(tmp_path, probe_stack.addresses)
