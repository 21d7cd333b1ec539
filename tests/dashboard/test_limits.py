"""Without a free slot the dashboard polls and says so, and is live as soon as a slot is free."""

import contextlib
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from tests.support.waiting import eventually

PROMPT = {
    "pollMs": 300,
    "firstRetryMs": 300,
    "longestFirstRetryMs": 300,
    "longestServerDelayMs": 1_000,
}


@pytest.fixture
def full(small_service, request):
    """Yields a service that refuses the dashboard's stream with this status."""
    eventually(
        lambda: small_service.call("GET", "/api/v2/stream/status").json()["connections"] == 0
    )
    small_service.stream().wait_for("heartbeat")
    with contextlib.nullcontext() if request.param == 429 else stream_from_elsewhere(small_service):
        assert small_service.call("GET", "/api/v2/stream").status_code == request.param
        yield small_service
    small_service.say_goodbye_to_all()


@contextlib.contextmanager
def stream_from_elsewhere(service):
    """Opens a stream of another client: all of 127.0.0.0/8 leads to this machine."""
    connection = HTTPConnection(
        urlsplit(service.base_url).netloc, source_address=("127.0.0.2", 0), timeout=10
    )
    connection.request("GET", "/api/v2/stream")
    connection_id = connection.getresponse().headers["X-Connection-Id"]
    yield
    service.call("POST", f"/api/v2/stream/connections/{connection_id}/close")
    connection.close()


@pytest.mark.parametrize(
    ("full", "why"),
    [(503, "The service cannot open a stream now"), (429, "You have too many open streams")],
    indirect=["full"],
)
def test_refused_it_polls_and_is_live_when_a_slot_frees(dashboard, full, why):
    page = dashboard(full.base_url, **PROMPT)
    page.wait_for(state="polling", status="Polling")
    eventually(lambda: why in page.now["detail"])
    written = full.put()
    page.wait_for_item(written, within_s=10)
    assert page.now["state"] == "polling"
    full.say_goodbye_to_all()

    page.wait_for(state="live", status="Connected", within_s=20)
    assert page.now["items"].count(written) == 1
