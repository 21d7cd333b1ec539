"""The command line: options in, a report and an exit code out."""

import argparse
import contextlib
import ssl
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from sse_conformance.checks import ALL, GROUPS
from sse_conformance.checks.check import Check
from sse_conformance.credentials import basic, emit_headers, secrets_of
from sse_conformance.options import Options
from sse_conformance.report import as_json, as_text, exit_code, note_skipped
from sse_conformance.run import UnreachableError, run
from sse_conformance.target import BadUrlError, Target, parse
from sse_conformance.wire import Wire

USAGE_ERROR = 2
INTERRUPTED = 130
NAME = "sse-conformance"
_WINDOW_S = 2.0
_SLOW_S = 3.0
# A server that answers at once needs half of the first.
_USUAL_S = 60.0
_LONG_S = 300.0
_LONGEST_S = 86_400
_MOST_STREAMS = 10_000


class UsageError(ValueError):
    """The options or the arguments cannot be used."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(USAGE_ERROR, f"{NAME}: {message}\n")


def parser() -> argparse.ArgumentParser:
    """Returns the parser of all options."""
    made = _Parser(
        prog=NAME,
        description="Checks whether a server's event stream is what its clients may expect.",
        epilog="Exit status: 0 conforms, 1 does not, 2 the URL or the options cannot be used.",
        allow_abbrev=False,
    )
    made.add_argument("url", nargs="?", help="the event stream, http or https")
    asking = made.add_argument_group("how to ask")
    asking.add_argument("--header", action="append", default=[], metavar="'NAME: VALUE'")
    asking.add_argument("--auth-header", metavar="'NAME: VALUE'", help="the stream needs it")
    asking.add_argument("--ca", metavar="FILE", help="certificates that are trusted, PEM")
    asking.add_argument("--insecure", action="store_true", help="takes any certificate")
    items = made.add_argument_group("which events are items")
    items.add_argument("--event", action="append", default=[], metavar="TYPE")
    items.add_argument("--key", default="", metavar="FIELD", help="of the JSON in data")
    items.add_argument("--emit-url", default="", metavar="URL", help="POST publishes the body")
    items.add_argument("--emit-command", default="", metavar="COMMAND", help="publishes its stdin")
    items.add_argument("--retention-reset-event", metavar="TYPE", help="default: reset")
    promises = made.add_argument_group("what the server promises")
    promises.add_argument("--heartbeat", type=_seconds, metavar="SECONDS", help="default: 15")
    promises.add_argument("--rotation", type=_seconds, metavar="SECONDS")
    promises.add_argument("--limit", type=_count, metavar="STREAMS")
    promises.add_argument("--origin", default="", help="an origin that may read the stream")
    promises.add_argument("--foreign-origin", default="", help="an origin that may not")
    times = made.add_argument_group("times")
    times.add_argument("--window", type=_seconds, default=_WINDOW_S, metavar="SECONDS")
    times.add_argument("--slow-seconds", type=_seconds, default=_SLOW_S, metavar="SECONDS")
    times.add_argument("--timeout", type=_seconds, default=10.0, metavar="SECONDS")
    times.add_argument("--total-timeout", type=_seconds, metavar="SECONDS")
    chosen = made.add_argument_group("which checks, and the report")
    chosen.add_argument("--only", action="append", default=[], metavar="ID,...")
    chosen.add_argument("--skip", action="append", default=[], metavar="ID,...")
    chosen.add_argument("--list", action="store_true", help="lists the checks")
    chosen.add_argument("--strict", action="store_true", help="'should' counts, too")
    chosen.add_argument("--json", metavar="FILE", help="- is standard output")
    chosen.add_argument("--quiet", action="store_true", help="shows only what fails")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs `python -m sse_conformance`. Returns the exit status."""
    given = parser().parse_args(arguments)
    if given.list:
        print(listing())
        return 0
    try:
        return _run(given)
    except (UsageError, BadUrlError, UnreachableError) as error:
        print(f"{NAME}: {error}", file=sys.stderr)
        return USAGE_ERROR
    except KeyboardInterrupt:
        print(f"{NAME}: interrupted", file=sys.stderr)
        return INTERRUPTED


def _run(given: argparse.Namespace) -> int:
    if not given.url:
        raise UsageError("say the URL of an event stream; --help shows the options")
    target = parse(given.url)
    options = options_of(given, target)
    checks = chosen_checks(given.only, given.skip)
    wire = Wire(connect_s=options.timeout_s, tls=_tls(given.ca, given.insecure))
    if given.json:
        _try_to_write(given.json)
    report = run(target, options, checks, wire)
    if given.only:
        note_skipped(report)
    if given.json != "-":
        print(as_text(report, strict=given.strict, quiet=given.quiet))
    if given.json:
        _write(given.json, as_json(report, strict=given.strict))
    return exit_code(report, strict=given.strict)


def listing() -> str:
    """Returns all checks: id, level, title."""
    lines = []
    for title, checks in GROUPS:
        lines.append(title)
        for check in checks:
            needs = f" (needs {check.needs})" if check.needs else ""
            lines.append(f"  {check.id:20} {check.level:8} {check.title}{needs}")
    return "\n".join(lines)


def options_of(given: argparse.Namespace, target: Target) -> Options:
    """Returns what the user said. Raises UsageError."""
    headers = [_header("--header", each) for each in given.header]
    auth = _header("--auth-header", given.auth_header) if given.auth_header else None
    if target.user_info:
        if auth:
            raise UsageError("the URL holds credentials, and so does --auth-header")
        auth = basic(target)
    if given.emit_url and given.emit_command:
        raise UsageError("--emit-url and --emit-command exclude each other")
    producer = _producer(given.emit_url)
    return Options(
        headers=tuple(headers),
        auth_header=auth,
        emit_url=given.emit_url,
        emit_command=given.emit_command,
        emit_headers=emit_headers(headers, auth, target, producer),
        key=given.key,
        events=tuple(given.event),
        reset_event=given.retention_reset_event or "reset",
        reset_is_promised=given.retention_reset_event is not None,
        heartbeat_s=15.0 if given.heartbeat is None else given.heartbeat,
        heartbeat_is_promised=given.heartbeat is not None,
        rotation_s=given.rotation,
        limit=given.limit,
        origin=_origin("--origin", given.origin),
        foreign_origin=_origin("--foreign-origin", given.foreign_origin),
        slow_s=given.slow_seconds,
        window_s=given.window,
        timeout_s=given.timeout,
        total_timeout_s=given.total_timeout or _total_s(given),
        secrets=secrets_of(headers, auth, target, *([producer] if producer else [])),
    )


def chosen_checks(only: list[str], skip: list[str]) -> list[Check]:
    """Returns the checks that the user wants. Raises UsageError for an id that does not exist."""
    wanted = {each.strip() for text in only for each in text.split(",") if each.strip()}
    unwanted = {each.strip() for text in skip for each in text.split(",") if each.strip()}
    unknown = sorted((wanted | unwanted) - {check.id for check in ALL})
    if unknown:
        raise UsageError(f"there is no check {', '.join(unknown)}; --list shows all")
    chosen = [check for check in ALL if check.id not in unwanted]
    if only:
        chosen = [check for check in chosen if check.id in wanted]
    if not chosen:
        raise UsageError("--only and --skip leave no check")
    return chosen


def _total_s(given: argparse.Namespace) -> float:
    """Returns how long the whole run may take: longer if it was given more to do."""
    publishes = given.emit_url or given.emit_command
    promises = given.rotation or given.limit or given.heartbeat
    is_slower = given.window > _WINDOW_S or given.slow_seconds > _SLOW_S
    return _LONG_S if publishes or promises or is_slower else _USUAL_S


def _producer(url: str) -> Target | None:
    try:
        return parse(url) if url else None
    except BadUrlError as error:
        raise UsageError(f"--emit-url: {error}") from None


def _header(option: str, text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    bad = not colon or not name.strip() or any(each in text for each in "\r\n\0")
    if bad or not name.isascii() or " " in name.strip():
        raise UsageError(f"{option} must be 'NAME: VALUE'")
    return name.strip(), value.strip()


def _origin(option: str, text: str) -> str:
    if text and text != "null":
        try:
            if parse(text).origin != text:
                raise UsageError(f"{option} must be an origin such as https://example.com")
        except BadUrlError as error:
            raise UsageError(f"{option}: {error}") from None
    return text


def _tls(ca: str | None, insecure: bool) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=ca)
    except (OSError, ssl.SSLError) as error:
        raise UsageError(f"--ca {ca}: {error}") from None
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _try_to_write(place: str) -> None:
    """Finds out before the run whether the report can be kept. Raises UsageError."""
    if place == "-":
        return
    path = Path(place)
    existed = path.exists()
    try:
        with path.open("a"):
            pass
        if not existed:
            path.unlink()
    except OSError as error:
        raise UsageError(f"--json {place}: {error.strerror}") from None


def _write(place: str, text: str) -> None:
    if place == "-":
        print(text, end="")
        return
    try:
        Path(place).write_text(text, "utf-8")
    except OSError as error:
        raise UsageError(f"--json {place}: {error.strerror}") from None


def _seconds(text: str) -> float:
    with contextlib.suppress(ValueError):
        value = float(text)
        if 0 < value < _LONGEST_S:
            return value
    raise argparse.ArgumentTypeError(
        f"{text!r} is no time: say seconds, more than 0 and less than {_LONGEST_S}"
    )


def _count(text: str) -> int:
    with contextlib.suppress(ValueError):
        value = int(text)
        if 0 < value <= _MOST_STREAMS:
            return value
    raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to {_MOST_STREAMS}")
