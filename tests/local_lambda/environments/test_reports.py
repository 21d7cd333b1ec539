"""The lines that Lambda itself adds to a function's log."""

import json
import logging
from dataclasses import replace

import pytest

from local_lambda.application import Logging
from local_lambda.environments.memory import peak_memory_mb
from local_lambda.environments.records import Record
from local_lambda.environments.reports import InitFailure, JsonLines, TextLines, lines_of

DONE = Record(
    function="F",
    request_id="id-1",
    pid=7,
    started_at_s=1_700_000_000,
    duration_ms=12.345,
    memory_mb=128,
    max_memory_mb=38,
    init_ms=100.5,
    response_bytes=40,
)
AT_S = 1_700_000_000.25


def texts(lines, level=logging.INFO):
    return [line.text for line in lines if line.level >= level]


def test_a_report_reads_as_in_cloudwatch():
    assert texts(TextLines().end(DONE, AT_S)) == [
        "REPORT RequestId: id-1\tDuration: 12.35 ms\tBilled Duration: 113 ms\tMemory Size: 128 MB"
        "\tMax Memory Used: 38 MB\tInit Duration: 100.50 ms"
    ]


def test_start_and_end_are_for_the_level_debug():
    lines = TextLines()
    every = texts(lines.start("id-1", ""), logging.DEBUG) + texts(lines.end(DONE, AT_S), 10)
    assert every[:2] == ["START RequestId: id-1 Version: $LATEST", "END RequestId: id-1"]
    assert texts(lines.start("id-1", "")) == []


def test_a_report_leaves_out_what_is_not_known():
    warm = replace(DONE, init_ms=None, max_memory_mb=None)
    assert texts(TextLines().end(warm, AT_S)) == [
        "REPORT RequestId: id-1\tDuration: 12.35 ms\tBilled Duration: 13 ms\tMemory Size: 128 MB"
    ]


@pytest.mark.parametrize(
    ("status", "error_type", "ending"),
    [
        ("timeout", "Sandbox.Timedout", "\tStatus: timeout"),
        ("error", "Runtime.ExitError", "\tStatus: error\tError Type: Runtime.ExitError"),
        ("error", "ValueError", "\tInit Duration: 100.50 ms"),
    ],
)
def test_a_report_names_what_the_platform_did_and_no_exception_of_a_handler(
    status, error_type, ending
):
    record = replace(DONE, status=status, error_type=error_type)
    assert texts(TextLines().end(record, AT_S))[0].endswith(ending)


def test_a_timeout_has_its_line_as_on_lambda():
    record = replace(DONE, status="timeout", duration_ms=3000)
    assert texts(TextLines().end(record, AT_S), logging.DEBUG)[0] == (
        "2023-11-14T22:13:20.250Z id-1 Task timed out after 3.00 seconds"
    )


@pytest.mark.parametrize(("sampled", "count"), [("1", 2), ("0", 1)])
def test_the_trace_is_named_when_it_is_sampled(sampled, count):
    record = replace(DONE, trace_id=f"Root=1-a-b;Parent=c;Sampled={sampled}")
    lines = texts(TextLines().end(record, AT_S))
    assert len(lines) == count
    assert lines[1:] == ["XRAY TraceId: 1-a-b\tSegmentId: c\tSampled: true"][: count - 1]


def test_a_failed_init_phase_is_reported():
    failure = InitFailure(137.694, "init", "error", "Runtime.ImportModuleError")
    assert texts(TextLines().init_failed(failure)) == [
        "INIT_REPORT Init Duration: 137.69 ms\tPhase: init\tStatus: error"
        "\tError Type: Runtime.ImportModuleError"
    ]
    late = InitFailure(10_000, "init", "timeout")
    assert texts(TextLines().init_failed(late))[0].endswith("Phase: init\tStatus: timeout")


def test_a_function_that_logs_json_gets_events():
    lines = lines_of(Logging(format="JSON"))
    (report,) = map(json.loads, texts(lines.end(DONE, AT_S)))
    assert report == {
        "time": "2023-11-14T22:13:20.250Z",
        "type": "platform.report",
        "record": {
            "requestId": "id-1",
            "status": "success",
            "metrics": {
                "durationMs": 12.345,
                "billedDurationMs": 113,
                "memorySizeMB": 128,
                "maxMemoryUsedMB": 38,
                "initDurationMs": 100.5,
            },
        },
    }


@pytest.mark.parametrize(
    ("status", "error_type", "said"),
    [("timeout", "x", None), ("error", "ValueError", "ValueError")],
)
def test_an_event_names_the_type_of_an_error_and_none_of_a_timeout(status, error_type, said):
    record = replace(DONE, status=status, error_type=error_type)
    report = json.loads(texts(JsonLines("").end(record, AT_S))[-1])["record"]
    assert (report["status"], report.get("errorType")) == (status, said)


@pytest.mark.parametrize(
    ("system_level", "status", "kinds"),
    [
        ("", "success", ["platform.start", "platform.report"]),
        ("DEBUG", "success", ["platform.start", "platform.runtimeDone", "platform.report"]),
        ("WARN", "success", []),
        ("WARN", "timeout", ["platform.runtimeDone", "platform.report"]),
    ],
)
def test_the_system_level_decides_which_events_there_are(system_level, status, kinds):
    lines = JsonLines(system_level)
    both = [*lines.start("id-1", ""), *lines.end(replace(DONE, status=status), AT_S)]
    assert [json.loads(text)["type"] for text in texts(both, logging.DEBUG)] == kinds


def test_the_memory_of_a_process_and_its_descendants_is_summed_and_rounded_up(tmp_path):
    for pid, children, peak in (
        (1, "2 3", "VmHWM:\t 2048 kB"),
        (2, "", "VmHWM: 1 kB"),
        (3, "", ""),
    ):
        task = tmp_path / str(pid) / "task" / str(pid)
        task.mkdir(parents=True)
        (task / "children").write_text(children)
        (tmp_path / str(pid) / "status").write_text(f"Name: python\n{peak}\n")
    assert peak_memory_mb(1, tmp_path) == 3
    assert peak_memory_mb(9, tmp_path) is None
