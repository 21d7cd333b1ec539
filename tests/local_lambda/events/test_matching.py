"""Tests what is said of events that AWS would not send."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_lambda.events import payloads
from local_lambda.events.defaults import KINDS, defaults
from local_lambda.events.matching import notes
from local_lambda.events.payloads import Origin

ORIGIN = Origin("eu-west-1", datetime(2026, 11, 29, tzinfo=UTC))
PATTERN = {"source": ["shop"], "detail": {"amount": [{"numeric": [">", 10]}]}}


def event(kind, **properties):
    return {"kind": kind, "properties": properties}


def criteria(*patterns):
    return {"Filters": [{"Pattern": json.dumps(pattern)} for pattern in patterns]}


@pytest.mark.parametrize(("amount", "count"), [(11, 0), (10, 1)])
def test_an_event_that_the_pattern_does_not_match_is_named(amount, count):
    payload = payloads.eventbridge(ORIGIN, {"amount": amount}, source="shop")
    found = notes(event("EventBridgeRule", Pattern=PATTERN), payload)

    assert len(found) == count
    assert all("EventBridge would not send" in line for line in found)


def test_the_default_event_of_a_pattern_is_matched():
    fields = defaults("EventBridgeRule", "E", {"Pattern": PATTERN})

    payload = payloads.eventbridge(ORIGIN, **fields)
    assert notes(event("EventBridgeRule", Pattern=PATTERN), payload) == []


def test_messages_that_filters_leave_out_are_named_by_number():
    payload = payloads.sqs(ORIGIN, ['{"a": 1}', "text", '{"a": 2}'])
    queue = event("SQS", FilterCriteria=criteria({"body": {"a": [1]}}))

    (line,) = notes(queue, payload)
    assert line == "FilterCriteria leaves out number 2, 3: Lambda would not get it"
    either = event("SQS", FilterCriteria=criteria({"body": {"a": [1]}}, {"body": {"a": [2]}}))
    assert "number 2:" in notes(either, payload)[0]


def test_a_record_of_kinesis_is_filtered_by_its_data():
    payload = payloads.kinesis(ORIGIN, ['{"a": 1}', '{"a": 2}'])
    stream = event("Kinesis", FilterCriteria=criteria({"data": {"a": [2]}}))

    assert "number 1:" in notes(stream, payload)[0]


@pytest.mark.parametrize(
    ("key", "count"), [("in/a b.csv", 0), ("in/a.txt", 1), ("out/a.csv", 1), ("in/.csv", 0)]
)
def test_a_key_is_compared_with_prefix_and_suffix(key, count):
    rules = [{"Name": "prefix", "Value": "in/"}, {"Name": "suffix", "Value": ".csv"}]
    bucket = event("S3", Filter={"S3Key": {"Rules": rules}})

    assert len(notes(bucket, payloads.s3(ORIGIN, key=key))) == count


JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)


@given(
    st.sampled_from([each for kinds in KINDS.values() for each in kinds]),
    st.dictionaries(st.sampled_from(["Filter", "Pattern", "FilterCriteria"]), JSON),
)
def test_malformed_filters_are_left_alone(kind, properties):
    payload = payloads.s3(ORIGIN)

    assert len(notes({"kind": kind, "properties": properties}, payload)) <= 1
