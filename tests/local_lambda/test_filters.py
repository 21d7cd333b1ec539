"""Tests filter patterns of event source mappings."""

import pytest

from local_lambda import filters

RECORD = {"eventName": "INSERT", "dynamodb": {"NewImage": {"SK": {"S": "ITEM"}, "n": {"N": "5"}}}}


@pytest.mark.parametrize(
    ("pattern", "verdict"),
    [
        ({"eventName": ["INSERT", "MODIFY"]}, True),
        ({"eventName": ["REMOVE"]}, False),
        ({"eventName": [{"prefix": "INS"}]}, True),
        ({"eventName": [{"suffix": "ERT"}]}, True),
        ({"eventName": [{"anything-but": ["REMOVE"]}]}, True),
        ({"eventName": [{"anything-but": {"prefix": "INS"}}]}, False),
        ({"eventName": [{"equals-ignore-case": "insert"}]}, True),
        ({"dynamodb": {"NewImage": {"SK": {"S": ["ITEM"]}}}}, True),
        ({"dynamodb": {"NewImage": {"SK": {"S": ["OTHER"]}}}}, False),
        ({"dynamodb": {"NewImage": {"n": {"N": [{"numeric": [">", 4, "<=", 5]}]}}}}, True),
        ({"dynamodb": {"NewImage": {"n": {"N": [{"numeric": ["=", 4]}]}}}}, False),
        ({"dynamodb": {"OldImage": {"SK": [{"exists": False}]}}}, True),
        ({"dynamodb": {"NewImage": {"SK": {"S": [{"exists": True}]}}}}, True),
        ({"$or": [{"eventName": ["REMOVE"]}, {"eventName": ["INSERT"]}]}, True),
        ({"eventName": ["INSERT"], "missing": ["x"]}, False),
    ],
)
def test_filter_patterns_match_as_documented(pattern, verdict):
    filters.check(pattern)
    assert filters.matches(pattern, RECORD) is verdict


@pytest.mark.parametrize(
    "pattern", [{"a": [{"cidr": "x"}]}, {"a": [{"numeric": ["~", 1]}]}, {"a": "x"}, []]
)
def test_an_unknown_pattern_is_refused(pattern):
    with pytest.raises(filters.PatternError):
        filters.check(pattern)


def test_no_filter_lets_everything_through_and_one_of_several_is_enough():
    assert filters.matches_any([], RECORD)
    assert filters.matches_any([{"eventName": ["X"]}, {"eventName": ["INSERT"]}], RECORD)
