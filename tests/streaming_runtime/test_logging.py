"""Tests that the log is line for line that of the managed runtime: both clients run, side by side.

The stock client is awslambdaric; its output is the expectation wherever there is none here.
"""

import ast
import contextvars
import io
import json
import logging
import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streaming_runtime.context import enter
from streaming_runtime.errors import RuntimeFault
from streaming_runtime.log import Log, StandardLogSink, sink_of
from streaming_runtime.reports import error_lines, fitted, report, xray_cause
from streaming_runtime.root_logger import install
from streaming_runtime.runtime_api import Invocation

from tests.streaming_runtime.both_clients import HERE, OURS, both, run
from tests.support.fakes import FakeClock

CAUSE = "lambda-runtime-function-xray-error-cause"


def cases(decorator):
    """Returns a payload for each handler in logged.py with that decorator."""
    functions = ast.parse((HERE / "logged.py").read_text()).body
    return [
        {"case": function.name}
        for function in functions
        if isinstance(function, ast.FunctionDef)
        and decorator in [ast.unparse(each) for each in function.decorator_list]
    ]


def cause_of(post):
    cause = json.loads(post.headers.get(CAUSE) or "null")
    if cause:
        cause["paths"].sort()
    return cause


ENVIRONMENTS = [
    {},
    {"AWS_LAMBDA_LOG_FORMAT": "json"},
    {"AWS_LAMBDA_LOG_LEVEL": "FATAL"},
    {"AWS_LAMBDA_LOG_LEVEL": "INFO", "with_frames": True},
    {"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "TRACE", "with_frames": True},
    {"with_frames": True},
    {
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.11",
        "AWS_LAMBDA_LOG_FORMAT": "JSON",
        "AWS_LAMBDA_LOG_LEVEL": "nonsense",
    },
]


@pytest.mark.parametrize("options", ENVIRONMENTS, ids=lambda each: " ".join(each) or "text")
def test_each_way_to_log_print_and_fail_gives_the_same_lines_and_the_same_errors(options):
    payloads = cases("case")
    tenant = {"Lambda-Runtime-Aws-Tenant-Id": "tenant-1"}
    stock, ours = both("logged.handler", payloads, headers=[tenant] * len(payloads), **options)

    assert len(payloads) > 25
    assert ours.output.split("\n") == stock.output.split("\n")
    assert ours.frames == stock.frames
    for payload, theirs, mine in zip(payloads, stock.posts, ours.posts, strict=True):
        assert (payload, mine.path, mine.body) == (payload, theirs.path, theirs.body)
        assert (payload, cause_of(mine)) == (payload, cause_of(theirs))


@pytest.mark.parametrize("log_format", ["TEXT", "JSON"])
def test_a_record_that_cannot_be_formatted_fails_the_code_that_logs_it(log_format):
    payloads = cases("not_line_for_line")
    stock, ours = both("logged.handler", payloads, AWS_LAMBDA_LOG_FORMAT=log_format)

    def errors(seen):
        answers = [json.loads(post.body) or {} for post in seen.posts]
        return [(each.get("errorType"), each.get("errorMessage")) for each in answers]

    assert errors(ours) == errors(stock)
    assert ("TypeError", "%d format: a real number is required, not str") in errors(ours)


@pytest.mark.parametrize("options", [ENVIRONMENTS[0], ENVIRONMENTS[4]], ids=["text", "JSON"])
@pytest.mark.parametrize(
    "handler",
    [
        "broken.fails.handler",
        "broken.missing_import.handler",
        "broken.logs_and_fails.handler",
        "broken.plain.no_such_function",
    ],
)
def test_a_start_that_fails_is_logged_alike_with_the_same_warning_before_it(handler, options):
    stock, ours = both(handler, **options)

    assert ours.output == stock.output
    assert ours.frames == stock.frames
    assert [post.body for post in ours.posts] == [post.body for post in stock.posts]
    assert (ours.returncode, stock.returncode) == (1, 1)


@pytest.mark.parametrize("log_format", ["TEXT", "JSON"])
def test_the_workers_of_a_managed_instance_log_alike(log_format):
    """Each has its own import, in any order, so lines are compared without that.

    Both clients write what is printed and its line end one after the other, and the other worker
    may write in between.
    """

    def lines(output):
        ended = output.replace("printed at import", "printed at import\n")
        return sorted(filter(None, ended.split("\n")))

    options = {"AWS_LAMBDA_LOG_FORMAT": log_format, "AWS_LAMBDA_LOG_LEVEL": "DEBUG"}
    payload = [{"case": "threads"}]
    stock, ours = both("logged.handler", payload, AWS_LAMBDA_MAX_CONCURRENCY="2", **options)

    assert "runtime_worker_pool_initializing" in ours.output.partition("\n")[0]
    assert ours.output.count("\n") == stock.output.count("\n")
    assert lines(ours.output) == lines(stock.output)


CALLERS = [
    {},
    {"Lambda-Runtime-Client-Context": "{}", "Lambda-Runtime-Cognito-Identity": "{}"},
    {"Lambda-Runtime-Client-Context": "null", "Lambda-Runtime-Cognito-Identity": "null"},
    {"Lambda-Runtime-Client-Context": '{"client": {"app_title": "t"}, "custom": {"k": "v"}}'},
    {"Lambda-Runtime-Client-Context": '{"client": {}, "env": [1], "w3c": {"baggage": "b"}}'},
    {"Lambda-Runtime-Client-Context": '{"w3c": {"traceparent": 1, "tracestate": "s"}}'},
    {"Lambda-Runtime-Cognito-Identity": '{"cognitoIdentityId": "i", "cognitoIdentityPoolId": "p"}'},
    {"Lambda-Runtime-Client-Context": "no json"},
    {"Lambda-Runtime-Cognito-Identity": "[1"},
    {"Lambda-Runtime-Aws-Tenant-Id": "tenant-1"},
]


def test_the_context_is_the_same_whatever_the_caller_sent_along():
    payloads = [{"case": "the_context"} for _ in CALLERS]
    stock, ours = both("logged.handler", payloads, headers=CALLERS)

    assert [post.body for post in ours.posts] == [post.body for post in stock.posts]
    assert b"Runtime.LambdaContextUnmarshalError" in ours.posts[7].body
    assert ours.output == stock.output


def test_output_without_a_line_end_is_not_lost_when_the_process_is_killed():
    stock, ours = both("killed.handler", [{}])

    assert ours.output == stock.output == "at import printed written to the log to standard error"


def test_a_function_that_does_not_log_does_not_pay_for_logging():
    ours = run(OURS, "broken.modules.handler", [{}])

    assert "logging" not in json.loads(ours.posts[0].body)


def test_characters_that_are_no_text_are_escaped_instead_of_failing_the_function():
    """A difference that is wanted: under the stock client each of these raises an exception."""
    for options in ({}, {"with_frames": True}, {"AWS_LAMBDA_LOG_FORMAT": "JSON"}):
        ours = run(OURS, "logged.handler", [{"case": "half_a_surrogate_pair"}], **options)
        written = ours.output + "".join(message for _, message in ours.frames)

        assert "printed \\ud83d\n" in written
        assert "logged \\ud83d" in written
        assert "ValueError" in written
        assert ours.posts[0].path == "invocation/request-1/error"
        assert json.loads(ours.posts[0].body)["errorMessage"] == "raised \ud83d"


# --- the runtime's own records


class Kept(StandardLogSink):
    """A sink that keeps what it gets: (text, frame type)."""

    def __init__(self):
        self.records = []

    def log(self, msg, frame_type=None):
        self.records.append((msg, frame_type.hex()))

    def log_error(self, message_lines, frame_type=None):
        self.records.append(("\n".join(message_lines), frame_type.hex()))


def test_the_runtimes_own_records_look_like_those_of_a_logger():
    sink = Kept()
    text = Log(FakeClock(), sink=sink)
    as_json = Log(FakeClock(), as_json=True, sink=sink)
    enter(Invocation("r-1", *[None] * 8), None, alone=True)
    for log in (text, as_json):
        log.write("WARN", "runtime.word: é")

    (line, kind), (json_line, json_kind) = sink.records
    assert line == "[WARNING]\t2026-11-22T12:00:00.000Z\tr-1\truntime.word: é\n"
    assert kind == "a55a0003"
    assert json_line.endswith("}\n")
    assert "é" in json_line
    assert json.loads(json_line) == {
        "timestamp": "2026-11-22T12:00:00Z",
        "level": "WARNING",
        "message": "runtime.word: é",
        "logger": "streaming_runtime",
        "requestId": "r-1",
    }
    assert json_kind == "a55a0012"


@pytest.mark.parametrize(
    ("level", "written"),
    [
        ("", ["INFO", "WARNING", "ERROR"]),
        ("INFO", ["INFO", "WARNING", "ERROR"]),
        ("WARN", ["WARNING", "ERROR"]),
        ("ERROR", ["ERROR"]),
        ("FATAL", []),
        ("NONSENSE", ["INFO", "WARNING", "ERROR"]),
    ],
)
def test_the_level_leaves_out_the_runtimes_records_and_never_an_error(level, written):
    sink = Kept()
    log = Log(FakeClock(), level=level, sink=sink)
    for each in ("INFO", "WARN", "ERROR"):
        log.write(each, "runtime.word")
    log.error(LookupError("always"))

    *records, (error, _) = sink.records
    assert [record.partition("]")[0].lstrip("[") for record, _ in records] == written
    assert error.startswith("[ERROR] LookupError: always\n")


def test_an_error_is_still_logged_when_the_function_has_closed_its_output(capfd, monkeypatch):
    closed = io.StringIO()
    closed.close()
    log = Log(FakeClock())
    for output in (closed, None):
        monkeypatch.setattr(sys, "stdout", output)
        log.write("WARN", "runtime.word")
        log.error(LookupError("told all the same"))
    monkeypatch.undo()

    told = capfd.readouterr().err
    assert told.count("runtime.word\n") == 2
    assert told.count("[ERROR] LookupError: told all the same\r") == 2


@pytest.mark.parametrize("number", ["", "text", "-1", "1000000"])
def test_a_log_descriptor_that_is_none_leaves_standard_output(number):
    assert isinstance(sink_of(number, FakeClock()), StandardLogSink)


# --- which invocation


class Records(Kept):
    def ids(self):
        return [json.loads(text)["requestId"] for text, _ in self.records]


@pytest.fixture
def logged():
    """Returns the records that the root logger's handler writes as JSON."""
    sink = Records()
    install(Log(FakeClock(), as_json=True, sink=sink))
    return sink


def in_a_thread(function, *arguments):
    thread = threading.Thread(target=function, args=arguments)
    thread.start()
    thread.join()


def test_a_thread_without_context_logs_with_the_one_invocations_ids(logged):
    enter(Invocation("r-1", *[None] * 5, "tenant-1", None, b""), None, alone=True)
    in_a_thread(logging.warning, "in a thread")
    enter(Invocation("r-2", *[None] * 8), None, alone=True)
    in_a_thread(logging.warning, "in a thread")

    assert logged.ids() == ["r-1", "r-2"]
    assert [json.loads(text).get("tenantId") for text, _ in logged.records] == ["tenant-1", None]


def test_with_several_invocations_at_once_each_logs_with_its_own_ids(logged):
    def serves(request_id):
        enter(Invocation(request_id, *[None] * 5, request_id, None, b""), None, alone=False)
        contexts.append(contextvars.copy_context())

    contexts = []
    for request_id in ("r-1", "r-2"):
        in_a_thread(serves, request_id)
    for context in contexts:
        context.run(logging.warning, "in its context")
    in_a_thread(logging.warning, "in no context")

    assert logged.ids() == ["r-1", "r-2", ""]
    assert json.loads(logged.records[0][0])["tenantId"] == "r-1"


# --- what is said of an error


def test_a_cause_that_x_ray_could_not_take_is_left_out():
    assert json.loads(xray_cause(ValueError("x" * 1_000_000)))["exceptions"][0]["type"]
    assert xray_cause(ValueError("x" * 1_100_000)) == ""
    assert xray_cause(ValueError("ж" * 200_000)) == ""  # escaped, as a header needs it


def test_a_fault_of_the_runtime_is_a_validation_error_for_x_ray():
    cause = json.loads(xray_cause(RuntimeFault("Runtime.MarshalError", "no")))

    assert cause["exceptions"] == [{"message": "no", "type": "LambdaValidationError", "stack": []}]


@given(st.text())
def test_whatever_the_error_says_its_cause_may_stand_in_a_header(message):
    error = type("E", (Exception,), {"__str__": lambda self: message})()
    cause = xray_cause(error)

    assert all(" " <= character <= "~" for character in cause)
    assert json.loads(cause)["exceptions"][0]["message"] == message
    assert error_lines(report(error))[0].startswith("[ERROR] E")


@given(
    st.text(max_size=3_000),
    st.text(max_size=3_000),
    st.lists(st.text(max_size=300), max_size=20),
    st.booleans(),
)
def test_a_report_always_gets_as_short_as_it_must_be(message, kind, stack_trace, ascii_only):
    fields = {"errorMessage": message, "errorType": kind, "requestId": "r"}
    text = fitted({**fields, "stackTrace": stack_trace}, 1_024, ascii_only=ascii_only)

    assert len(text) <= 1_024
    assert json.loads(text)["requestId"] == "r"
