"""Idempotency, Validation, Batch, Parameters and the other utilities, around and inside streams."""

import json

import pytest

from tests.powertools import payloads

pytestmark = pytest.mark.once

OBJECT = b"line 1\nline 2\n" * 10_000


@pytest.fixture
def invoke(ours):
    """Returns a function that invokes one case of handlers/utilities.py."""

    def invoke(case, trace=None, **more):
        return ours("utilities.handler", payloads.url("/x", case=case, **more))

    return invoke


@pytest.fixture
def theirs(stock):
    """Returns a function that does the same under the stock client."""

    def invoke(case, **more):
        return stock("utilities.handler", payloads.url("/x", case=case, **more))

    return invoke


# --- Idempotency


def test_an_idempotent_handler_with_a_whole_response_runs_once(invoke):
    first = invoke("idempotent_whole", word="a").http
    second = invoke("idempotent_whole", word="a").http

    assert first == second
    assert first.body == b"whole"


def test_an_idempotent_handler_that_streams_is_an_error_that_says_what_to_do(invoke):
    error = invoke("idempotent_streamed", word="b").post.error

    assert error["errorType"] == "TypeError"
    assert "cannot store a streamed response (generator)" in error["errorMessage"]
    assert "use idempotent_function" in error["errorMessage"]


def test_after_that_error_the_same_word_can_be_used_again(invoke):
    invoke("idempotent_streamed", word="c")

    assert invoke("idempotent_streamed", word="c", whole=True).http.body == b"whole"
    assert "INPROGRESS" not in json.loads(invoke("idempotency_records").post.body)


@pytest.mark.parametrize("case", ["idempotent_generator", "idempotent_maker"])
def test_any_other_idempotent_stream_is_the_same_error(case, invoke):
    assert "cannot store a streamed" in invoke(case, word="d").post.error["errorMessage"]


def test_a_model_is_stored_as_ever(invoke, theirs):
    for _ in range(2):
        given = invoke("idempotent_model", word="m").http

        assert given.body == theirs("idempotent_model", word="m").http.body == b"m"


def test_an_idempotent_function_works_inside_of_a_stream(invoke):
    first = invoke("idempotent_inside", word="e")

    assert first.streamed
    assert invoke("idempotent_inside", word="e").http.body == first.http.body


def test_a_serializer_of_ones_own_may_store_what_a_stream_is_made_of(invoke):
    for _ in range(2):
        answer = invoke("idempotent_serialized", word="f")

        assert answer.http.body == b"one two"
        assert answer.streamed


# --- Validation


def test_a_validator_lets_a_stream_pass_whose_body_the_schema_does_not_name(invoke, theirs):
    assert invoke("validated", word="w", streamed=True).http.body == b"one two"
    assert invoke("validated", word="w").http == theirs("validated", word="w").http


def test_a_payload_that_is_not_valid_is_the_stock_clients_error(invoke, theirs):
    error = invoke("validated", streamed=True).post.error

    assert error["errorType"] == "SchemaValidationError"
    assert error["errorMessage"] == theirs("validated", streamed=True).post.error["errorMessage"]


def test_a_schema_for_the_body_refuses_a_stream_before_the_first_byte(invoke):
    error = invoke("validated_body", streamed=True).post.error

    assert error["errorType"] == "SchemaValidationError"
    assert "data.body must be string" in error["errorMessage"]
    assert invoke("validated_body").http.body == b"whole"


def test_validate_works_inside_of_a_stream(invoke):
    assert invoke("validated_inside", word="w").http.body == b"w"


# --- Parser, data classes, JMESPath, middlewares


@pytest.mark.parametrize(
    ("case", "more", "body"),
    [
        ("parsed", {"word": "w"}, b"w"),
        ("parsed_envelope", {"body": '{"word": "w"}'}, b"w"),
        ("classed", {}, b"GET/x"),
        ("extracted", {"body": '{"word": "w"}'}, b"w"),
        ("surrounded", {"streamed": True}, b"one two"),
        ("surrounded_traced", {}, b"one two"),
    ],
)
def test_decorators_hand_a_stream_on(case, more, body, invoke):
    answer = invoke(case, **more)

    assert answer.http.body == body
    assert answer.streamed


def test_a_middleware_may_change_the_headers_of_either(invoke, theirs):
    assert invoke("surrounded", streamed=True).http.headers["x-around"] == "mine"
    assert invoke("surrounded").http[::2] == theirs("surrounded").http[::2]


def test_a_payload_that_does_not_parse_is_the_stock_clients_error(invoke, theirs):
    error = invoke("parsed").post.error

    assert error["errorType"] == theirs("parsed").post.error["errorType"] == "ValidationError"


# --- Batch


def queue(*bodies):
    arn = "arn:aws:sqs:us-east-1:123456789012:q"
    return {
        "Records": [
            {
                "messageId": str(at),
                "body": body,
                "receiptHandle": "r",
                "attributes": {"MessageGroupId": "g"},
                "messageAttributes": {},
                "md5OfBody": "m",
                "eventSource": "aws:sqs",
                "eventSourceARN": arn,
                "awsRegion": "us-east-1",
            }
            for at, body in enumerate(bodies)
        ]
    }


@pytest.mark.parametrize("case", ["batched", "batched_fifo", "batched_async", "batched_class"])
@pytest.mark.parametrize("bodies", [("a", "b"), ("a", "bad", "c")])
def test_a_batch_is_reported_as_under_the_stock_client(case, bodies, ours, stock):
    payload = {**queue(*bodies), "case": case}

    given = ours("utilities.handler", payload).post
    assert given.body == stock("utilities.handler", payload).post.body
    assert given.kind == "response"


def test_all_records_of_a_batch_may_fail(ours, stock):
    payload = {**queue("bad"), "case": "batched"}
    given = ours("utilities.handler", payload).post.error

    assert given["errorType"] == "BatchProcessingError"
    assert given["errorType"] == stock("utilities.handler", payload).post.error["errorType"]


def test_a_stream_may_tell_of_a_batch_while_it_is_processed(ours):
    payload = {**payloads.url("/"), **queue("a", "bad", "c"), "case": "batched_inside"}
    answer = ours("utilities.handler", payload)

    assert answer.http.body.splitlines()[0] == b"success: a"
    assert answer.http.body.splitlines()[1].startswith(b"fail: ")
    assert len(answer.post.pieces) == 4  # the prelude, and three records


# --- Circuit breaker


def test_a_circuit_breaker_does_not_see_what_breaks_in_the_stream(invoke):
    for _ in range(2):
        post = invoke("circuit", streamed=True).post

        assert post.content == b"one"
        assert post.trailers["lambda-runtime-function-error-type"] == "Function.KeyError"


def test_a_circuit_breaker_opens_as_under_the_stock_client(invoke, theirs):
    errors = [invoke("circuit").post.error["errorType"] for _ in range(2)]

    assert errors == ["KeyError", "CircuitBreakerOpenError"]
    assert errors == [theirs("circuit").post.error["errorType"] for _ in range(2)]


# --- Parameters, feature flags, S3


@pytest.mark.parametrize(
    ("body_of", "body"),
    [
        ("parameters", b"of ssm b secret of a table"),
        ("appconfig", b"of AppConfig"),
        ("flags", b"TrueFalse"),
        ("bucket", OBJECT),
    ],
)
def test_utilities_work_inside_of_a_stream_as_before_it(body_of, body, invoke, theirs):
    streamed = invoke("inside", body_of=body_of, streamed=True)

    assert streamed.http.body == body
    assert streamed.streamed
    assert invoke("inside", body_of=body_of).http.body == body
    assert theirs("inside", body_of=body_of).http.body == body


def test_an_object_of_s3_streams_through_a_route(ours):
    answer = ours("utilities.handler", payloads.url("/object", case="routed"))

    assert answer.http.body == OBJECT
    assert answer.streamed
