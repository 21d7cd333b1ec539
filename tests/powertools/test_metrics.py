"""Metrics around streams: all figures of an invocation come with it, once."""

import pytest

from tests.powertools import payloads


@pytest.fixture
def invoke(ours):
    """Returns a function that invokes one case of handlers/decorators.py."""

    def invoke(case, **more):
        return ours("decorators.handler", payloads.url("/", case=case, **more))

    return invoke


def values(answer):
    """Returns each metric's values, of all lines together."""
    found = {}
    for line in answer.metrics:
        for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]:
            found.setdefault(metric["Name"], []).extend(line[metric["Name"]])
    return found


def test_figures_of_a_stream_come_in_the_same_invocation(invoke):
    for _ in range(2):
        answer = invoke("measured")

        assert values(answer) == {"Handled": [1.0], "Streamed": [2.0]}
        assert answer.post.content == b"x"


def test_a_dimension_that_the_handler_set_is_on_the_streams_figures(invoke):
    [line] = invoke("measured").metrics

    assert line["route"] == "x"
    assert line["service"] == "shop"
    assert line["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Shop"


def test_a_whole_response_has_its_figures_as_ever(invoke, stock):
    theirs = stock("decorators.handler", payloads.url("/", case="measured_whole"))

    assert values(invoke("measured_whole")) == values(theirs) == {"Handled": [1.0]}


def test_no_figures_at_all_are_an_error_at_the_streams_end_where_that_is_wanted(invoke):
    answer = invoke("measured_strictly")
    empty = invoke("measured_strictly", empty=True)

    assert values(answer) == {"Streamed": [1.0]}
    assert not answer.post.trailers
    assert empty.post.content == b"x"
    error_type = empty.post.trailers["lambda-runtime-function-error-type"]
    assert error_type == "Function.SchemaValidationError"


def test_the_cold_start_is_counted_once(invoke):
    first = values(invoke("measured_cold"))

    assert first == {"ColdStart": [1.0], "Handled": [1.0], "Streamed": [2.0]}
    assert "ColdStart" not in values(invoke("measured_cold"))


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ("measured_failing", {"Streamed": [1.0]}),
        ("measured_generator", {"Streamed": [1.0]}),
        ("measured_body_alone", {"Handled": [1.0], "Streamed": [1.0]}),
        ("measured_async", {"Handled": [1.0], "Streamed": [1.0]}),
        ("measured_async_whole", {"Handled": [1.0]}),
        ("measured_single", {"Single": [1.0]}),
        ("measured_by_hand", {"Streamed": [1.0]}),
        ("measured_ephemeral", {"Streamed": [1.0]}),
    ],
)
def test_figures_come_with_their_invocation(case, expected, invoke):
    answer = invoke(case)

    assert values(answer) == expected
    assert answer.post.body.endswith((b"x", b"whole"))


def test_default_dimensions_of_the_decorator_are_on_the_streams_figures(invoke):
    [line] = invoke("measured_ephemeral").metrics

    assert line["kind"] == "e"
    assert line["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Other"


def test_more_figures_than_a_line_holds_are_all_there(invoke):
    assert len(values(invoke("measured_much"))) == 101


def test_figures_for_datadog_come_with_their_invocation(invoke):
    [line] = invoke("measured_datadog").records

    assert line["m"] == "Dog.Streamed"
    assert "kind:d" in line["t"]


def test_figures_of_a_stream_that_another_decorator_dropped_are_not_lost(invoke):
    answer = invoke("measured_and_dropped")

    assert values(answer) == {"Dropped": [1.0]}
    assert answer.post.content == b"whole"


def test_metrics_that_are_disabled_stay_so(ours):
    payload = payloads.url("/", case="measured")
    answer = ours("decorators.handler", payload, {"POWERTOOLS_METRICS_DISABLED": "true"})

    assert answer.metrics == []
    assert answer.post.content == b"x"
