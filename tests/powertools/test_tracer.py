"""Tracer around streams: sampled, not sampled, and without a trace."""

import json

import pytest

from tests.powertools import payloads

SAMPLED = f"Root=ROOT;Parent={'a' * 16};Sampled=1"
HEADERS = {
    "sampled": SAMPLED,
    "not sampled": f"Root=ROOT;Parent={'a' * 16};Sampled=0",
    "undecided": f"Root=ROOT;Parent={'a' * 16};Sampled=?",
    "no decision": f"Root=ROOT;Parent={'a' * 16}",
    "no parent": "Root=ROOT",
    "more fields": f"{SAMPLED};Lineage=1:abc:0",
    "none": None,
}
COUNTING = [
    "traced",
    "traced_deep",
    "traced_generator",
    "traced_silently",
    "traced_async",
    "traced_method",
    "traced_async_method",
    "untraced",
]


@pytest.fixture
def invoke(ours):
    """Returns a function that invokes one case of handlers/decorators.py."""

    def invoke(case, environ=None, trace=SAMPLED, **headers):
        payload = payloads.url("/", case=case)
        return ours("decorators.handler", payload, environ, trace=trace, **headers)

    return invoke


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("case", COUNTING)
def test_a_body_streams_whole_whatever_the_trace_header_says(case, header, invoke):
    answer = invoke(case, trace=HEADERS[header])

    assert answer.post.body.endswith(b"one two")
    assert answer.streamed
    if header != "none":  # the SDK then goes on with the trace of the invocation before
        assert ("## stream" in answer.subsegments) is ("Sampled=1" in HEADERS[header])
    assert "discarded" not in answer.output


@pytest.mark.parametrize("case", ["traced_endless", "traced_maker"])
def test_an_endless_body_is_not_read_by_the_tracer(case, invoke):
    answer = invoke(case, timeout_ms=1_000)

    assert answer.post.error["errorType"] == "Runtime.DeadlineExceeded"  # nothing was yielded
    assert set(answer.subsegments) >= {"## stream"}


def test_a_stream_has_a_subsegment_that_ends_with_it(invoke):
    answer = invoke("traced")
    handler = answer.subsegments["## traced"]
    stream = answer.subsegments["## stream"]
    part = answer.subsegments["## part"]

    assert stream["annotations"] == {"inside": "yes"}
    assert stream["metadata"] == {"shop": {"more": {"deep": "<generator, not read>"}}}
    assert stream["parent_id"] == handler["parent_id"] == "a" * 16
    assert part["parent_id"] == stream["id"]
    assert handler["end_time"] <= stream["start_time"] <= part["start_time"]
    assert part["end_time"] <= stream["end_time"]


def test_the_response_in_the_metadata_names_the_stream(invoke):
    metadata = invoke("traced").subsegments["## traced"]["metadata"]
    deep = invoke("traced_deep").subsegments["## traced_deep"]["metadata"]["shop"]

    assert metadata["shop"]["traced response"]["body"] == "<generator, not read>"
    assert deep["traced_deep response"]["more"] == [{"deep": "<generator, not read>"}]
    assert deep["deep"] == [{"a": [{"b": "<generator, not read>"}]}]


def test_a_whole_response_is_recorded_as_ever(invoke):
    answer = invoke("traced_whole")

    [handler] = answer.trace
    assert handler["metadata"]["shop"]["traced_whole response"]["body"] == "whole"
    assert answer.post.content == b"whole"


def test_a_stream_that_fails_is_a_fault_with_its_exception(invoke):
    answer = invoke("traced_failing")
    stream = answer.subsegments["## stream"]

    assert answer.post.content == b"one"
    assert stream["fault"] is True
    [exception] = stream["cause"]["exceptions"]
    assert exception["type"] == "KeyError"
    assert [frame["label"] for frame in exception["stack"]] == ["body"]
    assert "fault" not in answer.subsegments["## traced_failing"]


def test_a_captured_generator_is_a_part_of_the_stream(invoke):
    answer = invoke("traced_method")
    [name] = [name for name in answer.subsegments if name.endswith("generated")]

    assert answer.subsegments[name]["parent_id"] == answer.subsegments["## stream"]["id"]
    assert answer.subsegments[name]["annotations"] == {"inside": "yes"}


def test_an_async_handler_is_captured_until_it_has_returned(invoke):
    answer = invoke("traced_async")
    [name] = [name for name in answer.subsegments if name.endswith("traced_async")]

    assert answer.subsegments[name]["annotations"] == {"before": "yes"}
    assert answer.subsegments["## stream"]["annotations"] == {"inside": "yes"}


def test_the_sdk_without_tracer_has_the_streams_subsegment_too(invoke):
    answer = invoke("recorded")

    assert answer.subsegments["## stream"]["annotations"] == {"inside": "yes"}


@pytest.mark.parametrize(
    "environ",
    [
        {"POWERTOOLS_TRACE_DISABLED": "true"},
        {"AWS_SAM_LOCAL": "true"},
        {"POWERTOOLS_TRACER_CAPTURE_RESPONSE": "false"},
        {"AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:9"},  # nobody listens
    ],
    ids=lambda environ: next(iter(environ)),
)
def test_tracing_that_is_disabled_or_goes_nowhere_changes_nothing(environ, invoke):
    answer = invoke("traced", environ)

    body = answer.post.content or json.loads(answer.post.body)["body"].encode()
    assert body == b"one two"
