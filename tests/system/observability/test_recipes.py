"""Runs the recipes of docs/observability.md with the real tools.

Each serves a stream that ends well, one that fails after its first piece, and is killed then.
"""

import base64
import gzip
import json
from pathlib import Path

import pytest

from tests.support.tools import observability_python
from tests.system.observability.payloads import asks, envelopes, json_lines, otlp_spans
from tests.system.observability.recipes import Recipe

pytestmark = pytest.mark.once
HERE = Path(__file__).parent
WELL = asks("5,4")
FAILS = asks("5,0")
LUMIGO_SPANS = Path("/tmp/lumigo-spans")  # Lumigo's extension reads them there


def assert_streams(ended):
    """The tool changes nothing of what clients and Lambda get."""
    well, failed = ended.posts
    assert well.content == b"20.0\n25.0\n", ended.stderr
    assert well.trailers == {}
    assert failed.content == b"20.0\n"
    assert failed.trailers["lambda-runtime-function-error-type"] == "Function.ZeroDivisionError"


def test_sentry(run, collector):
    recipe = Recipe("Sentry")
    ended = run(recipe.code, WELL, FAILS, SENTRY_DSN=f"http://key@{collector.address}/1")

    assert_streams(ended)
    sent = envelopes(collector)
    (event,) = [each for each in sent if "exception" in each]
    well, failed = [each for each in sent if each.get("type") == "transaction"]
    assert event["exception"]["values"][0]["type"] == "ZeroDivisionError"
    assert event["exception"]["values"][0]["mechanism"] == {"type": "aws_lambda", "handled": False}
    assert event["extra"]["lambda"]["aws_request_id"] == "request-2"
    trace = failed["contexts"]["trace"]
    assert event["contexts"]["trace"]["trace_id"] == trace["trace_id"]
    assert trace["status"] == "internal_error"
    assert "status" not in well["contexts"]["trace"]
    assert [span["description"] for span in well["spans"]] == ["line 5", "line 4"]
    assert [span["description"] for span in failed["spans"]] == ["line 5", "line 0"]
    for transaction in (well, failed):
        root = transaction["contexts"]["trace"]["span_id"]
        for span in transaction["spans"]:
            assert span["parent_span_id"] == root
            assert span["timestamp"] <= transaction["timestamp"]


def assert_lasts(spans):
    """Two spans of handlers, each with its lines in it; the second has failed."""
    well, failed = [span for span in spans if span["name"] == "watched"]
    for root, names in ((well, ["line 5", "line 4"]), (failed, ["line 5", "line 0"])):
        inside = [span for span in spans if span.get("parentSpanId") == root["spanId"]]
        assert [span["name"] for span in inside] == names
        assert all(span["endTimeUnixNano"] <= root["endTimeUnixNano"] for span in inside)
        assert all(span["traceId"] == root["traceId"] for span in inside)
    assert well["status"] == {}
    described = "ZeroDivisionError: division by zero"
    assert failed["status"] == {"code": "STATUS_CODE_ERROR", "message": described}
    (exception,) = failed["events"]
    assert {"key": "exception.message", "value": {"stringValue": "division by zero"}} in exception[
        "attributes"
    ]
    assert len(spans) == 6


def test_opentelemetry(run, collector):
    endpoint = f"http://{collector.address}"
    code = Recipe("OpenTelemetry").code
    ended = run(code, WELL, FAILS, OTEL_EXPORTER_OTLP_ENDPOINT=endpoint)

    assert_streams(ended)
    assert_lasts(otlp_spans(collector))


@pytest.mark.parametrize("wrapper", ["otel-instrument", "opentelemetry-instrument"])
def test_opentelemetry_with_a_wrapper(run, collector, wrapper):
    """The first one and its module stand for those of the layer, and do what they do.

    The second one is OpenTelemetry's command for any program.
    """
    recipe = Recipe("OpenTelemetry")
    assert recipe.variables == {"STREAMING_RUNTIME_EXEC_WRAPPER": "/opt/otel-instrument"}
    assert recipe.handler == "app.handler"
    layer = HERE / "otel_layer"
    code = (
        "from opentelemetry import trace\n\n"
        "tracer = trace.get_tracer(__name__)\n"
        f"def lines{recipe.code.partition('def lines')[2].partition('AwsLambdaInstrumentor')[0]}"
    )
    path = {
        "otel-instrument": layer / "otel-instrument",
        "opentelemetry-instrument": observability_python().with_name("opentelemetry-instrument"),
    }
    ended = run(
        code,
        WELL,
        FAILS,
        STREAMING_RUNTIME_EXEC_WRAPPER=str(path[wrapper]),
        LAYER=str(layer),
        OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf",
        OTEL_EXPORTER_OTLP_ENDPOINT=f"http://{collector.address}",
    )

    assert_streams(ended)
    assert_lasts(otlp_spans(collector))


def test_datadog(run):
    recipe = Recipe("Datadog")
    ended = run(
        recipe.code,
        WELL,
        FAILS,
        handler=recipe.handler,
        DD_COLD_START_TRACING="false",
        DD_FLUSH_TO_LOG="true",
        **recipe.variables,
    )

    assert_streams(ended)
    lines = json_lines(ended.stdout)
    spans = [span for line in lines for trace in line.get("traces", ()) for span in trace]
    well, failed = [span for span in spans if span["name"] == "aws.lambda"]
    for root, names in ((well, ["line 5", "line 4"]), (failed, ["line 5", "line 0"])):
        inside = [span for span in spans if span["parent_id"] == root["span_id"]]
        assert [span["name"] for span in inside] == names
        end = root["start"] + root["duration"]
        assert all(span["start"] + span["duration"] <= end for span in inside)
    assert well["error"] == 0
    assert failed["error"] == 1
    assert failed["meta"]["error.type"] == "builtins.ZeroDivisionError"
    metrics = [line["m"] for line in lines if "m" in line]
    assert metrics.count("aws.lambda.enhanced.invocations") == 2
    assert metrics.count("aws.lambda.enhanced.errors") == 1


@pytest.fixture
def lumigo_spans():
    """Returns a function that reads what Lumigo has written for its extension, and removes it."""

    def read(name):
        spans = []
        for path in sorted(LUMIGO_SPANS.glob("*"), key=lambda path: path.stat().st_mtime_ns):
            written = json.loads(path.read_text() or "[]")
            if any(span.get("name") == name for span in written):
                spans += written
                path.unlink()
        return spans

    return read


def test_lumigo(run, lumigo_spans, tmp_path):
    recipe = Recipe("Lumigo")
    name = tmp_path.name
    ended = run(
        recipe.code,
        WELL,
        FAILS,
        handler=recipe.handler,
        AWS_LAMBDA_FUNCTION_NAME=name,
        LUMIGO_USE_TRACER_EXTENSION="true",
        LUMIGO_INITIALIZATION_CONNECTION="false",
        **recipe.variables,
    )

    assert_streams(ended)
    spans = lumigo_spans(name)
    ended_spans = {span["id"]: span for span in spans if span.get("type") == "function"}
    tags = [
        span["lumigo_execution_tags_no_scrub"] for span in spans if span["type"] == "enrichment"
    ]
    assert "error" not in ended_spans["request-1"]
    assert ended_spans["request-2"]["error"]["type"] == "ZeroDivisionError"
    assert json.loads(ended_spans["request-1"]["return_value"])["body"] == "(streamed)"
    assert [{"key": "line", "value": "5"}, {"key": "line", "value": "4"}] in tags


def test_a_tool_of_your_own(run):
    ended = run(Recipe("A tool of your own").code, WELL, FAILS)

    assert_streams(ended)
    printed = ended.stdout.splitlines()
    assert [line for line in printed if line.startswith(("the stream", "line", "request"))] == [
        "the stream begins",
        "line 5",
        "line 4",
        "the stream ends",
        "request-1 is over: None",
        "the stream begins",
        "line 5",
        "line 0",
        "the stream failed: division by zero",
        "request-2 is over: ZeroDivisionError('division by zero')",
    ]


def test_new_relic(run):
    recipe = Recipe("New Relic")
    ended = run(recipe.code, WELL, FAILS, handler=recipe.handler, **recipe.variables)

    assert_streams(ended)
    sent = [
        json.loads(gzip.decompress(base64.b64decode(line[-1])))["data"]
        for line in json_lines(ended.stdout)
        if line[1] == "NR_LAMBDA_MONITORING"
    ]
    well, failed = sent
    for data, names in ((well, ["line 5", "line 4"]), (failed, ["line 5", "line 0"])):
        spans = [span for span, *_ in data["span_event_data"][2]]
        (root,) = [span for span in spans if span.get("nr.entryPoint")]
        inside = [span for span in spans if span.get("parentId") == root["guid"]]
        assert [span["name"] for span in inside] == [f"Function/{name}" for name in names]
    assert "error_event_data" not in well
    ((error, *_),) = failed["error_event_data"][2]
    assert error["error.class"] == "builtins:ZeroDivisionError"
