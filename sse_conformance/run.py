"""Looks at the server, runs the checks beside each other, and collects their verdicts."""

import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from sse_conformance.checks.check import PROMISE, Check, Verdict, failed, skipped
from sse_conformance.options import Options
from sse_conformance.secrecy import Secrecy
from sse_conformance.session import NO_TIME, Session
from sse_conformance.target import BadUrlError, Target
from sse_conformance.wire import NoTimeError, Stream, Wire

AT_ONCE = 3
_REDIRECTS = (301, 302, 303, 307, 308)
_MOST_REDIRECTS = 5


class UnreachableError(Exception):
    """There is no HTTP server at the URL, none that can be reached, or no producer."""


@dataclass(frozen=True)
class Outcome:
    """One check and its verdict, with the level that it had in this run."""

    check: Check
    level: str
    verdict: Verdict


@dataclass
class Report:
    """All that one run found out."""

    url: str
    started: str
    outcomes: list[Outcome] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    lasted_s: float = 0.0


Progress = Callable[[Outcome], None]


def run(
    target: Target,
    options: Options,
    checks: Sequence[Check],
    wire: Wire,
    progress: Progress = lambda _: None,
) -> Report:
    """Runs the checks. Raises UnreachableError if there is nothing to judge."""
    started = time.monotonic()
    report = Report(url=target.shown, started=datetime.now(UTC).isoformat(timespec="seconds"))
    wire = replace(wire, deadline=started + options.total_timeout_s)
    try:
        session, first = look(target, options, wire, report.notes)
    except NoTimeError:
        raise UnreachableError(f"{target.shown} cannot be judged: {NO_TIME}") from None
    runner = Runner(session, progress)
    try:
        _try_producer(session, first)
        session.long.start(first)
        session.long.wait(options.timeout_s, lambda: bool(session.long.so_far().head))
        is_stream = session.long.so_far().is_stream
        todo = [check for check in checks if runner.is_due(check, is_stream)]
        usual = [check for check in todo if not check.late and not check.alone]
        runner.beside(sorted(usual, key=lambda check: not check.first))
        runner.beside([check for check in todo if check.late])
        runner.beside([check for check in todo if check.alone], at_once=1)
    finally:
        session.long.close()
    secrecy = Secrecy(options.secrets)
    report.notes = [secrecy.hide(note) for note in report.notes]
    report.outcomes = [runner.outcomes[check.id] for check in checks]
    late = sum(each.verdict.evidence == NO_TIME for each in report.outcomes)
    if late:
        report.notes.append(f"checks without time, for want of a longer --total-timeout: {late}")
    report.lasted_s = time.monotonic() - started
    return report


def look(target: Target, options: Options, wire: Wire, notes: list[str]) -> tuple[Session, Stream]:
    """Opens the stream, and follows redirects. Returns where they led, and the open stream."""
    for _ in range(_MOST_REDIRECTS + 1):
        session = Session(target, options, wire)
        stream = session.open_patiently(session.request())
        seen = stream.seen()
        if seen.head is None:
            stream.close()
            why = seen.error or f"no response within {options.timeout_s:g} s"
            raise UnreachableError(f"{target.shown} cannot be reached: {why}")
        location = seen.header("Location")
        if seen.status not in _REDIRECTS or location is None:
            return session, stream
        stream.close()
        try:
            following = target.redirected(location)
        except BadUrlError as error:
            raise UnreachableError(f"{target.shown} redirects wrongly: {error}") from None
        notes.append(f"status {seen.status} leads to {following.shown}, which is checked")
        if following.origin != target.origin:
            options = _for_another_origin(options, notes)
        target = following
    raise UnreachableError(f"{target.shown} redirects more than {_MOST_REDIRECTS} times")


def _for_another_origin(options: Options, notes: list[str]) -> Options:
    """Takes all headers away that may hold a credential: any that the user gave."""
    # https://fetch.spec.whatwg.org/#http-redirect-fetch, step 13
    if options.auth_header:
        notes.append("--auth-header is not sent to another origin")
    if options.headers:
        notes.append("--header is not sent to another origin")
    return replace(options, auth_header=None, headers=())


def _try_producer(session: Session, stream: Stream) -> None:
    """Publishes a first, plain text: who refuses that cannot help to judge anything."""
    options = session.options
    if not options.emits or not stream.seen().is_stream:
        return
    refusal = session.emit_patiently(session.fresh_token())
    if refusal:
        option = "--emit-command" if options.emit_command else "--emit-url"
        said = Secrecy(options.secrets).hide(refusal)
        stream.close()
        raise UnreachableError(f"{option} publishes nothing: {said}")


class Runner:
    """Runs checks in threads, so that waiting for one stream does not hold up the others."""

    def __init__(self, session: Session, progress: Progress) -> None:
        self.outcomes: dict[str, Outcome] = {}
        self._session = session
        self._options = session.options
        self._progress = progress
        self._deadline = session.wire.deadline
        self._lock = threading.Lock()
        # Two streams listen all the time.
        room = session.options.limit - 2 if session.options.limit else AT_ONCE
        self._at_once = max(1, min(AT_ONCE, room))
        self._secrecy = Secrecy(session.options.secrets)

    def is_due(self, check: Check, is_stream: bool) -> bool:
        """Keeps the verdict of a check that cannot be tried, and returns False for it."""
        if check.on_stream and not is_stream:
            self._keep(check, skipped("there is no event stream"))
        elif check.needs and not self._options.given(check.needs):
            self._keep(check, skipped(f"needs {check.needs}"))
        else:
            return True
        return False

    def beside(self, checks: Sequence[Check], at_once: int = AT_ONCE) -> None:
        """Runs these checks, some at once, and returns when all have a verdict."""
        waiting: queue.SimpleQueue[Check] = queue.SimpleQueue()
        for check in checks:
            waiting.put(check)
        threads = [
            threading.Thread(target=self._work, args=(waiting,), daemon=True)
            for _ in range(min(at_once, self._at_once, len(checks)))
        ]
        for thread in threads:
            thread.start()
        # Nothing is opened or read after the deadline; a check that goes on, whatever it does,
        # is waited for once more, and then it goes on alone.
        until = self._deadline + self._options.timeout_s
        for thread in threads:
            while thread.is_alive() and time.monotonic() < until:
                thread.join(0.2)  # so that Ctrl-C is heard
        for check in checks:
            self._keep(check, skipped(NO_TIME))

    def _work(self, waiting: "queue.SimpleQueue[Check]") -> None:
        while True:
            try:
                check = waiting.get_nowait()
            except queue.Empty:
                return
            self._keep(check, self._verdict(check))

    def _verdict(self, check: Check) -> Verdict:
        if time.monotonic() >= self._deadline:
            return skipped(NO_TIME)
        try:
            verdict = check.run(self._session)
        except NoTimeError:
            return skipped(NO_TIME)
        except Exception as error:
            verdict = failed(f"the check could not be ended: {type(error).__name__}: {error}")
        # Its waiting was cut short, perhaps: what did not come is nobody's fault then.
        return verdict if time.monotonic() < self._deadline else skipped(NO_TIME)

    def _keep(self, check: Check, verdict: Verdict) -> None:
        """Keeps a check's first verdict; later ones come from checks that took too long."""
        is_promised = check.promised_by and self._options.given(check.promised_by)
        outcome = Outcome(
            check=check,
            level=PROMISE if is_promised else check.level,
            verdict=replace(verdict, evidence=self._secrecy.hide(verdict.evidence)),
        )
        with self._lock:
            if check.id in self.outcomes:
                return
            self.outcomes[check.id] = outcome
        self._progress(outcome)
