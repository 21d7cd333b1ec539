"""These fixtures start the service under the emulator, or reach it at --base-url."""

import pytest

from tests.support.service import Service, emulated


@pytest.fixture(scope="session")
def started(request):
    if base_url := request.config.getoption("--base-url"):
        yield Service(
            base_url, request.config.getoption("--stream-url"), request.config.getoption("--table")
        )
        return
    with emulated({"ClientConnections": "100"}) as emulator:
        yield Service(
            emulator.dashboard_url,
            emulator.url("stream"),
            emulator.table,
            emulator.dynamodb_url,
            emulator,
        )


@pytest.fixture
def service(started):
    yield started
    started.say_goodbye_to_all()
