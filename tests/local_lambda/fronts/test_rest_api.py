"""Tests REST APIs in this process: stages, parameters, fixed responses, limits and errors."""

import pytest

from local_lambda.application import Api, FixedResponse, Route
from local_lambda.fronts.rest_api import RestApiFront
from tests.support.scripted_fronts import (
    Never,
    Stream,
    ask,
    failure,
    messages,
    throttle,
)


def api(*routes, **fields):
    """Returns what makes a front of an API; without routes it has a proxy of function F."""
    chosen = routes or (Route("ANY", "/{proxy+}", "F"),)
    return lambda host: RestApiFront(Api("Api", "rest", chosen, **fields), host)


def echo(payload):
    return {"statusCode": 200, "body": "done"}


ECHO = {"F": echo}


def test_the_stage_of_the_template_is_served_with_and_without_its_name():
    front = api(stage="live", stage_variables={"Colour": "red"})
    for target, path in (("/live/a%20b", "/live/a%20b"), ("/a%20b", "/a%20b")):
        _, running = ask(front, "GET", target, functions=ECHO)
        payload = running.payload
        assert (payload["path"], payload["requestContext"]["path"]) == ("/a%20b", path)
        assert payload["pathParameters"] == {"proxy": "a%20b"}
        assert payload["requestContext"]["stage"] == "live"
        assert payload["stageVariables"] == {"Colour": "red"}


def test_a_stage_that_a_route_begins_with_is_no_prefix():
    front = api(Route("GET", "/live/{id}", "F"), stage="live")
    answer, running = ask(front, "GET", "/live/1", functions=ECHO)
    assert (answer.status, running.payload["path"]) == (200, "/live/1")


def test_the_option_overrides_the_templates_stage():
    _, running = ask(api(stage="live"), "GET", "/dev/x", functions=ECHO, stage="dev")
    assert running.payload["path"] == "/x"
    assert running.payload["requestContext"]["stage"] == "dev"


def test_a_path_with_an_encoded_question_mark_keeps_it():
    _, running = ask(api(), "GET", "/a%3Fb?x=%3F", functions=ECHO)
    assert running.payload["path"] == "/a%3Fb"
    assert running.payload["queryStringParameters"] == {"x": "?"}


@pytest.mark.parametrize("method", ["CONNECT", "TRACE", "PROPFIND", "get"])
def test_any_covers_the_seven_methods_of_api_gateway(method):
    answer, running = ask(api(), method, "/x", functions=ECHO)
    assert (answer.status, running.pools["F"].payloads) == (405, [])
    assert answer.header("allow") == "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"


def test_a_path_without_a_route_is_403():
    answer, _ = ask(api(Route("GET", "/a", "F")), "GET", "/b", functions=ECHO)
    assert (answer.status, answer.json()) == (403, {"message": "Missing Authentication Token"})


def test_missing_required_parameters_are_400():
    route = Route("GET", "/", "F", required=("querystring.id", "header.x-tenant", "path.none"))
    answer, running = ask(api(route), "GET", "/", functions=ECHO)
    assert answer.status == 400
    assert answer.json() == {"message": "Missing required request parameters: [id, x-tenant, none]"}
    assert running.pools["F"].payloads == []


def test_required_parameters_that_are_there_pass():
    route = Route("POST", "/{a}", "F", required=("querystring.id", "header.X-T", "path.a", "body"))
    answer, _ = ask(api(route), "POST", "/1?id=", (("x-t", "1"),), b"x", functions=ECHO)
    assert answer.status == 200
    answer, _ = ask(api(route), "POST", "/1?id=", (("x-t", "1"),), functions=ECHO)
    assert (answer.status, answer.json()) == (400, {"message": "Invalid request body"})


def test_a_mock_responds_by_itself():
    fixed = FixedResponse(202, (("X-A", "1"), ("bad name", "2")), "fixed")
    answer, _ = ask(api(Route("GET", "/", "", fixed=fixed)), "GET", "/")
    assert (answer.status, answer.body, answer.header("x-a")) == (202, b"fixed", "1")


def test_an_options_route_of_its_own_responds_beside_any():
    fixed = FixedResponse(headers=(("Access-Control-Allow-Origin", "*"),))
    front = api(Route("ANY", "/a", "F"), Route("OPTIONS", "/a", "", fixed=fixed))
    answer, running = ask(front, "OPTIONS", "/a", functions=ECHO)
    assert (answer.status, answer.header("access-control-allow-origin")) == (200, "*")
    assert running.pools["F"].payloads == []
    answer, _ = ask(front, "GET", "/a", functions=ECHO)
    assert answer.header("access-control-allow-origin") is None


def test_a_body_over_10_mb_is_413_with_the_text_of_api_gateway():
    headers = (("Content-Length", "10485761"),)
    answer, _ = ask(api(), "POST", "/x", headers, b"x", functions=ECHO)
    assert answer.status == 413
    assert answer.body == b"HTTP content length exceeded 10485760 bytes."


def test_a_payload_over_6_mb_is_413_with_the_text_of_lambda():
    answer, running = ask(api(), "POST", "/x", (), b"x" * 6_400_000, functions=ECHO)
    assert (answer.status, answer.json()) == (413, {"message": "Request Too Long"})
    assert answer.header("x-amzn-errortype") == "BadRequestException"
    assert running.pools["F"].payloads == []


@pytest.mark.parametrize(
    ("function", "status", "body"),
    [
        (lambda payload: failure(), 502, {"message": "Internal server error"}),
        (lambda payload: {}, 502, {"message": "Internal server error"}),
        (throttle, 429, {"message": "Too Many Requests"}),
    ],
)
def test_errors_carry_both_ids_and_a_type(function, status, body):
    answer, _ = ask(api(), "GET", "/x", functions={"F": function})
    assert (answer.status, answer.json()) == (status, body)
    assert answer.header("x-amzn-requestid")
    assert answer.header("x-amz-apigw-id")
    assert answer.header("x-amzn-errortype").endswith("Exception")


def test_an_integration_that_takes_too_long_is_504():
    route = Route("GET", "/", "F", timeout_s=0.05)
    answer, _ = ask(api(route), "GET", "/", functions={"F": lambda payload: Never()})
    assert (answer.status, answer.json()) == (504, {"message": "Endpoint request timed out"})


def test_a_buffered_route_loses_the_body_of_a_stream(caplog):
    stream = {"F": lambda payload: Stream({"statusCode": 201, "headers": {"x-a": "1"}}, b"lost")}
    answer, _ = ask(api(), "GET", "/x", functions=stream)
    assert (answer.status, answer.header("x-a"), answer.body) == (201, "1", b"")
    assert "the streamed body is lost" in messages(caplog)[0]


def test_a_streamed_header_that_http_cannot_carry_is_502(caplog):
    route = Route("GET", "/", "F", streaming=True)
    stream = {"F": lambda payload: Stream({"headers": {"x-a": "€"}}, b"x")}
    answer, _ = ask(api(route), "GET", "/", functions=stream)
    assert answer.status == 502
    assert "prelude.malformed" in messages(caplog)[0]
    assert not [record for record in caplog.records if record.exc_info]
