"""Clients with little patience stay on a stream on which nothing happens.

Left alone, httpx gives up after 5 s without a byte, and so does launchdarkly-eventsource on Node 20
and newer, because Node's own agent does.
"""

import pytest

from local_lambda import Emulator
from tests.support.paths import ROOT
from tests.system.clients.crowd import Crowd
from tests.system.clients.process import is_installed, must_be_installed
from tests.system.clients.relay import Relays

pytestmark = pytest.mark.e2e
PATIENCE_S = 5
IMPATIENT = ("npm/launchdarkly-eventsource", "pypi/httpx-sse")


@pytest.fixture(scope="module")
def members():
    """Yields the clients by their names, after the second heartbeat of each."""
    relays = Relays()
    with Emulator(ROOT / "template.yaml") as emulator:
        relays.lead_to(emulator.dashboard_url)
        crowd = Crowd(filter(is_installed, IMPATIENT), relays, PATIENCE_S)
        try:
            crowd.wait_until(lambda each: len(each.client.events("heartbeat")) >= 2, within_s=40)
            yield {each.client.name: each for each in crowd.members}
        finally:
            crowd.close()
            relays.close()


@pytest.mark.parametrize("name", IMPATIENT)
def test_a_quiet_stream_keeps_an_impatient_client(name, members):
    must_be_installed(name)

    assert [each.status for each in members[name].relay.streams()] == [200]
