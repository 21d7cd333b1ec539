"""Tests the routes behind both fronts: errors, unknown paths, simultaneous requests."""

import threading
from urllib.parse import quote

import pytest
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.data_classes import LambdaFunctionUrlEvent
from dashboard_http.cors import Cors
from dashboard_http.front import Routes, json_response, make_handler
from dashboard_http.requests import client_id_of_address
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_one_request_does_not_wait_for_another_nor_see_it(version):
    """Requires both requests inside of the route at the same time, or the barrier breaks."""
    together = threading.Barrier(2)

    def routes():
        router = Routes()

        @router.get("/<name>")
        def route(name):
            before = router.current_event.path
            router.append_context(name=name)
            together.wait(10)
            return json_response(
                200,
                [
                    name,
                    before,
                    router.current_event.path,
                    router.context["name"],
                    router.lambda_context,
                ],
            )

        return router

    handler = make_handler(routes, Cors(()), Logger(service="test", stream=None), timer=float)
    responses = {}

    def call(name):
        path = f"/{name}"
        http = {"http": {"method": "GET", "path": path}} if version == "2.0" else {}
        payload = {
            "version": version,
            "rawPath": path,
            "path": path,
            "httpMethod": "GET",
            "headers": {},
        }
        context = {"stage": "$default", "path": path, **http}
        responses[name] = handler(payload | {"resource": path, "requestContext": context}, name)[
            "body"
        ]

    threads = [threading.Thread(target=call, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert responses == {name: f'["{name}","/{name}","/{name}","{name}","{name}"]' for name in "ab"}


def test_not_an_http_request_is_answered_and_not_crashed_upon(service):
    for payload in ({}, {"Records": []}, None, [], {"requestContext": None}):
        assert service.stream_handler(payload, service._context(10))["statusCode"] == 400


@pytest.mark.parametrize("front", ["1.0", "2.0"])
def test_a_known_path_with_another_method_is_405_and_says_which_it_has(service, front):
    service.front = front
    for call, method, path, allowed in [
        (service.api, "PATCH", "/api/v2/configurations", "GET, HEAD, POST"),
        (service.api, "POST", "/api/v2/configurations/x", "DELETE, GET, HEAD, PUT"),
        (service.api, "HEAD", "/api/v2/auth/anonymous", "DELETE, POST"),
        (service.api, "OPTIONS", "/api/v2/metrics", "GET, HEAD"),
        (service.stream, "POST", "/api/v2/stream", "GET, HEAD"),
    ]:
        refused = call(method=method, path=path)
        assert (refused.status, refused.headers["allow"]) == (405, allowed)
        assert refused.json() == {"detail": "Method not allowed"}


@pytest.mark.parametrize("front", ["1.0", "2.0"])
def test_what_cannot_be_a_name_is_a_404_whatever_characters_it_has(service, front):
    service.front = front
    _, headers = service.sign_in()
    for path in ("/static/\x84", "/api/v2/configurations/\x84", "/api/v2/configurations/a/b"):
        assert service.api("GET", path, **headers).status == 404


@pytest.mark.parametrize(
    "path", ["/nothing", "/api/v2/nothing", "/static/../handler.py", "/static/x.py", "/static/"]
)
def test_what_is_not_there_is_a_404_in_the_contracts_words(api, path):
    response = api("GET", path)

    assert response.status == 404
    assert response.json() == {"detail": "Not found"}


SECURITY = {
    "strict-transport-security": "max-age=31536000",
    "cross-origin-resource-policy": "same-origin",
    "x-content-type-options": "nosniff",
}
PREFLIGHT = {"origin": "https://elsewhere.example", "access-control-request-method": "PUT"}


@pytest.mark.parametrize("front", ["1.0", "2.0"])
def test_every_response_carries_the_security_headers(service, front):
    service.front = front
    responses = [
        service.api("GET", "/"),
        service.api("GET", "/static/live.js"),
        service.api("GET", "/health"),
        service.api("GET", "/nothing"),
        service.api("GET", "/api/v2/configurations"),
        service.api("POST", "/api/v2/stream/connections/x/close"),
        service.api("OPTIONS", "/api/v2/configurations", **PREFLIGHT),
        service.stream(),
        service.stream(method="POST"),
    ]

    for response in responses:
        assert response.headers.items() >= SECURITY.items()
    assert {each.status for each in responses} == {200, 204, 401, 404, 405}


@pytest.mark.parametrize("path", ["/health", "/api/v2/metrics", "/api/v2/configurations", "/none"])
def test_head_has_status_and_headers_of_get(api, service, path):
    _, headers = service.sign_in()
    head, get = api("HEAD", path, **headers), api("GET", path, **headers)

    assert (head.status, head.headers) == (get.status, get.headers)
    assert len(head.body) == len(get.body)  # the front leaves it out, and states its length


@pytest.mark.parametrize("front", ["1.0", "2.0"])
def test_a_request_is_logged_by_its_route_and_never_by_what_it_carries(service, front, caplog):
    service.front = front
    session, headers = service.sign_in()
    caplog.clear()
    service.api("GET", "/api/v2/configurations/a-secret", query={"q": "a-query"}, **headers)
    service.api("PATCH", "/api/v2/configurations/a-secret", "a-body")
    service.api("GET", "/a-secret")
    records = [each for each in caplog.records if each.message == "request.responded"]
    logged = [(each.method, each.route, each.status) for each in records]
    everything = str([each.__dict__ for each in caplog.records])

    one = "/api/v2/configurations/<config_id>"
    assert logged == [("GET", one, 404), ("PATCH", one, 405), ("GET", "none", 404)]
    assert {each.client for each in records} == {client_id_of(service)}
    assert all(each.duration_ms >= 0 for each in records)
    for secret in ("a-secret", "a-query", "a-body", session.token):
        assert secret not in everything


def client_id_of(service):
    payload = service.payload("GET", "/", {})
    return client_id_of_address(LambdaFunctionUrlEvent(payload))


@pytest.mark.parametrize("path", ["/dash/api/v2/metrics", "/dash//api/v2/metrics/", "/dash/health"])
def test_below_a_base_path_everything_is_where_it_was(make_service, path):
    service = make_service(base_path="/dash")

    assert service.api("GET", path).status == 200
    assert service.api("GET", path.removeprefix("/dash")).status == 200
    assert service.api("GET", f"/dash{path}").status == 404
    assert service.stream("/dash/api/v2/stream").status == 200


@pytest.mark.parametrize(
    "connection_id", ["x", "a%2Fb", "%00", "%E2%80%AE", "x" * 5000, "0-" + "y" * 5000, "..", "%"]
)
def test_closing_what_cannot_be_a_stream_is_the_same_as_closing_one(api, connection_id):
    response = api("POST", f"/api/v2/stream/connections/{connection_id}/close")

    assert (response.status, response.body) == (204, None)


@given(connection_id=st.text(min_size=1, max_size=80))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_whatever_is_closed_the_response_is_the_same(service, connection_id):
    encoded = quote(connection_id, safe="", errors="replace")

    assert service.api("POST", f"/api/v2/stream/connections/{encoded}/close").status == 204
