"""Tests how tools last through other endings than those of the recipes."""

import pytest

from tests.system.observability.payloads import asks, envelopes, otlp_spans

pytestmark = pytest.mark.once

SENTRY = """
import os
import time

import sentry_sdk
from sentry_sdk.integrations.aws_lambda import AwsLambdaIntegration

sentry_sdk.init(traces_sample_rate=1.0, integrations=[AwsLambdaIntegration(timeout_warning=True)])


def lines(what):
    with sentry_sdk.start_span(op="line", name="inside"):
        yield "a"
    while what == "deadline":
        time.sleep(0.02)
        yield ""


async def late():
    with sentry_sdk.start_span(op="line", name="inside"):
        yield "a"
    raise ValueError


def handler(event, context):
    what = event["rawQueryString"]
    sentry_sdk.set_tag("asked", what)
    if what == "early":
        raise KeyError
    bodies = {"whole": "whole", "late": late()}
    return {"statusCode": 200, "body": bodies.get(what) or lines(what)}


async def async_handler(event, context):
    with sentry_sdk.start_span(op="line", name="handled"):
        return handler(event, context)
"""

OPENTELEMETRY = """
import threading

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.aws_lambda import AwsLambdaInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
trace.set_tracer_provider(provider)
tracer = trace.get_tracer(__name__)
meet = threading.Barrier(2)


def lines(what):
    with tracer.start_as_current_span(f"inside {what}"):
        yield "a"
        while what == "sigterm":
            threading.Event().wait(0.02)
            yield ""
        if what in ("one", "two"):
            meet.wait(10)
            yield "b"


async def late():
    with tracer.start_as_current_span("inside late"):
        yield "a"
    raise ValueError


def handler(event, context):
    what = event["rawQueryString"]
    if what == "early":
        raise KeyError
    bodies = {"whole": "whole", "late": late()}
    return {"statusCode": 200, "body": bodies.get(what) or lines(what)}


async def async_handler(event, context):
    with tracer.start_as_current_span("handled"):
        return handler(event, context)


AwsLambdaInstrumentor().instrument()
AwsLambdaInstrumentor().uninstrument()
AwsLambdaInstrumentor().instrument()
"""


def errors_of(collector):
    """Returns the type of each exception that Sentry got, with the tag of its invocation."""
    return [
        (event["exception"]["values"][-1]["type"], event.get("tags", {}).get("asked"))
        for event in envelopes(collector)
        if "exception" in event
    ]


def transactions_of(collector):
    """Returns status and spans of each transaction that Sentry got."""
    return [
        (each["contexts"]["trace"].get("status"), [span["description"] for span in each["spans"]])
        for each in envelopes(collector)
        if each.get("type") == "transaction"
    ]


def test_sentry_hears_of_each_ending_once(run, collector):
    asked = [asks(what) for what in ("whole", "early", "fine", "late", "deadline")]
    asked[-1]["timeout_ms"] = 1_000
    ended = run(SENTRY, *asked, SENTRY_DSN=f"http://key@{collector.address}/1")

    kinds = [post.kind for post in ended.posts]
    assert kinds == ["response", "error", "response", "response", "response"]
    assert errors_of(collector) == [
        ("KeyError", "early"),
        ("ValueError", "late"),
        ("RuntimeFault", "deadline"),
    ]
    assert transactions_of(collector) == [
        (None, []),
        ("internal_error", []),
        (None, ["inside"]),
        ("internal_error", ["inside"]),
        ("internal_error", ["inside"]),
    ]


def test_what_sentry_gets_holds_no_variable_of_the_runtimes_own(run, collector):
    run(SENTRY, asks("late"), SENTRY_DSN=f"http://key@{collector.address}/1")

    (event,) = [each for each in envelopes(collector) if "exception" in each]
    frames = event["exception"]["values"][0]["stacktrace"]["frames"]
    assert [frame["function"] for frame in frames] == ["late"]


def test_sentry_lasts_through_an_async_handler(run, collector):
    asked = [asks(what) for what in ("early", "late")]
    dsn = f"http://key@{collector.address}/1"
    run(SENTRY, *asked, handler="app.async_handler", SENTRY_DSN=dsn)

    assert errors_of(collector) == [("KeyError", "early"), ("ValueError", "late")]
    assert transactions_of(collector) == [
        ("internal_error", ["handled"]),
        ("internal_error", ["handled", "inside"]),
    ]


def test_sentry_hears_of_a_function_that_cannot_be_imported(run, collector):
    code = f"{SENTRY}\nimport nothing_of_that_name\n"
    ended = run(code, asks("x"), SENTRY_DSN=f"http://key@{collector.address}/1")

    assert ended.returncode == 1
    assert [kind for kind, _ in errors_of(collector)] == ["RuntimeFault"]
    (event,) = [each for each in envelopes(collector) if "exception" in each]
    assert event["exception"]["values"][0]["type"] == "ModuleNotFoundError"


def named(spans):
    """Returns the name of each span with that of its parent, and whether it has failed."""
    names = {span["spanId"]: span["name"] for span in spans}
    return [
        (names.get(span.get("parentSpanId")), span["name"], "code" in span["status"])
        for span in spans
    ]


def test_opentelemetry_hears_of_each_ending_once(run, collector):
    asked = [asks(what) for what in ("whole", "early", "fine", "late")]
    endpoint = f"http://{collector.address}"
    run(OPENTELEMETRY, *asked, OTEL_EXPORTER_OTLP_ENDPOINT=endpoint)

    assert named(otlp_spans(collector)) == [
        (None, "watched", False),
        (None, "watched", True),
        ("watched", "inside fine", False),
        (None, "watched", False),
        ("watched", "inside late", False),
        (None, "watched", True),
    ]


def test_opentelemetry_lasts_through_an_async_handler(run, collector):
    endpoint = f"http://{collector.address}"
    asked = [asks(what) for what in ("early", "late")]
    run(
        OPENTELEMETRY,
        *asked,
        handler="app.async_handler",
        OTEL_EXPORTER_OTLP_ENDPOINT=endpoint,
    )

    assert named(otlp_spans(collector)) == [
        ("watched", "handled", True),
        (None, "watched", True),
        ("watched", "handled", False),
        ("watched", "inside late", False),
        (None, "watched", True),
    ]


def test_opentelemetry_keeps_invocations_apart_in_threads(run, collector):
    run(
        OPENTELEMETRY,
        asks("one"),
        asks("two"),
        AWS_LAMBDA_MAX_CONCURRENCY="2",
        STREAMING_RUNTIME_CONCURRENCY="threads",
        OTEL_EXPORTER_OTLP_ENDPOINT=f"http://{collector.address}",
    )

    spans = otlp_spans(collector)
    inside = [span for span in spans if span["name"].startswith("inside")]
    roots = {span["spanId"]: span["traceId"] for span in spans if span["name"] == "watched"}
    assert sorted(span["name"] for span in inside) == ["inside one", "inside two"]
    assert {span["parentSpanId"] for span in inside} == set(roots)
    assert all(span["traceId"] == roots[span["parentSpanId"]] for span in inside)


@pytest.mark.parametrize("mode", ["processes", "shared"])
def test_opentelemetry_lasts_in_processes(run, collector, mode):
    run(
        OPENTELEMETRY,
        asks("fine"),
        asks("late"),
        AWS_LAMBDA_MAX_CONCURRENCY="2",
        STREAMING_RUNTIME_CONCURRENCY=mode,
        OTEL_EXPORTER_OTLP_ENDPOINT=f"http://{collector.address}",
    )

    assert sorted(named(otlp_spans(collector)), key=str) == [
        ("watched", "inside fine", False),
        ("watched", "inside late", False),
        (None, "watched", False),
        (None, "watched", True),
    ]


@pytest.mark.parametrize("mode", ["processes", "shared", "threads"])
def test_sentry_lasts_in_each_mode(run, collector, mode):
    run(
        SENTRY,
        asks("fine"),
        asks("late"),
        AWS_LAMBDA_MAX_CONCURRENCY="2",
        STREAMING_RUNTIME_CONCURRENCY=mode,
        SENTRY_DSN=f"http://key@{collector.address}/1",
    )

    assert errors_of(collector) == [("ValueError", "late")]
    assert sorted(transactions_of(collector), key=str) == [
        ("internal_error", ["inside"]),
        (None, ["inside"]),
    ]


def test_sigterm_which_extensions_bring_ends_spans_and_sends_them(run, collector):
    """https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html"""
    endpoint = f"http://{collector.address}"
    code = OPENTELEMETRY
    asked = asks("sigterm")
    ended = run(code, asked, terminates=True, OTEL_EXPORTER_OTLP_ENDPOINT=endpoint)

    assert ended.returncode == 0
    assert ended.posts[0].complete
    assert named(otlp_spans(collector)) == [
        ("watched", "inside sigterm", False),
        (None, "watched", False),
    ]


def test_sentrys_decorator_for_any_platform_lasts_too(run, collector):
    code = SENTRY.replace("integrations=[AwsLambdaIntegration(timeout_warning=True)]", "") + (
        "\n\nfrom sentry_sdk.integrations.serverless import serverless_function\n"
        "handler = serverless_function(handler)\n"
        "assert handler.__name__ == 'handler'\n"
    )
    dsn = f"http://key@{collector.address}/1"
    ended = run(code, *[asks(what) for what in ("whole", "early", "late")], SENTRY_DSN=dsn)

    assert [post.kind for post in ended.posts] == ["response", "error", "response"]
    assert errors_of(collector) == [("KeyError", "early"), ("ValueError", "late")]


def test_two_tools_last_beside_each_other(run, collector):
    code = OPENTELEMETRY.replace(
        "import threading\n", "import threading\n\nimport sentry_sdk\n"
    ) + (
        "\nfrom sentry_sdk.integrations.aws_lambda import AwsLambdaIntegration\n"
        "sentry_sdk.init(traces_sample_rate=1.0, integrations=[AwsLambdaIntegration()])\n"
    )
    run(
        code,
        *[asks(what) for what in ("whole", "late")],
        SENTRY_DSN=f"http://key@{collector.address}/1",
        OTEL_EXPORTER_OTLP_ENDPOINT=f"http://{collector.address}",
    )

    assert named(otlp_spans(collector)) == [
        (None, "watched", False),
        ("watched", "inside late", False),
        (None, "watched", True),
    ]
    collector.requests[:] = [each for each in collector.requests if "envelope" in each[0]]
    assert errors_of(collector) == [("ValueError", None)]
    assert [status for status, _ in transactions_of(collector)] == [None, "internal_error"]
