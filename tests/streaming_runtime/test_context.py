"""Tests the context that a handler gets."""

import json
import time

import pytest
from streaming_runtime.context import Deadline, LambdaContext
from streaming_runtime.errors import RuntimeFault
from streaming_runtime.runtime_api import Invocation
from streaming_runtime.settings import Settings


def context_of(invocation, deadline_ms=0, environ=None):
    settings = Settings.from_environ({"AWS_LAMBDA_RUNTIME_API": "nowhere:1", **(environ or {})})
    return LambdaContext(
        invocation, Deadline(deadline_ms, deadline_ms, deadline_ms, time.time), settings
    )


def test_the_context_has_what_the_managed_runtimes_has():
    identity = {"cognitoIdentityId": "id", "cognitoIdentityPoolId": "pool"}
    client = {
        "client": {"app_title": "t"},
        "custom": {"k": "v"},
        "env": {"e": 1},
        "w3c": {"traceparent": "00-1"},
    }
    invocation = Invocation(
        "req", "1", "arn", None, json.dumps(client), json.dumps(identity), "tenant", None, b""
    )
    environ = {
        "AWS_LAMBDA_FUNCTION_NAME": "f",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
        "AWS_LAMBDA_LOG_GROUP_NAME": "group",
        "AWS_LAMBDA_LOG_STREAM_NAME": "stream",
    }
    context = context_of(invocation, deadline_ms=int(time.time() * 1000) + 5_000, environ=environ)

    assert (context.aws_request_id, context.invoked_function_arn, context.tenant_id) == (
        "req",
        "arn",
        "tenant",
    )
    assert (context.function_name, context.function_version, context.memory_limit_in_mb) == (
        "f",
        "$LATEST",
        "128",
    )
    assert (context.log_group_name, context.log_stream_name) == ("group", "stream")
    assert (context.identity.cognito_identity_id, context.identity.cognito_identity_pool_id) == (
        "id",
        "pool",
    )
    assert context.client_context.client.app_title == "t"
    assert context.client_context.client.app_package_name is None
    assert (context.client_context.custom, context.client_context.env) == ({"k": "v"}, {"e": 1})
    assert context.w3c() == {"traceparent": "00-1"}
    assert 4_000 < context.get_remaining_time_in_millis() <= 5_000


@pytest.mark.parametrize("nothing", [None, "", "null"])
def test_a_context_without_caller_details_is_whole_all_the_same(nothing, capsys):
    context = context_of(Invocation("r", None, None, None, nothing, nothing, None, None, b""))
    context.log("a line\n")

    assert context.client_context is None
    assert context.identity.cognito_identity_id is None
    assert context.w3c() == {}
    assert context.get_remaining_time_in_millis() == 0
    assert capsys.readouterr().out == "a line\n"


@pytest.mark.parametrize("garbage", ["no json", "[1]", '"text"', '{"client": "text"}'])
def test_a_client_context_that_is_no_object_is_an_error_that_names_it(garbage):
    with pytest.raises(RuntimeFault, match="Unable to parse Client Context JSON: ") as raised:
        context_of(Invocation("r", None, None, None, garbage, None, None, None, b""))

    assert raised.value.error_type == "Runtime.LambdaContextUnmarshalError"


@pytest.mark.parametrize("garbage", ["no json", "[1]", '"text"'])
def test_an_identity_that_is_no_object_is_an_error_that_names_it(garbage):
    with pytest.raises(RuntimeFault, match="Unable to parse Cognito Identity JSON: "):
        context_of(Invocation("r", None, None, None, None, garbage, None, None, b""))


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("text", {}),
        ({"traceparent": 1, "tracestate": "a=1", "other": "x"}, {"tracestate": "a=1"}),
    ],
)
def test_of_the_trace_context_only_text_under_its_three_names_counts(sent, read):
    given = json.dumps({"custom": {"k": "v"}, "w3c": sent})
    context = context_of(Invocation("r", None, None, None, given, None, None, None, b""))
    context.w3c()["tracestate"] = "changed"

    assert context.w3c() == read
    assert context.client_context.custom == {"k": "v"}
