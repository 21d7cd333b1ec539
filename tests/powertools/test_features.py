"""Each feature of Logger, Metrics and Tracer: inside of a stream, before it, and as under stock."""

import pytest

from tests.powertools import payloads

pytestmark = pytest.mark.once

LOGGER = [
    "levels",
    "appended_keys",
    "context_keys",
    "thread_safe_keys",
    "current_keys",
    "correlation",
    "extra_fields",
    "exceptions",
    "children",
    "formatters",
    "sampling",
    "other_loggers",
    "fresh_structure",
]
METRICS = [
    "figures",
    "dimensions",
    "default_dimensions",
    "metadata",
    "single",
    "ephemeral",
    "for_datadog",
]
TRACER = [
    "annotations",
    "captured",
    "captured_silently",
    "captured_error",
    "escape_hatch",
    "asynchronous",
]
SAMPLED = f"Root=ROOT;Parent={'a' * 16};Sampled=1"
# These differ from one invocation to the next, or with the place in the code.
VARYING = {
    "timestamp",
    "function_request_id",
    "cold_start",
    "xray_trace_id",
    "location",
    "exception",
    "stack_trace",
    "e",
}
OF_SUBSEGMENTS = ("name", "annotations", "metadata", "fault", "namespace")


@pytest.fixture
def results(ours, stock):
    """Returns a function: what a feature writes inside of a stream, before it, and under stock."""

    def results(case, part):
        streamed = payloads.url("/", case=case, streamed=True)
        whole = payloads.url("/", case=case, streamed=False)
        answers = [
            ours("features.handler", streamed, trace=SAMPLED),
            ours("features.handler", whole, trace=SAMPLED),
            stock("features.handler", whole, trace=SAMPLED),
        ]
        for answer in answers:
            assert answer.http.body == b"done"
            assert answer.post.kind == "response"
        assert answers[0].streamed
        return [part(answer) for answer in answers]

    return results


def records(answer):
    """The log records, without what varies."""
    lines = [line for line in answer.records if "_aws" not in line]
    return [{name: line[name] for name in line.keys() - VARYING} for line in lines]


def figures(answer):
    """The metrics, without their times."""
    lines = []
    for line in answer.metrics:
        described = {name: line["_aws"][name] for name in line["_aws"].keys() - {"Timestamp"}}
        lines.append({**line, "_aws": described})
    return lines + [line for line in records(answer) if "m" in line]


def subsegments(answer):
    """The subsegments but those of the handler and the stream, whose place differs."""
    named = [each for each in answer.trace if each["name"] not in ("## handler", "## stream")]
    return [{name: each[name] for name in OF_SUBSEGMENTS if name in each} for each in named]


@pytest.mark.parametrize("case", LOGGER)
def test_each_feature_of_logger_writes_the_same_records_in_a_stream(case, results):
    streamed, whole, stock = results(case, records)

    assert streamed == whole == stock
    assert streamed


@pytest.mark.parametrize("case", METRICS)
def test_each_feature_of_metrics_writes_the_same_figures_in_a_stream(case, results):
    streamed, whole, stock = results(case, figures)

    assert streamed == whole == stock
    assert streamed


@pytest.mark.parametrize("case", TRACER)
def test_each_feature_of_tracer_sends_the_same_subsegments_in_a_stream(case, results):
    streamed, whole, stock = results(case, subsegments)

    assert streamed == whole == stock
    assert streamed or case == "annotations"


def test_an_annotation_is_that_of_the_stream_or_of_the_handler(results):
    def annotated(answer):
        [found] = [each for each in answer.trace if "order" in each.get("annotations", {})]
        return found["name"], found["metadata"]

    streamed, whole, stock = results("annotations", annotated)

    assert streamed == ("## stream", {"own": {"more": {"a": [1, 2]}}})
    assert whole == stock
