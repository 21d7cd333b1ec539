"""Tests authorizers in this process: payloads, policies, simple responses, caching and claims."""

import asyncio
from dataclasses import replace

import pytest

from local_lambda.application import Api, Authorizer, Route
from local_lambda.fronts.authorizers import REST, Authorizers
from local_lambda.fronts.fronts import Refused
from local_lambda.fronts.http_api import HttpApiFront
from local_lambda.fronts.payload import RequestContext
from local_lambda.fronts.rest_api import RestApiFront
from local_lambda.fronts.routing import RouteMatch
from local_lambda.http.messages import HttpRequest
from tests.support.scripted_fronts import (
    Never,
    ScriptedPool,
    ask,
    ask_all,
    failure,
    host,
    messages,
    throttle,
)

HEADER = "method.request.header.Authorization"
TOKEN = Authorizer("Tokens", "TOKEN", function="Auth", identity_sources=(HEADER,))
HTTP_HEADER = "$request.header.authorization"
SIMPLE = Authorizer(
    "Simple",
    "REQUEST",
    function="Auth",
    identity_sources=(HTTP_HEADER,),
    payload_format="2.0",
    simple_responses=True,
)
AUTHORIZED = (("Authorization", "Bearer 1"),)
ARN = "arn:aws:execute-api:us-east-1:123456789012:api/live/GET/items/1"


def rest(authorizer):
    route = Route("GET", "/items/{id}", "F", authorizer=authorizer)
    routes = (route, Route("GET", "/other", "F", authorizer=authorizer))
    return lambda host: RestApiFront(Api("Api", "rest", routes, stage="live"), host)


def http(authorizer, version="2.0"):
    route = Route("GET", "/items/{id}", "F", authorizer=authorizer, payload_format=version)
    routes = (route, Route("GET", "/other", "F", authorizer=authorizer, payload_format=version))
    return lambda host: HttpApiFront(Api("Api", "http", routes), host)


def policy(effect="Allow", resource="*", **fields):
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": resource}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    return {"principalId": "user-1", "policyDocument": document, **fields}


def functions(result):
    authorize = result if callable(result) else lambda payload: result
    return {"F": lambda payload: {"statusCode": 200, "body": "done"}, "Auth": authorize}


def test_a_token_authorizer_gets_the_token_and_the_arn_of_the_method():
    answer, running = ask(
        rest(TOKEN), "GET", "/live/items/1?x=1", AUTHORIZED, functions=functions(policy())
    )
    assert answer.status == 200
    assert running.pools["Auth"].payloads == [
        {"type": "TOKEN", "methodArn": ARN, "authorizationToken": "Bearer 1"}
    ]


def test_the_context_of_a_policy_reaches_the_function_as_texts():
    result = policy(context={"text": "a", "number": 1, "boolean": True, "none": None})
    _, running = ask(rest(TOKEN), "GET", "/items/1", AUTHORIZED, functions=functions(result))
    authorizer = running.payload["requestContext"]["authorizer"]
    assert isinstance(authorizer.pop("integrationLatency"), int)
    assert authorizer == {
        "principalId": "user-1",
        "text": "a",
        "number": "1",
        "boolean": "true",
        "none": None,
    }


def test_a_request_authorizer_gets_the_payload_without_the_body():
    authorizer = Authorizer(
        "Requests",
        "REQUEST",
        function="Auth",
        identity_sources=("method.request.querystring.key", "stageVariables.none"),
    )
    answer, running = ask(rest(authorizer), "GET", "/items/1?key=k", functions=functions(policy()))
    assert (answer.status, running.pools["Auth"].payloads) == (401, [])
    authorizer = Authorizer(
        "Requests",
        "REQUEST",
        function="Auth",
        identity_sources=("method.request.querystring.key", "context.identity.sourceIp"),
    )
    answer, running = ask(rest(authorizer), "GET", "/items/1?key=k", functions=functions(policy()))
    assert answer.status == 200
    [event] = running.pools["Auth"].payloads
    assert (event["type"], event["methodArn"]) == ("REQUEST", ARN)
    assert event["queryStringParameters"] == {"key": "k"}
    assert event["pathParameters"] == {"id": "1"}
    assert "body" not in event
    assert "authorizer" not in event["requestContext"]


@pytest.mark.parametrize("headers", [(), (("Authorization", ""),)])
def test_a_missing_or_empty_token_is_401_without_an_invocation(headers):
    answer, running = ask(rest(TOKEN), "GET", "/items/1", headers, functions=functions(policy()))
    assert (answer.status, answer.json()) == (401, {"message": "Unauthorized"})
    assert answer.header("x-amzn-errortype") == "UnauthorizedException"
    assert running.pools["Auth"].payloads == []


def test_a_token_that_does_not_match_the_expression_is_401():
    authorizer = Authorizer(
        "Tokens",
        "TOKEN",
        function="Auth",
        identity_sources=(HEADER,),
        identity_validation="^Bearer [a-z]+$",
    )
    for token, status in (("Bearer abc", 200), ("Bearer 123", 401)):
        headers = (("Authorization", token),)
        answer, _ = ask(rest(authorizer), "GET", "/items/1", headers, functions=functions(policy()))
        assert answer.status == status


@pytest.mark.parametrize(
    ("result", "status", "body"),
    [
        (
            policy("Deny"),
            403,
            {"Message": "User is not authorized to access this resource with an explicit deny"},
        ),
        (
            policy(resource="arn:aws:execute-api:*:*:*/*/POST/*"),
            403,
            {"Message": "User is not authorized to access this resource"},
        ),
        (failure("Unauthorized"), 401, {"message": "Unauthorized"}),
        (failure(), 500, {"message": None}),
        ({"principalId": "x"}, 500, {"message": None}),
        ({"policyDocument": {"Statement": [{"Effect": "Maybe"}]}}, 500, {"message": None}),
        ("text", 500, {"message": None}),
        (b"no json", 500, {"message": None}),
        (policy(context={"list": []}), 500, {"message": None}),
        (policy(context=[1]), 500, {"message": None}),
        (throttle, 500, {"message": None}),
    ],
)
def test_a_rest_api_refuses_as_api_gateway_does(result, status, body, caplog):
    answer, running = ask(rest(TOKEN), "GET", "/items/1", AUTHORIZED, functions=functions(result))
    assert (answer.status, answer.json()) == (status, body)
    assert answer.header("x-amz-apigw-id")
    assert running.pools["F"].payloads == []
    assert not [record for record in caplog.records if record.exc_info]


def test_an_authorizer_without_a_function_is_500(caplog):
    answer, _ = ask(rest(TOKEN), "GET", "/items/1", AUTHORIZED)
    assert answer.status == 500
    assert any("authorizer.failed Tokens" in message for message in messages(caplog))


def test_a_result_is_kept_by_identity_and_its_policy_is_asked_for_each_method():
    result = policy(resource="*/GET/items/*")
    requests = [
        ("GET", "/items/1", AUTHORIZED),
        ("GET", "/items/2", AUTHORIZED),
        ("GET", "/other", AUTHORIZED),
        ("GET", "/items/1", (("Authorization", "other"),)),
    ]
    running = ask_all(rest(TOKEN), requests, functions=functions(result))
    assert [answer.status for answer in running.answers] == [200, 200, 403, 200]
    tokens = [event["authorizationToken"] for event in running.pools["Auth"].payloads]
    assert tokens == ["Bearer 1", "other"]


def test_a_result_is_not_kept_without_a_time_or_if_it_is_malformed():
    unkept = Authorizer("Tokens", "TOKEN", function="Auth", identity_sources=(HEADER,), ttl_s=0)
    requests = [("GET", "/items/1", AUTHORIZED)] * 2
    running = ask_all(rest(unkept), requests, functions=functions(policy()))
    assert len(running.pools["Auth"].payloads) == 2
    running = ask_all(rest(TOKEN), requests, functions=functions({}))
    assert len(running.pools["Auth"].payloads) == 2


def test_conditions_of_a_policy_are_named_once(caplog):
    result = policy()
    result["policyDocument"]["Statement"][0]["Condition"] = {"IpAddress": {}}
    requests = [("GET", "/items/1", AUTHORIZED)] * 2
    ask_all(rest(TOKEN), requests, functions=functions(result))
    [warning] = messages(caplog)
    assert "conditions, which are not evaluated" in warning


def test_a_simple_response_of_an_http_api_decides():
    result = {"isAuthorized": True, "context": {"number": 1, "list": [1], "map": {"a": 1}}}
    answer, running = ask(
        http(SIMPLE), "GET", "/items/a%20b?x=1", AUTHORIZED, functions=functions(result)
    )
    assert answer.status == 200
    [event] = running.pools["Auth"].payloads
    assert (event["version"], event["type"]) == ("2.0", "REQUEST")
    assert event["identitySource"] == ["Bearer 1"]
    assert event["routeArn"].endswith(":api/$default/GET/items/a b")
    assert (event["routeKey"], event["rawPath"]) == ("GET /items/{id}", "/items/a b")
    assert "isBase64Encoded" not in event
    context = running.payload["requestContext"]["authorizer"]
    assert context == {"lambda": result["context"]}


@pytest.mark.parametrize(
    ("result", "status", "message"),
    [
        ({"isAuthorized": False}, 403, "Forbidden"),
        ({"isAuthorized": "yes"}, 500, "Internal Server Error"),
        ({}, 500, "Internal Server Error"),
        (failure(), 500, "Internal Server Error"),
        (failure("Unauthorized"), 401, "Unauthorized"),
    ],
)
def test_an_http_api_refuses_as_api_gateway_does(result, status, message):
    answer, _ = ask(http(SIMPLE), "GET", "/items/1", AUTHORIZED, functions=functions(result))
    assert (answer.status, answer.json()) == (status, {"message": message})
    assert answer.header("apigw-requestid")


def test_a_missing_identity_source_of_an_http_api_is_401():
    answer, running = ask(http(SIMPLE), "GET", "/items/1", functions=functions({}))
    assert (answer.status, answer.json()) == (401, {"message": "Unauthorized"})
    assert running.pools["Auth"].payloads == []


@pytest.mark.parametrize("effect", ["Allow", "Deny"])
def test_an_http_api_takes_policies_in_both_formats(effect):
    for version in ("1.0", "2.0"):
        authorizer = Authorizer(
            "Policies",
            "REQUEST",
            function="Auth",
            identity_sources=(HTTP_HEADER,),
            payload_format=version,
        )
        result = policy(effect, context={"n": 1})
        answer, running = ask(
            http(authorizer), "GET", "/items/1", AUTHORIZED, functions=functions(result)
        )
        assert answer.status == (200 if effect == "Allow" else 403)
        [event] = running.pools["Auth"].payloads
        assert event["version"] == version
        if version == "1.0":
            assert event["authorizationToken"] == event["identitySource"] == "Bearer 1"
            assert event["methodArn"].endswith("/GET/items/1")


def test_a_route_of_format_1_gets_a_flat_context():
    result = policy(context={"n": 1})
    authorizer = Authorizer("P", "REQUEST", function="Auth", payload_format="2.0")
    _, running = ask(http(authorizer, "1.0"), "GET", "/items/1", functions=functions(result))
    authorizer_fields = running.payload["requestContext"]["authorizer"]
    assert authorizer_fields == {"n": "1", "principalId": "user-1"}


def test_a_result_is_kept_for_each_route_where_the_route_is_an_identity_source():
    def count(authorizer):
        requests = [("GET", "/items/1", AUTHORIZED), ("GET", "/other", AUTHORIZED)]
        running = ask_all(http(authorizer), requests, functions=functions({"isAuthorized": True}))
        return len(running.pools["Auth"].payloads)

    assert count(SIMPLE) == 1
    per_route = Authorizer(
        "Simple",
        "REQUEST",
        function="Auth",
        identity_sources=(HTTP_HEADER, "$context.routeKey"),
        payload_format="2.0",
        simple_responses=True,
    )
    assert count(per_route) == 2


CLAIMS = {"sub": "me", "groups": ["a", "b"], "age": 7, "admin": True, "scope": "read write"}


def test_claims_have_the_shape_of_cognito():
    _, running = ask(
        rest(Authorizer("Pool", "COGNITO")),
        "GET",
        "/items/1",
        functions=functions(None),
        claims=CLAIMS,
    )
    assert running.payload["requestContext"]["authorizer"] == {
        "claims": {
            "sub": "me",
            "groups": "a,b",
            "age": "7",
            "admin": "true",
            "scope": "read write",
        }
    }


def test_claims_have_the_shape_of_a_jwt_authorizer():
    jwt = {
        "claims": {
            "sub": "me",
            "groups": "[a b]",
            "age": "7",
            "admin": "true",
            "scope": "read write",
        },
        "scopes": ["read", "write"],
    }
    for version, expected in (("2.0", {"jwt": jwt}), ("1.0", jwt)):
        _, running = ask(
            http(Authorizer("Issuer", "JWT"), version),
            "GET",
            "/items/1",
            functions=functions(None),
            claims=CLAIMS,
        )
        assert running.payload["requestContext"]["authorizer"] == expected


def test_claims_have_the_shape_of_iam():
    authorizer = Authorizer("IAM", "IAM")
    request = ("GET", "/items/1")
    _, running = ask(http(authorizer), *request, functions=functions(None), claims=CLAIMS)
    assert running.payload["requestContext"]["authorizer"]["iam"]["userId"] == "me"
    _, running = ask(rest(authorizer), *request, functions=functions(None), claims=CLAIMS)
    identity = running.payload["requestContext"]["identity"]
    assert identity["userArn"] == "arn:aws:iam::123456789012:user/me"
    assert identity["sourceIp"] == "127.0.0.1"


@pytest.mark.parametrize("kind", ["COGNITO", "IAM"])
def test_without_claims_the_route_is_open_and_named_once(kind, caplog):
    requests = [("GET", "/items/1"), ("GET", "/other")]
    front = rest(Authorizer("Door", kind))
    running = ask_all(front, requests, functions=functions(None))
    assert [answer.status for answer in running.answers] == [200, 200]
    [warning] = messages(caplog)
    assert warning.startswith(f"authorizer.not_checked Door {kind} is not checked here")


def test_an_authorizer_that_takes_too_long_is_500():
    async def run():
        pools = {"Auth": ScriptedPool(lambda payload: Never())}
        authorizers = Authorizers(host(pools), replace(REST, timeout_s=0.05))
        request = HttpRequest("GET", "/items/1", AUTHORIZED)
        match = RouteMatch(Route("GET", "/items/{id}", "F", authorizer=TOKEN), {"id": "1"})
        context = RequestContext("api", "host", 1, "id", "Root=1", 1)
        with pytest.raises(Refused) as refused:
            await authorizers.authorize(request, match, context, {"path": "/items/1"})
        return refused.value.response.status

    assert asyncio.run(run()) == 500
