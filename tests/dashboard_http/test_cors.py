"""Tests cross-origin access: preflights, allowed origins, and the headers of errors."""

import json

import pytest

from tests.support.functions import CONFIGURATIONS, ORIGIN

PREFLIGHT = {
    "access_control_request_method": "GET",
    "access_control_request_headers": "authorization,last-event-id",
}


def test_a_preflight_is_answered_without_touching_data(api, service):
    calls = len(service.table.calls)
    response = api("OPTIONS", CONFIGURATIONS, origin=ORIGIN, **PREFLIGHT)

    assert response.status == 204
    assert response.headers["access-control-allow-origin"] == ORIGIN
    assert {"Authorization", "Content-Type", "Last-Event-ID", "X-Connection-Key"} <= set(
        response.headers["access-control-allow-headers"].split(", ")
    )
    assert {"GET", "PUT", "DELETE"} <= set(
        response.headers["access-control-allow-methods"].split(", ")
    )
    assert response.headers["vary"] == "Origin"
    assert len(service.table.calls) == calls


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "*", "https://dashboard.example.evil.example"]
)
def test_other_origins_are_not_let_in(api, origin):
    for response in (
        api("OPTIONS", CONFIGURATIONS, origin=origin, **PREFLIGHT),
        api("GET", "/api/v2/metrics", origin=origin),
    ):
        assert not [name for name in response.headers if name.startswith("access-control")]
        assert response.headers["vary"] == "Origin"


def test_errors_and_refused_streams_carry_the_headers_too(make_service):
    service = make_service(client_connections=1)
    service.stream()
    responses = [
        service.stream(origin=ORIGIN),
        service.stream("/api/v2/configurations/x/stream", origin=ORIGIN),
        service.api("GET", "/nothing", origin=ORIGIN),
    ]

    assert [response.status for response in responses] == [429, 401, 404]
    assert all(response.headers["access-control-allow-origin"] == ORIGIN for response in responses)
    assert all(
        "Retry-After" in response.headers["access-control-expose-headers"] for response in responses
    )


def test_without_configured_origins_nothing_of_it_is_sent(client, table, clock):
    from dashboard_http.cors import Cors

    cors = Cors([])

    assert cors.headers({"origin": ORIGIN}) == {}


@pytest.mark.parametrize("origin", ["*", "null", "https://example.com/"])
def test_an_origin_that_browsers_never_send_is_refused_at_start(origin):
    from dashboard_http.cors import Cors

    with pytest.raises(ValueError, match="origin"):
        Cors([origin])


def test_no_header_comes_twice(api):
    response = api("GET", "/api/v2/metrics", origin=ORIGIN)
    names = [*response.result.get("headers", {}), *response.result.get("multiValueHeaders", {})]

    assert len({name.lower() for name in names}) == len(names)
    assert json.dumps(response.result.get("multiValueHeaders", {})).count(ORIGIN) <= 1
