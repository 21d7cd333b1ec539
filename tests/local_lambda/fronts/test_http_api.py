"""Tests HTTP APIs in this process: paths, routes, stages, CORS, results, limits and errors."""

import pytest

from local_lambda.application import Api, Cors, Route
from local_lambda.fronts.http_api import HttpApiFront, decoded_path
from tests.support.scripted_fronts import Never, Stream, ask, failure, messages, throttle

ORIGIN = "https://page.example"


def api(*routes, **fields):
    chosen = routes or (Route("ANY", "$default", "F"),)
    return lambda host: HttpApiFront(Api("HttpApi", "http", chosen, **fields), host)


ECHO = {"F": lambda payload: {"statusCode": 200, "body": "done"}}


# Captured of an HTTP API in 2026. None stands for a path that it refuses.
@pytest.mark.parametrize(
    ("sent", "path"),
    [
        ("/capture/plain", "/capture/plain"),
        ("/capture/space%20value", "/capture/space value"),
        ("/capture/question%3Fvalue", "/capture/question"),
        ("/capture/percent%25done", None),
        ("/capture/hash%23value", "/capture/hash#value"),
        ("/capture/slash%2Fvalue", "/capture/slash/value"),
        ("/capture/unicode-%CE%BB-%E4%B8%96%E7%95%8C", "/capture/unicode-λ-世界"),
        ("/capture/literal%252Fvalue", "/capture/literal/value"),
        ("/capture/literal%253Fvalue", "/capture/literal?value"),
        ("/capture/literal%2525value", "/capture/literal%value"),
        ("/capture/%zz", None),
    ],
)
def test_paths_are_decoded_as_captured(sent, path):
    assert decoded_path(sent) == path
    answer, running = ask(api(), "GET", sent, functions=ECHO)
    assert answer.status == (400 if path is None else 200)
    if path is not None:
        assert running.payload["rawPath"] == path


@pytest.mark.parametrize(
    ("method", "path", "function"),
    [
        ("GET", "/pets/dog/1", "Full"),
        ("GET", "/pets/dog/2", "Parameter"),
        ("GET", "/pets/cat/1", "Greedy"),
        ("POST", "/pets/dog/1", "Any"),
        ("POST", "/test/5", "Any"),
        ("GET", "/", "F"),
        ("GET", "/pets/dog/1/", "Greedy"),
    ],
)
def test_the_best_match_of_path_and_method_wins(method, path, function):
    front = api(
        Route("ANY", "$default", "F"),
        Route("ANY", "/{proxy+}", "Any"),
        Route("GET", "/pets/{proxy+}", "Greedy"),
        Route("GET", "/pets/dog/{id}", "Parameter"),
        Route("GET", "/pets/dog/1", "Full"),
    )
    functions = {
        name: lambda payload, name=name: {"statusCode": 200, "body": name}
        for name in ("F", "Any", "Greedy", "Parameter", "Full")
    }
    answer, _ = ask(front, method, path, functions=functions)
    assert answer.body.decode() == function


def test_parameters_are_decoded():
    front = api(Route("GET", "/items/{id}", "F"))
    _, running = ask(front, "GET", "/items/a%20b", functions=ECHO)
    assert running.payload["pathParameters"] == {"id": "a b"}
    assert running.payload["routeKey"] == "GET /items/{id}"


@pytest.mark.parametrize("method", ["FOO", "get", "TRACE"])
def test_methods_that_an_api_does_not_know_never_reach_the_function(method):
    answer, running = ask(api(), method, "/", functions=ECHO)
    assert (answer.status, running.pools["F"].payloads) == (405, [])


@pytest.mark.parametrize(("method", "target"), [("GET", "/none"), ("PUT", "/")])
def test_what_has_no_route_is_404(method, target):
    front = api(Route("GET", "/", "F"))
    answer, running = ask(front, method, target, functions=ECHO)
    assert (answer.status, answer.json()) == (404, {"message": "Not Found"})
    assert answer.header("apigw-requestid")
    assert running.pools["F"].payloads == []


def test_a_stage_with_a_name_stands_before_the_path_and_stays_in_it():
    front = api(Route("GET", "/a", "F"), stage="dev", stage_variables={"Colour": "red"})
    _, running = ask(front, "GET", "/dev/a", functions=ECHO)
    payload = running.payload
    assert payload["rawPath"] == payload["requestContext"]["http"]["path"] == "/dev/a"
    assert payload["requestContext"]["stage"] == "dev"
    assert payload["stageVariables"] == {"Colour": "red"}
    for target in ("/a", "/developer/a"):
        assert ask(front, "GET", target, functions=ECHO)[0].status == 404


def test_a_path_without_the_stage_is_404_and_the_log_says_what_is_missing(caplog):
    front = api(Route("GET", "/a", "F"), stage="dev")
    assert ask(front, "GET", "/none", functions=ECHO)[0].status == 404
    assert not caplog.messages
    assert ask(front, "GET", "/a", functions=ECHO)[0].status == 404
    assert caplog.messages == ["route.without_stage /a paths of this API begin with /dev"]


def test_format_1_is_used_by_routes_that_say_so():
    front = api(Route("GET", "/a", "F", payload_format="1.0"))
    _, running = ask(front, "GET", "/a?x=1&x=2", functions=ECHO)
    assert running.payload["version"] == "1.0"
    assert running.payload["multiValueQueryStringParameters"] == {"x": ["1", "2"]}


@pytest.mark.parametrize(
    ("version", "result", "status", "body", "content_type"),
    [
        ("2.0", {"n": 1}, 200, b'{"n": 1}', "application/json"),
        ("2.0", {"statusCode": 201, "body": "x"}, 201, b"x", "text/plain; charset=utf-8"),
        ("2.0", {"statusCode": "x"}, 500, b'{"message":"Internal Server Error"}', None),
        ("1.0", {"statusCode": 201, "body": "x"}, 201, b"x", "text/plain; charset=utf-8"),
        ("1.0", {"n": 1}, 500, b'{"message":"Internal Server Error"}', None),
    ],
)
def test_results_are_read_in_the_format_of_the_route(version, result, status, body, content_type):
    front = api(Route("ANY", "$default", "F", payload_format=version))
    answer, _ = ask(front, "GET", "/", functions={"F": lambda payload: result})
    assert (answer.status, answer.body) == (status, body)
    if content_type:
        assert answer.header("content-type") == content_type


def test_the_api_responds_to_preflights():
    front = api(cors=Cors(allow_origins=(ORIGIN,), allow_methods=("GET", "PUT")))
    headers = (("Origin", ORIGIN), ("Access-Control-Request-Method", "PUT"))
    answer, running = ask(front, "OPTIONS", "/x", headers, functions=ECHO)
    assert answer.status == 204
    assert answer.header("access-control-allow-origin") == ORIGIN
    assert answer.header("access-control-allow-methods") == "GET,PUT"
    assert running.pools["F"].payloads == []


def test_cors_headers_of_the_api_replace_the_functions():
    headers = {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "x-a"}
    functions = {"F": lambda payload: {"statusCode": 200, "headers": headers}}
    front = api(cors=Cors(allow_origins=(ORIGIN,)))
    answer, _ = ask(front, "GET", "/", (("Origin", ORIGIN),), functions=functions)
    assert answer.header("access-control-allow-origin") == ORIGIN
    assert answer.header("access-control-expose-headers") is None
    answer, _ = ask(api(), "GET", "/", (("Origin", ORIGIN),), functions=functions)
    assert answer.header("access-control-allow-origin") == "*"


@pytest.mark.parametrize(
    ("function", "status", "message"),
    [
        (lambda payload: failure(), 500, "Internal Server Error"),
        (throttle, 503, "Service Unavailable"),
        (lambda payload: {"statusCode": 200, "headers": {"a": "\ud800"}}, 500, None),
    ],
)
def test_errors_carry_cors_and_the_request_id(function, status, message):
    front = api(cors=Cors(allow_origins=("*",)))
    answer, _ = ask(front, "GET", "/", (("Origin", ORIGIN),), functions={"F": function})
    assert answer.status == status
    assert answer.json()["message"] == message or message is None
    assert answer.header("access-control-allow-origin") == "*"
    assert answer.header("apigw-requestid")


def test_an_integration_that_takes_too_long_is_503():
    front = api(Route("ANY", "$default", "F", timeout_s=0.05))
    answer, _ = ask(front, "GET", "/", functions={"F": lambda payload: Never()})
    assert (answer.status, answer.json()) == (503, {"message": "Service Unavailable"})


def test_a_body_over_10_mb_and_a_payload_over_6_mb_are_413():
    headers = (("Content-Length", "10485761"),)
    assert ask(api(), "POST", "/", headers, b"x", functions=ECHO)[0].status == 413
    answer, running = ask(api(), "POST", "/", (), b"x" * 5_000_000, functions=ECHO)
    assert (answer.status, answer.json()) == (413, {"message": "Request Entity Too Large"})
    assert running.pools["F"].payloads == []


def test_a_stream_is_not_streamed_and_named(caplog):
    stream = {"F": lambda payload: Stream({"statusCode": 201}, b"lost")}
    answer, _ = ask(api(), "GET", "/", functions=stream)
    assert (answer.status, answer.body) == (201, b"")
    assert "HTTP APIs do not stream" in messages(caplog)[0]
