"""Tests what is taken from a template's events."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_lambda import filters
from local_lambda.events.defaults import KINDS, command_for, defaults, example, ignores_failed_items

SAM_TYPES = [sam_type for types in KINDS.values() for sam_type in types]


@pytest.mark.parametrize(
    ("sam_type", "properties", "expected"),
    [
        ("SQS", {"Queue": "arn:aws:sqs:r:1:orders"}, {"queue": "orders"}),
        ("SQS", {"Queue": "arn:x:a.fifo"}, {"queue": "a.fifo", "group": "local-group"}),
        ("SNS", {"Topic": "arn:aws:sns:r:1:news"}, {"topic": "news"}),
        ("Kinesis", {"Stream": "arn:aws:kinesis:r:1:stream/clicks"}, {"stream": "clicks"}),
        (
            "S3",
            {"Bucket": "b", "Events": "s3:ObjectCreated:*"},
            {"bucket": "b", "event_name": "s3:ObjectCreated:*"},
        ),
        ("S3", {"Events": ["s3:ObjectRemoved:*"]}, {"event_name": "s3:ObjectRemoved:*"}),
        (
            "S3",
            {
                "Filter": {
                    "S3Key": {
                        "Rules": [
                            {"Name": "prefix", "Value": "in/"},
                            {"Name": "suffix", "Value": ".csv"},
                        ]
                    }
                }
            },
            {"key": "in/local-file.csv"},
        ),
        ("Schedule", {"Input": '{"a":1}'}, {"rule": "E", "text": '{"a":1}', "by_scheduler": False}),
        ("ScheduleV2", {"Name": "n"}, {"rule": "n", "text": None, "by_scheduler": True}),
        ("EventBridgeRule", {"Input": "[1]"}, {"input": "[1]"}),
        (
            "CloudWatchEvent",
            {"Pattern": {"source": ["aws.ec2"], "detail": {"state": ["stopped", "running"]}}},
            {"source": "aws.ec2", "detail": {"state": "stopped"}},
        ),
        (
            "DynamoDB",
            {
                "Table": "orders",
                "KeySchema": [{"AttributeName": "id"}, {"AttributeName": "at"}],
                "AttributeDefinitions": [{"AttributeName": "at", "AttributeType": "N"}],
            },
            {"table": "orders", "keys": ["id", "at"], "new_image": {"id": "local", "at": 1}},
        ),
        ("Cognito", {}, {}),
    ],
)
def test_an_event_of_the_template_gives_defaults(sam_type, properties, expected):
    assert defaults(sam_type, "E", properties) == expected


@pytest.mark.parametrize(
    ("sam_type", "command"),
    [
        ("SQS", "local-lambda event sqs F sends one"),
        ("CloudWatchEvent", "local-lambda event eventbridge F sends one"),
        ("Cognito", "local-lambda event payload F --json @FILE sends a payload of yours"),
    ],
)
def test_the_advice_for_an_event_is_a_command_that_exists(sam_type, command):
    assert command_for(sam_type, "F") == command


@pytest.mark.parametrize(
    "pattern",
    [
        {"source": ["a"], "detail": {"n": [{"numeric": [">", 3]}], "m": [{"numeric": ["<=", 3]}]}},
        {"detail": {"a": [{"prefix": "x"}], "b": [{"exists": False}], "c": {"d": [True, 1]}}},
        {"detail-type": [{"anything-but": ["x"]}], "source": [{"suffix": "y"}]},
        {"source": [{"equals-ignore-case": "Shop"}], "detail": {"a": [None]}},
    ],
)
def test_an_example_of_a_pattern_is_matched_by_it(pattern):
    assert filters.matches(pattern, example(pattern))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=10,
)
PROPERTIES = st.dictionaries(
    st.sampled_from(
        [
            "KeySchema",
            "Table",
            "Queue",
            "Topic",
            "Stream",
            "Bucket",
            "Events",
            "Filter",
            "Pattern",
            "Input",
            "Name",
        ]
    ),
    JSON,
)


@given(st.sampled_from(SAM_TYPES), PROPERTIES)
def test_malformed_properties_give_fewer_defaults_and_no_error(sam_type, properties):
    json.dumps(defaults(sam_type, "E", properties))
    ignores_failed_items(sam_type, {"FunctionResponseTypes": properties.get("Events")})
