"""Tests the payloads that the page offers to begin with."""

import json
from pathlib import Path

from local_lambda.admin.examples import examples
from local_lambda.application import (
    Api,
    Application,
    Event,
    Function,
    FunctionUrl,
    ListenerRule,
    LoadBalancer,
    Route,
)
from local_lambda.events.defaults import KINDS

FUNCTION = Function("A", "a", "a.b", "python3.13", Path(), url=FunctionUrl())


def offered(**parts):
    found = examples(Application({"A": FUNCTION}, **parts), "eu-west-1")
    return {(each["function"], each["name"]): each["payload"] for each in found}


def test_every_kind_of_event_is_offered_for_any_function_as_json():
    found = offered()
    assert {("", kind) for kind, types in KINDS.items() if types} <= found.keys()
    json.dumps(list(found.values()))
    assert found["", "sqs"]["Records"][0]["awsRegion"] == "eu-west-1"


def test_the_routes_of_a_function_are_offered_with_what_their_front_sends():
    routes = (Route("ANY", "/items/{id}", "A"), Route("POST", "/{proxy+}", "A"))
    http_routes = (
        Route("ANY", "$default", "A"),
        Route("GET", "/old/{id}", "A", payload_format="1.0"),
    )
    found = offered(
        apis=(Api("R", "rest", routes, stage="live"), Api("H", "http", http_routes)),
        load_balancers=(LoadBalancer("L", (ListenerRule({}, function="A"),)),),
    )
    rest = found["A", "ANY /items/{id}"]
    assert (rest["httpMethod"], rest["pathParameters"]) == ("GET", {"id": "id"})
    assert rest["requestContext"]["stage"] == "live"
    assert json.loads(found["A", "POST /{proxy+}"]["body"])
    assert found["A", "ANY $default"]["rawPath"] == "/"
    assert found["A", "GET /old/{id}"]["version"] == "1.0"
    assert "elb" in found["A", "load balancer: GET /"]["requestContext"]
    assert found["A", "Function URL: POST /"]["requestContext"]["http"]["method"] == "POST"


def test_the_events_of_a_function_are_offered_with_what_the_template_says():
    events = (
        Event("A", "Jobs", "SQS", {"Queue": "arn:aws:sqs:eu-west-1:1:jobs"}),
        Event("A", "Daily", "Schedule", {"Schedule": "rate(1 day)", "Input": '{"a": 1}'}),
        Event("A", "Odd", "Schedule", {"Input": "no JSON"}),
        Event("A", "Unknown", "Cognito", {}),
    )
    found = offered(events=events)
    assert found["A", "Jobs (SQS)"]["Records"][0]["eventSourceARN"].endswith(":jobs")
    assert found["A", "Daily (Schedule)"] == {"a": 1}
    assert ("A", "Odd (Schedule)") not in found
    assert ("A", "Unknown (Cognito)") not in found
