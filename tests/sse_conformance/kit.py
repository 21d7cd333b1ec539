"""Runs the kit in this process, with short times."""

from sse_conformance.checks import ALL
from sse_conformance.options import Options
from sse_conformance.run import run
from sse_conformance.target import parse
from sse_conformance.wire import Wire

SHORT = {"heartbeat_s": 0.4, "window_s": 0.3, "timeout_s": 3.0, "slow_s": 1.2}


def verdicts_of(url, only=(), **options):
    """Returns each check's verdict by its id."""
    checks = [check for check in ALL if not only or check.id in only]
    assert len(checks) == len(only) or not only
    report = run(parse(url), Options(**{**SHORT, **options}), checks, Wire(connect_s=3))
    return {outcome.check.id: outcome.verdict for outcome in report.outcomes}


def failing(verdicts):
    """Returns the evidence of the checks that fail."""
    return {name: each.evidence for name, each in verdicts.items() if each.result == "fail"}
