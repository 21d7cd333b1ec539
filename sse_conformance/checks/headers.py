"""Do the status and the headers make an event stream that arrives at once?"""

import re
import zlib
from collections import Counter

from sse_conformance.capture import Capture
from sse_conformance.checks.check import (
    FETCH,
    HTML,
    MUST,
    RFC9110,
    RFC9112,
    SHOULD,
    Check,
    Verdict,
    failed,
    first_fault,
    passed,
)
from sse_conformance.session import Session

LATEST_HEAD_S = 5.0  # clients with a timeout of 5 s for silence: axios, httpx, Node's agent
# A second line of these makes clients fail, or take either.
SINGLE = {
    "access-control-allow-credentials",
    "access-control-allow-origin",
    "content-encoding",
    "content-length",
    "content-type",
    "date",
    "etag",
    "location",
    "retry-after",
    "server",
    "transfer-encoding",
    "x-accel-buffering",
}
_CHARSET = re.compile(r';\s*charset\s*=\s*"?([^";,\s]*)"?', re.IGNORECASE)


def judge_status(capture: Capture) -> Verdict:
    """Anything but 200 is final for a browser's EventSource."""
    if capture.status == 200:
        return passed("status 200")
    hint = "; --auth-header?" if capture.status in (401, 403) else ""
    return failed(f"{capture.outcome()} instead of 200{hint}")


def judge_content_type(capture: Capture) -> Verdict:
    """Parameters of the type are allowed."""
    if capture.media_type == "text/event-stream":
        return passed()
    return failed(f"Content-Type is {capture.header('Content-Type')!r}")


def judge_charset(capture: Capture) -> Verdict:
    """Without the parameter it is UTF-8, too."""
    found = _CHARSET.search(capture.header("Content-Type") or "")
    if not found or found[1].lower() in ("utf-8", "utf8"):
        return passed(found[0].strip("; ") if found else "none, so UTF-8")
    return failed(f"the charset is {found[1]!r}; event streams are always UTF-8")


def judge_cache_control(capture: Capture) -> Verdict:
    """A stored stream would be served again as if it were live."""
    value = capture.header("Cache-Control")
    said = {each.strip().lower() for each in (value or "").split(",")}
    if said & {"no-cache", "no-store"}:
        return passed(str(value))
    return failed(f"Cache-Control is {value!r}, without no-cache and no-store")


def judge_content_length(capture: Capture) -> Verdict:
    """A length is known only of a body that was collected before it was sent."""
    value = capture.header("Content-Length")
    return failed(f"Content-Length: {value}") if value is not None else passed()


def judge_accel_buffering(capture: Capture) -> Verdict:
    """nginx and other proxies collect responses without it, if they are set up to buffer."""
    value = capture.header("X-Accel-Buffering")
    if (value or "").strip().lower() == "no":
        return passed()
    return failed(f"X-Accel-Buffering is {value!r} instead of 'no'")


def judge_headers_once(capture: Capture) -> Verdict:
    """Counts the lines of headers that have one value only."""
    assert capture.head
    counted = Counter(name.lower() for name, _ in capture.head.headers)
    twice = sorted(name for name in SINGLE if counted[name] > 1)
    return failed(f"sent more than once: {', '.join(twice)}") if twice else passed()


def judge_head(capture: Capture) -> Verdict:
    """Every fault that was found while the head was read."""
    faults = [each for each in capture.faults if "chunk" not in each]
    return first_fault(faults)


def judge_first_byte(capture: Capture) -> Verdict:
    """Judges when the head came; the first event may come later."""
    if capture.head_s is None:
        return failed("no response head came")
    seen = f"the head came after {capture.head_s:.2f} s"
    return passed(seen) if capture.head_s <= LATEST_HEAD_S else failed(seen)


def judge_encoding(plain: Capture, compressed: Capture, window_s: float) -> Verdict:
    """Compares a stream that may be compressed with one that may not.

    Whatever the coding, bytes must leave as early as without it, and as whole events.
    """
    refused = (plain.header("Content-Encoding") or "identity").strip().lower()
    if refused != "identity":
        return failed(f"Content-Encoding is {refused} though the client accepts identity alone")
    coding = (compressed.header("Content-Encoding") or "identity").strip().lower()
    if coding == "identity" or not plain.events:
        return passed(f"Content-Encoding: {coding}")
    if not compressed.body:
        return failed(f"{coding}: no byte came within {window_s:g} s of the first event")
    if coding not in ("gzip", "deflate"):
        return passed(f"Content-Encoding: {coding}, whose bytes come in time")
    return _judge_decoded(compressed.body, coding)


def _judge_decoded(body: bytes, coding: str) -> Verdict:
    try:
        decoded = zlib.decompressobj(wbits=47 if coding == "gzip" else 15).decompress(body)
    except zlib.error as error:
        return failed(f"{coding}: {error}")
    if b"\n\n" in decoded or b"\r\r" in decoded or b"\r\n\r\n" in decoded:
        return passed(f"{coding}, with whole events in time")
    return failed(f"{coding} holds events back: {len(body)} bytes hold no whole event yet")


def _first(session: Session) -> Capture:
    return session.long.so_far()


def _encoding(session: Session) -> Verdict:
    plain = session.follow(stop=lambda stream: bool(stream.events))
    request = session.request(encoding="gzip, deflate, br", asked="GET with Accept-Encoding")
    wait_s = session.options.window_s
    compressed = session.ask(request, seconds=_time_of_body(plain) + wait_s, quiet_s=wait_s / 2)
    return judge_encoding(plain, compressed, wait_s)


def _time_of_body(capture: Capture) -> float:
    return capture.reads[0][0] if capture.reads else 0.0


CHECKS = (
    Check(
        id="status",
        title="The status is 200",
        rule="any other status ends a browser's EventSource for good",
        source=f"{HTML}#sse-processing-model",
        level=MUST,
        run=lambda session: judge_status(_first(session)),
        on_stream=False,
    ),
    Check(
        id="content-type",
        title="The content type is text/event-stream",
        rule="any other type ends a browser's EventSource for good; parameters are allowed",
        source=f"{HTML}#sse-processing-model",
        level=MUST,
        run=lambda session: judge_content_type(_first(session)),
        on_stream=False,
    ),
    Check(
        id="charset",
        title="The charset, if one is said, is UTF-8",
        rule="event streams are always UTF-8, and no other encoding can be said",
        source=f"{HTML}#parsing-an-event-stream",
        level=MUST,
        run=lambda session: judge_charset(_first(session)),
    ),
    Check(
        id="cache-control",
        title="Caches do not keep the stream",
        rule="Cache-Control says no-cache or no-store",
        source=f"{RFC9110}#field.cache-control",
        level=SHOULD,
        run=lambda session: judge_cache_control(_first(session)),
    ),
    Check(
        id="content-length",
        title="There is no Content-Length",
        rule="a stream has no length that is known before; clients cut it there or wait for it",
        source=f"{RFC9112}#section-6.2",
        level=MUST,
        run=lambda session: judge_content_length(_first(session)),
    ),
    Check(
        id="content-encoding",
        title="Compression holds no event back",
        rule="identity is honoured, and what is compressed leaves with each event",
        source=f"{RFC9110}#section-12.5.3",
        level=MUST,
        run=_encoding,
    ),
    Check(
        id="accel-buffering",
        title="Proxies are told not to buffer",
        rule="X-Accel-Buffering is no: nginx, and what follows its example, streams then",
        source="https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_buffering",
        level=SHOULD,
        run=lambda session: judge_accel_buffering(_first(session)),
    ),
    Check(
        id="headers-once",
        title="No header is sent twice that has one value",
        rule="a sender must not send several lines of a field that is no list",
        source=f"{RFC9110}#section-5.3",
        level=MUST,
        run=lambda session: judge_headers_once(_first(session)),
    ),
    Check(
        id="headers-legal",
        title="The response's head is legal HTTP",
        rule="names are tokens, values hold no control characters, lines end in CRLF",
        source=f"{RFC9112}#section-5",
        level=MUST,
        run=lambda session: judge_head(_first(session)),
    ),
    Check(
        id="first-byte",
        title="The response begins in time",
        rule=f"the head comes within {LATEST_HEAD_S:g} s, whether there is an event or not",
        source=f"{FETCH}#concept-fetch",
        level=SHOULD,
        run=lambda session: judge_first_byte(_first(session)),
    ),
)
