"""Tests load balancers in this process: rules, payloads, results, limits and errors."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_lambda.application import FixedResponse, ListenerRule, LoadBalancer
from local_lambda.fronts.load_balancer import LoadBalancerFront, holds
from local_lambda.http.messages import HttpRequest
from tests.support.scripted_fronts import Stream, ask, failure, messages, throttle


def listener(*rules):
    chosen = rules or (ListenerRule(function="F"),)
    return lambda host: LoadBalancerFront(LoadBalancer("Listener", chosen), host)


OK = {"F": lambda payload: {"statusCode": 200, "body": "done"}}
REQUEST = HttpRequest(
    "GET",
    "/img/Pic%20ture.jpg?Version=V1&x=example",
    (("Host", "Test.Example.com:8080"), ("User-Agent", "Mozilla Chrome/1")),
)


@pytest.mark.parametrize(
    ("field", "values", "expected"),
    [
        ("path-pattern", ("/img/*",), True),
        ("path-pattern", ("/img/*.jp?",), True),
        ("path-pattern", ("/IMG/*",), False),
        ("path-pattern", ("/img",), False),
        ("path-pattern", ("/none", "/img/*"), True),
        ("path-pattern", ("/img/[P]ic*",), False),
        ("host-header", ("*.example.com",), True),
        ("host-header", ("example.com",), False),
        ("http-request-method", ("GET",), True),
        ("http-request-method", ("get", "G*"), False),
        ("query-string", ("version=v1",), True),
        ("query-string", ("EXAMPLE",), True),
        ("query-string", ("version=v2",), False),
        ("source-ip", ("127.0.0.0/8",), True),
        ("source-ip", ("10.0.0.0/8", "nonsense"), False),
        ("http-header:user-agent", ("*chrome*",), True),
        ("http-header:x-none", ("*",), False),
        ("unknown", ("*",), False),
    ],
)
def test_a_condition_holds_for_one_of_its_values(field, values, expected):
    assert holds({field: values}, REQUEST) is expected


def test_all_conditions_of_a_rule_must_hold():
    assert holds({}, REQUEST)
    assert not holds({"path-pattern": ("*",), "http-request-method": ("PUT",)}, REQUEST)


@given(st.text(), st.text())
def test_any_pattern_can_be_asked_for(pattern, target):
    holds({"path-pattern": (pattern,), "query-string": (pattern,)}, HttpRequest("GET", target))


def test_the_first_rule_that_holds_responds():
    fixed = FixedResponse(404, (("Content-Type", "text/plain"),), "nothing here")
    front = listener(
        ListenerRule({"path-pattern": ("/f/*",)}, function="F"), ListenerRule(fixed=fixed)
    )
    assert ask(front, "GET", "/f/1", functions=OK)[0].body == b"done"
    answer, _ = ask(front, "GET", "/other", functions=OK)
    assert (answer.status, answer.body) == (404, b"nothing here")


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("#{protocol}://#{host}:#{port}/#{path}?#{query}", "http://a.example:8080/old/x?y=%20"),
        ("https://#{host}:443/new/#{path}", "https://a.example:443/new/old/x"),
    ],
)
def test_a_redirect_has_the_values_of_its_request(location, expected):
    fixed = FixedResponse(301, (("Location", location),))
    front = listener(ListenerRule(fixed=fixed))
    answer, _ = ask(front, "GET", "/old/x?y=%20", (("Host", "a.example:8080"),))
    assert (answer.status, answer.header("location")) == (301, expected)


def test_the_payload_names_the_target_group():
    _, running = ask(listener(), "GET", "/a%20b?x=%20", functions=OK)
    arn = running.payload["requestContext"]["elb"]["targetGroupArn"]
    assert arn.startswith("arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/F/")
    assert running.payload["path"] == "/a%20b"
    assert running.payload["queryStringParameters"] == {"x": "%20"}


def test_a_load_balancer_hands_on_any_other_method():
    _, running = ask(listener(), "PROPFIND", "/", functions=OK)
    assert running.payload["httpMethod"] == "PROPFIND"


def test_multi_values_go_both_ways():
    result = {"statusCode": 200, "multiValueHeaders": {"Set-Cookie": ["a=1", "b=2"]}}
    front = listener(ListenerRule(function="F", multi_value_headers=True))
    answer, running = ask(front, "GET", "/?x=1&x=2", functions={"F": lambda payload: result})
    assert running.payload["multiValueQueryStringParameters"] == {"x": ["1", "2"]}
    assert answer.header("set-cookie") == "a=1, b=2"


def test_the_description_of_the_status_is_sent():
    result = {"statusCode": 200, "statusDescription": "200 Very Fine"}
    answer, _ = ask(listener(), "GET", "/", functions={"F": lambda payload: result})
    assert answer.reason == "Very Fine"


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (("TRACE", "/"), 405),
        (("GET", "/", (("Upgrade", "websocket"),)), 400),
        (("POST", "/", (("Content-Length", "1048577"),), b"x"), 413),
    ],
)
def test_what_a_load_balancer_refuses_never_reaches_the_function(request_, status):
    answer, running = ask(listener(), *request_, functions=OK)
    assert (answer.status, running.pools["F"].payloads) == (status, [])
    assert f"<h1>{status} ".encode() in answer.body


@pytest.mark.parametrize(
    "function",
    [
        lambda payload: failure(),
        throttle,
        lambda payload: {"body": "no status"},
        lambda payload: {"statusCode": 200, "body": "x" * 1_048_576},
        lambda payload: {"statusCode": 200, "headers": {"a": "\ud800"}},
    ],
)
def test_failures_and_malformed_results_are_502(function, caplog):
    answer, _ = ask(listener(), "GET", "/", functions={"F": function})
    assert answer.status == 502
    assert b"<h1>502 Bad Gateway</h1>" in answer.body
    assert not [record for record in caplog.records if record.exc_info]


def test_a_stream_is_502_and_named(caplog):
    functions = {"F": lambda payload: Stream({"statusCode": 200}, b"x")}
    assert ask(listener(), "GET", "/", functions=functions)[0].status == 502
    assert "load balancers do not stream" in messages(caplog)[0]


def test_a_listener_without_a_rule_that_holds_is_502(caplog):
    front = listener(ListenerRule({"path-pattern": ("/a",)}, function="F"))
    assert ask(front, "GET", "/b", functions=OK)[0].status == 502
    assert "no rule of the listener holds" in messages(caplog)[0]
