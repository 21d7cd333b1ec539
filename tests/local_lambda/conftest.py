"""Starts one emulator for all process tests of this directory.

Tests that need other options start their own.
"""

from pathlib import Path

import pytest

from local_lambda import Emulator

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def template_path():
    return HERE / "template.yaml"


@pytest.fixture
def logged(emulator):
    """Returns a function that waits for texts in the log since the test began."""
    begin = len(emulator.log)
    return lambda *texts: emulator.wait_for(
        lambda: all(text in emulator.log[begin:] for text in texts)
    )


@pytest.fixture(scope="session")
def emulator(template_path, tmp_path_factory):
    gate = tmp_path_factory.mktemp("gate")
    with Emulator(
        template_path, "--log-level", "debug", "--stage", "dev", parameters={"Gate": str(gate)}
    ) as running:
        running.gate = gate
        yield running
