"""What do HEAD and other methods get?"""

import re

from sse_conformance.capture import Capture
from sse_conformance.checks.check import (
    MUST,
    RFC9110,
    SHOULD,
    Check,
    Verdict,
    failed,
    first_fault,
    passed,
)
from sse_conformance.checks.framing import shown
from sse_conformance.session import Session
from sse_conformance.wire import Request

_CLOSED = re.compile("closed|reset|broken pipe|aborted", re.IGNORECASE)
_STRAY_S = 0.3  # how long bytes may take that should not come
# A DELETE or a PATCH could do harm on a server in use.
OTHER_METHODS = ("POST", "PUT")


def judge_head(first: Capture, second: Capture | None, waited_s: float) -> Verdict:
    """Judges a HEAD request, and a second one on the same connection if that was kept."""
    if first.head is None:
        return failed(f"no response to HEAD within {waited_s:g} s: {first.outcome()}")
    if first.after_end:
        return failed(f"bytes follow the head: {shown(first.after_end)}")
    if second is not None and second.head is None and second.faults:
        return failed(f"the connection cannot be used again: {second.faults[0]}")
    # A server may close a kept connection at any moment; which error that is depends on when.
    if second is not None and second.head is None and not _CLOSED.search(second.error):
        return failed(f"the connection cannot be used again: {second.outcome()}")
    usable = second is not None and second.head is not None
    return passed(f"status {first.status}" + (", connection usable" if usable else ""))


def judge_head_status(head: Capture, got: Capture) -> Verdict:
    """HEAD is answered as GET is, without the body."""
    if head.status != got.status:
        return failed(f"HEAD gets {head.outcome()}, GET {got.outcome()}")
    if head.media_type != got.media_type:
        return failed(f"HEAD says the type {head.media_type!r}, GET {got.media_type!r}")
    return passed()


def judge_method(capture: Capture) -> str:
    """Returns what is wrong with the response to a method that a stream does not have."""
    if capture.is_stream:
        return f"{capture.asked} opens a stream"
    if capture.status is None:
        return f"{capture.asked}: {capture.outcome()}"
    if not 400 <= capture.status < 500 and capture.status != 501:
        return f"{capture.asked}: {capture.outcome()}"
    return ""


def is_kept(capture: Capture) -> bool:
    """Whether the server means to keep the connection (RFC 9112, section 9.3)."""
    said = (capture.header("Connection") or "").lower()
    options = {each.strip() for each in said.split(",")}
    if "close" in options:
        return False
    is_old = capture.head is not None and capture.head.version == "HTTP/1.0"
    return not is_old or "keep-alive" in options


def ask_head(session: Session) -> tuple[Capture, Capture | None]:
    """Sends HEAD, waits for bytes that should not come, and sends it again."""
    request = session.request(method="HEAD")
    limit_s = session.options.timeout_s
    with session.open_patiently(request) as stream:
        stream.read(limit_s, stop=lambda each: each.capture.head is not None)
        if stream.capture.head is None:
            return stream.seen(), None
        stream.read_slowly(65536, _STRAY_S)
        first = stream.seen()
        if stream.is_over or not is_kept(first):
            return first, None
        following = stream.next_response(request)
        following.read(limit_s, stop=lambda each: each.capture.head is not None)
        return first, following.close()


def _head(session: Session) -> Verdict:
    first, second = ask_head(session)
    return judge_head(first, second, session.options.timeout_s)


def _head_status(session: Session) -> Verdict:
    head = session.ask(session.request(method="HEAD"))
    return judge_head_status(head, session.long.so_far())


def _methods(session: Session) -> Verdict:
    faults = []
    for method in OTHER_METHODS:
        request: Request = session.request(
            method=method, headers=(("Content-Length", b"0"),), asked=method
        )
        capture = session.ask(request, stop=lambda each: each.capture.head is not None)
        fault = judge_method(capture)
        if fault:
            faults.append(fault)
    return first_fault(faults)


CHECKS = (
    Check(
        id="head",
        title="HEAD is answered by a head alone",
        rule="HEAD does not hang, has no body, and leaves the connection usable",
        source=f"{RFC9110}#section-9.3.2",
        level=MUST,
        run=_head,
    ),
    Check(
        id="head-status",
        title="HEAD says what GET says",
        rule="status and content type are those of GET",
        source=f"{RFC9110}#section-9.3.2",
        level=SHOULD,
        run=_head_status,
    ),
    Check(
        id="other-methods",
        title="Other methods open no stream",
        rule="POST and PUT without a body get 405 or 404, or another 4xx status or 501",
        source=f"{RFC9110}#section-15.5.6",
        level=SHOULD,
        run=_methods,
    ),
)
