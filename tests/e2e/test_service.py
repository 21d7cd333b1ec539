"""What the service promises, through real sockets and both fronts. Runs against a deployed address too (--base-url)."""

import json
import re
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.waiting import eventually

pytestmark = pytest.mark.e2e
FRONTS = ["api", "function url"]


@pytest.mark.parametrize("front", FRONTS)
def test_a_stream_begins_within_a_second_of_a_warm_start(service, front):
    service.stream(front=front).wait_for("heartbeat")
    service.say_goodbye_to_all()
    stream = service.stream(front=front)
    stream.wait_for("metrics")
    stream.wait_for("heartbeat")

    assert stream.times[-1] - stream.opened_at < 1
    assert stream.response.status_code == 200
    assert stream.response.headers["Content-Type"] == "text/event-stream"
    assert stream.response.headers["Cache-Control"] == "no-cache"
    assert stream.response.headers["X-Accel-Buffering"] == "no"
    assert "Content-Encoding" not in stream.response.headers
    assert b"".join(chunk for _, chunk in stream.chunks).startswith(b"retry: ")
    assert [event.type for event in stream.events[:2]] == ["metrics", "heartbeat"]
    assert 1_000 <= stream.decoder.retry_ms <= 10_000


@pytest.mark.parametrize("front", FRONTS)
def test_an_item_that_any_program_writes_comes_once_within_two_seconds_and_metrics_follow(service, front):
    stream = service.stream(front=front)
    before = stream.wait_for("metrics")["total"]
    service.put()  # warms the publisher
    stream.wait_for("new_item", 1)
    written_at = time.monotonic()
    item_id = service.put()
    stream.wait_for("new_item", 2)
    came_at = next(at for at, event in zip(stream.times, stream.events, strict=False) if item_id in event.data)
    eventually(lambda: stream.of_type("metrics")[-1]["total"] == before + 2)

    assert came_at - written_at < 2
    assert stream.item_ids().count(item_id) == 1
    assert "never streamed" not in json.dumps([event.data for event in stream.events])


def test_twenty_clients_at_once_each_get_every_item_in_order(service):
    with ThreadPoolExecutor(20) as threads:
        streams = list(threads.map(lambda number: service.stream(front=FRONTS[number % 2]), range(20)))
    for stream in streams:
        stream.wait_for("heartbeat", within_s=30)
    if service.emulator:
        busy = [each for each in service.emulator.environments("StreamFunction") if each["state"] == "busy"]
        assert len({each["pid"] for each in busy}) == 20
    put = [service.put() for _ in range(30)]
    eventually(lambda: all(len(stream.item_ids()) >= 30 for stream in streams), 30)

    orders = {tuple(stream.item_ids()) for stream in streams}
    assert len(orders) == 1
    assert sorted(orders.pop()) == sorted(put)
    assert service.call("GET", "/api/v2/stream/status").json()["connections"] == 20


def test_a_client_that_comes_back_misses_nothing(service):
    first = service.stream()
    first.wait_for("heartbeat")
    seen = service.put()
    first.wait_for("new_item")
    first.close()
    missed = [service.put() for _ in range(5)]
    second = service.stream(front="function url", Last_Event_ID=first.events[-1].id)
    second.wait_for("new_item", 5)

    assert first.item_ids() == [seen]
    assert sorted(second.item_ids()) == sorted(missed)
    assert not second.of_type("reset")


def test_an_unknown_position_is_a_reset_and_not_an_error(service):
    stream = service.stream(Last_Event_ID="test-event-12345")

    assert stream.wait_for("reset")["reason"]
    assert stream.response.status_code == 200
    assert [event.type for event in stream.events[:2]] == ["reset", "metrics"]


def test_an_invalid_item_is_left_out_and_stops_nobody(service):
    stream = service.stream()
    stream.wait_for("heartbeat")
    bad = service.put(sentiment="furious")
    good = service.put()
    stream.wait_for("new_item")

    assert stream.item_ids() == [good]
    assert bad not in json.dumps(service.call("GET", "/api/v2/metrics").json())


def test_the_polling_fallback_says_what_the_stream_says(service):
    stream = service.stream()
    stream.wait_for("heartbeat")
    item_id = service.put()
    stream.wait_for("new_item")
    eventually(lambda: len(stream.of_type("metrics")) > 1)
    polled = service.call("GET", "/api/v2/metrics").json()

    assert polled["recent_items"][0]["item_id"] == item_id
    assert {k: polled[k] for k in ("total", "positive", "neutral", "negative", "by_tag")} == {
        k: stream.of_type("metrics")[-1][k] for k in ("total", "positive", "neutral", "negative", "by_tag")
    }


def test_status_health_and_page(service):
    status = service.call("GET", "/api/v2/stream/status").json()
    page = service.call("GET", "/")

    assert status["max_connections"] == 100
    assert status["available"] == 100 - status["connections"]
    assert service.call("GET", "/health").json()["status"] == "healthy"
    assert page.headers["Content-Type"].startswith("text/html")
    for path in re.findall(r'(?:src|href)="([^":]+)"', page.text):
        assert service.call("GET", f"/{path}").status_code == 200
    assert service.call("GET", "/nothing").status_code == 404


def test_goodbye_frees_the_slot_within_a_poll(service):
    stream = service.stream()
    stream.wait_for("heartbeat")
    connection_id = stream.response.headers["X-Connection-Id"]

    assert service.call("POST", f"/api/v2/stream/connections/{connection_id}/close").status_code == 204
    assert stream.ended.wait(3)
    assert service.call("GET", "/api/v2/stream/status").json()["connections"] == 0


@pytest.mark.parametrize("front", FRONTS)
def test_a_configuration_stream_needs_its_owner(service, front):
    token, other = service.sign_in(), service.sign_in()
    created = service.call("POST", "/api/v2/configurations", {"name": "mine", "tickers": ["AAPL"]}, token)
    path = f"/api/v2/configurations/{created.json()['config_id']}/stream"
    mine = service.stream(path, front, Authorization=f"Bearer {token}")
    mine.wait_for("heartbeat")
    service.put(ticker="TSLA")
    wanted = service.put(ticker="AAPL")
    mine.wait_for("new_item")

    assert created.status_code == 201
    assert mine.item_ids() == [wanted]
    assert mine.response.headers["Cache-Control"] == "no-store"
    anonymous = service.stream(path, front).response
    assert (anonymous.status_code, anonymous.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert anonymous.json() == {"detail": "Missing user identification"}
    foreign = service.stream(path, front, Authorization=f"Bearer {other}").response
    assert (foreign.status_code, foreign.json()) == (404, {"detail": "Configuration not found"})
    made_up = service.stream("/api/v2/configurations/made-up/stream", front, Authorization=f"Bearer {token}").response
    assert (made_up.status_code, made_up.json()) == (404, {"detail": "Configuration not found"})


def test_a_deleted_configuration_ends_its_stream(service):
    token = service.sign_in()
    created = service.call("POST", "/api/v2/configurations", {"name": "mine", "tickers": ["AAPL"]}, token).json()
    stream = service.stream(f"/api/v2/configurations/{created['config_id']}/stream", Authorization=f"Bearer {token}")
    stream.wait_for("heartbeat")

    assert service.call("DELETE", f"/api/v2/configurations/{created['config_id']}", token=token).status_code == 204
    assert stream.ended.wait(4)


def test_bad_input_is_a_4xx_that_names_the_field(service):
    token = service.sign_in()
    refused = service.call("POST", "/api/v2/configurations", {"name": "x", "tickers": ["NOT A TICKER"]}, token)

    assert refused.status_code == 422
    assert refused.json()["detail"].startswith("tickers")
    assert service.call("GET", "/api/v2/configurations", token=token).json() == {"configurations": []}
