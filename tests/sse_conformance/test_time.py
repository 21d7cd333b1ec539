"""Does the kit end in time, whatever the server does, and accuse nobody for lack of time?"""

import threading
import time

import pytest

from sse_conformance.checks.check import MUST, Check, failed
from sse_conformance.command import main, options_of, parser
from sse_conformance.options import Options
from sse_conformance.run import run
from sse_conformance.target import parse
from sse_conformance.wire import Wire
from tests.sse_conformance.kit import SHORT, failing, verdicts_of
from tests.sse_conformance.server import Server

NO_TIME = "no time was left: --total-timeout"


class ThatHangsAfterTwo(Server):
    """Its first two connections are served; all others wait for ever."""

    seen = 0

    def answer(self, connection, asked):
        self.seen += 1
        if self.seen > 2:
            self.ends.wait(30)
            return False
        return super().answer(connection, asked)


class ThatIsLate(Server):
    """Each response begins late."""

    def answer(self, connection, asked):
        self.ends.wait(0.4)
        return super().answer(connection, asked)


class ThatIsAlwaysBusy(Server):
    """Its first two streams open; all others are to come again."""

    def __init__(self):
        super().__init__(limit=2)


@pytest.mark.parametrize("kind", [ThatHangsAfterTwo, ThatIsLate, ThatIsAlwaysBusy])
def test_a_run_ends_after_its_time_and_one_timeout(kind):
    with kind() as server:
        started = time.monotonic()
        verdicts = verdicts_of(server.url, timeout_s=1.0, total_timeout_s=1.5)
        lasted_s = time.monotonic() - started

    assert lasted_s < 1.5 + 1.0 + 1.0
    assert NO_TIME in {each.evidence for each in verdicts.values() if each.result == "skip"}


def test_a_server_that_is_late_is_not_accused_for_what_was_not_tried():
    with ThatIsLate() as server:
        verdicts = verdicts_of(server.url, timeout_s=1.0, total_timeout_s=1.5)

    assert failing(verdicts) == {}


def test_a_check_that_does_not_end_does_not_hold_up_the_report():
    ends = threading.Event()

    def endless(_):
        ends.wait(30)
        return failed("too late")

    check = Check("endless", "title", "rule", "source", MUST, run=endless)
    with Server() as server:
        options = Options(**{**SHORT, "timeout_s": 0.5}, total_timeout_s=0.5)
        started = time.monotonic()
        report = run(parse(server.url), options, [check], Wire())
        lasted_s = time.monotonic() - started
        ends.set()

    assert lasted_s < 3
    assert [each.verdict.evidence for each in report.outcomes] == [NO_TIME]
    assert report.notes == ["checks without time, for want of a longer --total-timeout: 1"]


def test_a_producer_without_time_is_no_error(capsys):
    with ThatHangsAfterTwo() as server:
        times = ["--timeout", "0.5", "--total-timeout", "1.5", "--heartbeat", "0.4"]
        emit = ["--emit-url", server.emit_url.replace("127.0.0.1", "localhost")]
        main([server.url, "--window", "0.3", *times, *emit])

    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "total_s"),
    [
        ([], 60),
        (["--event", "item", "--auth-header", "A: b", "--timeout", "3"], 60),
        (["--rotation", "100"], 300),
        (["--limit", "3"], 300),
        (["--heartbeat", "60"], 300),
        (["--emit-command", "true"], 300),
        (["--window", "5"], 300),
        (["--total-timeout", "7", "--limit", "3"], 7),
    ],
)
def test_the_usual_run_has_a_minute_and_more_if_it_is_given_more_to_do(arguments, total_s):
    given = parser().parse_args(["http://x/", *arguments])

    assert options_of(given, parse("http://x/")).total_timeout_s == total_s


def test_a_server_that_never_responds_is_status_2(capsys):
    class Silent(Server):
        def answer(self, connection, asked):
            self.ends.wait(10)
            return False

    with Silent() as server:
        started = time.monotonic()
        assert main([server.url, "--timeout", "0.5"]) == 2
        assert time.monotonic() - started < 3

    assert "cannot be reached: no response within 0.5 s" in capsys.readouterr().err


def test_https_to_a_port_that_waits_is_said_to_be_the_handshake(capsys):
    class Waits(Server):
        def _serve(self, connection):
            with connection:
                self.ends.wait(10)

    with Waits() as server:
        url = server.url.replace("http:", "https:")
        assert main([url, "--timeout", "0.5"]) == 2

    assert "cannot be reached: TLS: no handshake in time" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--timeout", "abc", "'abc' is no time: say seconds, more than 0 and less than 86400"),
        ("--timeout", "nan", "'nan' is no time"),
        ("--window", "0", "'0' is no time"),
        ("--limit", "x", "'x' is no number from 1 to 10000"),
        ("--limit", "0", "'0' is no number from 1 to 10000"),
    ],
)
def test_a_wrong_number_is_said_in_plain_words(option, value, said, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["http://x/", option, value])

    assert ended.value.code == 2
    assert f"{option}: {said}" in capsys.readouterr().err
