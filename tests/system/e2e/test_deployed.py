"""Runs the service's tests as the pipeline does: among other users, and in a small account."""

import os
import subprocess
import sys
import threading

import pytest

from local_lambda import Emulator
from tests.support.paths import ROOT
from tests.support.service import Service

pytestmark = pytest.mark.e2e
# These tests would notice other users. All tests of the service ran like this once.
DISTURBED = "many_clients or polling or goodbye or status"
EVERY_S = 0.5


@pytest.fixture
def busy(request):
    """Starts a service where others write and watch, with another limit, 10 functions at once."""
    if request.config.getoption("--base-url"):
        pytest.skip("this is about this machine")
    parameters = {"MaxConnections": "150", "ClientConnections": "100"}
    over = threading.Event()
    with Emulator(ROOT / "template.yaml", "--concurrency", "10", parameters=parameters) as emulator:
        service = Service(
            emulator.dashboard_url, emulator.url("stream"), emulator.table, emulator.dynamodb_url
        )
        service.stream().wait_for("heartbeat")

        def write():
            while not over.wait(EVERY_S):
                service.put()

        writer = threading.Thread(target=write)
        writer.start()
        yield service
        over.set()
        writer.join()
        service.say_goodbye_to_all()


def test_nobody_else_makes_the_tests_of_a_deployed_address_fail(busy):
    addresses = [
        "--base-url",
        busy.base_url,
        "--stream-url",
        busy.stream_url,
        "--table",
        busy.table,
    ]
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-k",
        DISTURBED,
        *addresses,
    ]
    stand_in = {
        "AWS_ENDPOINT_URL_DYNAMODB": busy.dynamodb.meta.endpoint_url,
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    stand_in |= {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any"}
    environ = {
        name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")
    } | stand_in
    command.append("tests/system/e2e/test_service.py")
    ended = subprocess.run(
        command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False
    )

    assert ended.returncode == 0, ended.stdout
    assert "4 passed" in ended.stdout
