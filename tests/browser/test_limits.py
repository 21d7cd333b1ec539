"""No room for another stream: the dashboard polls, says so, and is live as soon as there is room."""

import pytest

from tests.waiting import eventually

PROMPT = {"pollMs": 500, "firstRetryMs": 300, "longestFirstRetryMs": 300}


@pytest.fixture
def full(small_service, request):
    """Refuses the dashboard's stream with this status."""
    eventually(lambda: small_service.call("GET", "/api/v2/stream/status").json()["connections"] == 0)
    if request.param == 429:
        small_service.stream().wait_for("heartbeat")
    else:
        for _ in range(2):
            watch_a_configuration(small_service)
    assert small_service.call("GET", "/api/v2/stream").status_code == request.param
    yield small_service
    small_service.say_goodbye_to_all()


def watch_a_configuration(service):
    token = service.sign_in()
    created = service.call("POST", "/api/v2/configurations", {"name": "mine", "tickers": ["AAPL"]}, token).json()
    path = f"/api/v2/configurations/{created['config_id']}/stream"
    service.stream(path, Authorization=f"Bearer {token}").wait_for("heartbeat")


@pytest.mark.parametrize(
    ("full", "why"),
    [(503, "The stream is not available"), (429, "Too many streams are open from here")],
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
