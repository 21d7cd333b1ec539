"""The log of running functions: request ids, and the report of each invocation."""

import http.client
import re
from urllib.parse import urlsplit

from local_lambda import Emulator


def report_of(emulator, begin):
    lines = emulator.log[begin:].splitlines()
    return next((line for line in lines if "\tBilled Duration:" in line), "")


def test_each_invocation_ends_with_a_report_that_has_its_request_id(emulator):
    begin = len(emulator.log)
    emulator.invoke("StockFunction", {"do": "context"})
    report = emulator.wait_for(lambda: report_of(emulator, begin))
    match = re.match(
        r"\d\d:\d\d:\d\d\.\d{3} (\S+) StockFunction\[\d+\] REPORT RequestId: (\S+)\t"
        r"Duration: [\d.]+ ms\tBilled Duration: \d+ ms\tMemory Size: 256 MB",
        report,
    )
    assert match, report
    assert match[1] == match[2]


def test_what_a_function_prints_has_the_request_id_and_comes_before_the_report(emulator):
    begin = len(emulator.log)
    emulator.invoke("StockFunction", {"do": "raise"})
    emulator.wait_for(lambda: report_of(emulator, begin))
    lines = [line for line in emulator.log[begin:].splitlines() if "StockFunction[" in line]
    traceback = next(n for n, line in enumerate(lines) if "] Traceback (most" in line)
    report = next(n for n, line in enumerate(lines) if "] REPORT RequestId" in line)
    assert traceback < report
    assert lines[traceback].split()[1] == lines[report].split()[1] != "-"
    assert "Error Type" not in lines[report]


def test_a_timeout_is_reported_with_its_status_and_its_exact_length(emulator):
    begin = len(emulator.log)
    emulator.invoke("QuickFunction", {"do": "sleep"})
    report = emulator.wait_for(lambda: report_of(emulator, begin))
    assert "\tDuration: 1000.00 ms\t" in report
    assert report.endswith("\tStatus: timeout")


def test_a_failed_init_is_reported_twice_and_then_the_invocation(emulator):
    begin = len(emulator.log)
    emulator.invoke("InitExitFunction", {})
    emulator.wait_for(lambda: report_of(emulator, begin))
    phases = re.findall(r"INIT_REPORT .*Phase: (\w+)\tStatus: error", emulator.log[begin:])
    assert phases == ["init", "invoke"]
    assert "Error Type: Runtime.ExitError" in report_of(emulator, begin)


def test_an_init_that_hangs_is_reported_as_a_timeout(template_path):
    with Emulator(template_path, "--init-timeout", "0.5") as impatient:
        impatient.invoke("InitHangFunction", {})
        report = impatient.wait_for(lambda: report_of(impatient, 0))
        assert report.endswith("\tStatus: timeout")
        inits = [line for line in impatient.log.splitlines() if "INIT_REPORT" in line]
        assert len([line for line in inits if "InitHangFunction" in line]) == 2


def test_a_function_that_runs_several_invocations_reports_each(emulator):
    begin = len(emulator.log)
    emulator.invoke("ManyFunction", {})
    report = emulator.wait_for(lambda: report_of(emulator, begin))
    assert "Init Duration" not in report


def test_a_query_is_not_logged_as_it_may_hold_a_secret(emulator):
    begin = len(emulator.log)
    address = urlsplit(emulator.url("raw"))
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=10)
    connection.request("GET", "/?do=bad-prelude&token=swordfish")
    assert connection.getresponse().status == 502
    emulator.wait_for(lambda: "prelude.malformed /" in emulator.log[begin:])
    assert "swordfish" not in emulator.log[begin:]
