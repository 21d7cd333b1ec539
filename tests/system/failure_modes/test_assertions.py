"""Makes the assertions of the closest comparable service about these endpoints on this one."""

import json


def test_a_stream_is_an_event_stream_and_takes_any_last_event_id(service):
    for headers in ({}, {"last_event_id": "test-event-12345"}):
        stream = service.stream(**headers)
        assert stream.status == 200
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert stream.headers["cache-control"] == "no-cache"
        assert stream.headers["x-accel-buffering"] == "no"


def test_the_first_events_are_metrics_and_a_heartbeat(service):
    stream = service.stream()
    stream.pull(2)
    data = {event.type: json.loads(event.data) for event in stream.events}

    assert {
        "total",
        "positive",
        "neutral",
        "negative",
        "by_tag",
        "rate_last_hour",
        "rate_last_24h",
    } <= set(data["metrics"])
    assert {"timestamp", "connections"} <= set(data["heartbeat"])
    assert all(event.id for event in stream.events)


def test_the_status_has_connections_their_limit_and_what_is_available(service):
    status = service.api("GET", "/api/v2/stream/status").json()

    assert status["connections"] == 0
    assert status["max_connections"] == 100
    assert status["available"] == status["max_connections"] - status["connections"]


def test_the_stream_of_a_configuration_needs_a_token_and_a_configuration_of_ones_own(service):
    anonymous = service.api("POST", "/api/v2/auth/anonymous")
    headers = {"authorization": f"Bearer {anonymous.json()['token']}"}
    made_up = "/api/v2/configurations/nonexistent-config-12345/stream"
    sent = {"name": "E2E", "tickers": [{"symbol": "AAPL"}, {"symbol": "MSFT"}]}
    created = service.api("POST", "/api/v2/configurations", sent, **headers)

    assert anonymous.status == 201
    assert service.stream(made_up).status == 401
    assert service.stream(made_up).json() == {"detail": "Missing user identification"}
    assert service.stream(made_up, **headers).status == 404
    assert service.stream(made_up, **headers).json() == {"detail": "Configuration not found"}
    assert created.status == 201
    stream = service.stream(
        f"/api/v2/configurations/{created.json()['config_id']}/stream", **headers
    )
    assert (stream.status, stream.headers["content-type"]) == (200, "text/event-stream")


def test_at_the_limit_it_is_503_with_retry_after(make_service):
    service = make_service(max_connections=1)
    service.stream()
    refused = service.stream(address="198.51.100.7")

    assert refused.status == 503
    assert refused.headers["retry-after"]
    assert refused.json()["detail"] == "Maximum connections reached"
