"""Tests the routes behind both fronts: errors, unknown paths, simultaneous requests."""

import threading

import pytest
from aws_lambda_powertools import Logger
from dashboard_http.cors import Cors
from dashboard_http.front import Routes, json_response, make_handler

from tests.support.fakes import failing_while


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

    handler = make_handler(routes, Cors(()), Logger(service="test", stream=None))
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


def test_an_unexpected_error_before_the_stream_is_a_500_with_nothing_inside(service, caplog):
    service.table._meddle = failing_while(lambda name: True)
    stream = service.stream()

    assert stream.status == 500
    assert stream.json() == {"detail": "Internal error"}
    assert "TableError" in caplog.text


def test_not_an_http_request_is_answered_and_not_crashed_upon(service):
    for payload in ({}, {"Records": []}, None, [], {"requestContext": None}):
        assert service.stream_handler(payload, service._context(10))["statusCode"] == 400


@pytest.mark.parametrize("front", ["1.0", "2.0"])
def test_a_known_path_with_another_method_is_405_and_says_which_it_has(service, front):
    service.front = front
    for call, method, path, allowed in [
        (service.api, "PATCH", "/api/v2/configurations", "GET, POST"),
        (service.api, "POST", "/api/v2/configurations/x", "DELETE, GET, PUT"),
        (service.api, "OPTIONS", "/api/v2/metrics", "GET"),
        (service.stream, "POST", "/api/v2/stream", "GET"),
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
