"""Can hostile text forge a header or an event?"""

import json
from collections.abc import Iterable
from urllib.parse import quote

from sse_conformance.capture import Capture
from sse_conformance.checks.check import (
    HTML,
    MUST,
    RFC9112,
    Check,
    Verdict,
    first_fault,
    skipped,
)
from sse_conformance.checks.framing import shown
from sse_conformance.identity import Identities
from sse_conformance.reading import Event
from sse_conformance.session import MOMENT_S, Session, has_begun
from sse_conformance.wire import Request, Stream

MARK = "kit-injected"
_RETRY_MS = 77_777
_LINES = (f"X-Kit: {MARK}", "", f"event: {MARK}", f"data: {MARK}", f"retry: {_RETRY_MS}", "", "")
# As they may stand in a URL; the last is another form of a line end for some decoders.
ENCODED = {
    name: quote("x" + end + end.join(_LINES), safe="")
    for name, end in {
        "CR": "\r",
        "LF": "\n",
        "CRLF": "\r\n",
        "U+2028": "\u2028",
        "U+560A": "\u560a",
    }.items()
} | {
    "NUL": f"x%00{MARK}",
    "a double encoding": quote(quote("x\r\n" + "\r\n".join(_LINES), safe=""), safe=""),
    "an escaped CRLF": quote("x\\r\\n" + "\\r\\n".join(_LINES), safe=""),
}
# As they may stand in a header: HTTP allows tabs and bytes from 0x80 on, and servers refuse others.
RAW = {
    "a field": f"x data: {MARK}".encode(),
    "CR": f"x\rX-Kit: {MARK}\r\revent: {MARK}\rdata: {MARK}\r\r".encode(),
    "NUL": f"x\0{MARK}".encode(),
    "U+2028": f"x\u2028data: {MARK}\u2028".encode(),
    "U+560D U+560A": f"x\u560d\u560aX-Kit: {MARK}".encode(),
    "an encoded CRLF": ENCODED["CRLF"].encode(),
    "an encoded LF": ENCODED["LF"].encode(),
    "a double encoding": ENCODED["a double encoding"].encode(),
    "an escaped CRLF": ("x\\r\\n" + "\\r\\n".join(_LINES)).encode(),
}
RAW_IN = {
    "Last-Event-ID": tuple(RAW),
    "Origin": ("NUL", "an encoded CRLF", "U+560D U+560A"),
    "User-Agent": ("CR", "a field"),
}


def judge_response(asked: str, capture: Capture) -> str:
    """Returns what is wrong with the response to hostile text."""
    if capture.status is None:
        # A server may close the connection on what is not HTTP.
        return "" if capture.error else f"{asked}: {capture.outcome()}"
    if capture.faults:
        return f"{asked}: {capture.faults[0]}"
    if capture.header("X-Kit") is not None:
        return f"{asked}: the response has a header that came with the request"
    if capture.status >= 500 and capture.status not in (501, 503):
        return f"{asked}: {capture.outcome()}"
    return _forged(asked, capture) if capture.is_stream else ""


def _forged(asked: str, capture: Capture) -> str:
    # A line of its own, whatever its field: without a line end the text before it is there, too.
    for block in capture.reading.blocks:
        for name, value in block.fields:
            if value == MARK.encode():
                return f"{asked}: the stream has a line {shown(name)} that came with the request"
    if _RETRY_MS in capture.reading.retries_ms:
        return f"{asked}: the stream has a retry that came with the request"
    return ""


def _requests(session: Session) -> list[tuple[str, Request]]:
    """Every text stands where positions are said, and some stand in the other places."""
    path, mark, query = session.target.path.partition("?")
    made = []
    for parameter in ("last_event_id", "lastEventId"):
        for name, text in ENCODED.items():
            position = session.request(query=f"{parameter}={text}")
            made.append((f"{name} in ?{parameter}=", position))
    for name in ("CRLF", "LF"):
        made.append((f"{name} in ?kit=", session.request(query=f"kit={ENCODED[name]}")))
        longer = session.target.at(f"{path.rstrip('/')}/{ENCODED[name]}{mark}{query}")
        made.append((f"{name} in the path", session.request(target=longer)))
    for header, names in RAW_IN.items():
        for name in names:
            request = session.request(headers=((header, RAW[name]),))
            made.append((f"{name} in {header}", request))
    return made


def _hostile_requests(session: Session) -> Verdict:
    faults = []
    requests = _requests(session)
    for asked, request in requests:
        capture = session.glance(request)
        fault = judge_response(asked, capture)
        if fault:
            faults.append(fault)
    return first_fault(faults, f"{len(requests)} requests")


# --- hostile items


def hostile_texts(token: str) -> dict[str, str]:
    """Returns texts that a producer may publish, each with the token but the empty one."""
    injected = f"event: {MARK}\ndata: {MARK}\n\n"
    return {
        "LF": f"{token}\nsecond\n\n{injected}",
        "CR": f"{token}\rsecond\r\r" + injected.replace("\n", "\r"),
        "CRLF": f"{token}\r\nsecond\r\n\r\n" + injected.replace("\n", "\r\n"),
        "a line end at the end": f"{token}\n",
        "a line end at the start": f"\n{token}",
        "a field at the start": f"data: {token}",
        "an id": f"{token}\nid: {MARK}",
        "a comment": f":{token}",
        "a space at the start": f"  {token}",
        "a BOM": f"\ufeff{token}",
        "U+2028 and U+0085": f"{token}\u2028second\u0085third\x0b\x0c",
        "an emoji": f"{token} \U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f600",
        "100 KB": token + " " + "x" * 100_000,
    }


def expected(text: str) -> str:
    """Returns the data that clients receive of a text: every line end is LF."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def holds(data: str, key: str, text: str) -> bool:
    """Whether an event's data is this text, or JSON with it in the key, or in any place."""
    if data == expected(text):
        return True
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return False
    if key:
        return isinstance(value, dict) and value.get(key) in (text, expected(text))
    return text in _texts(value)


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [text for each in value for text in _texts(each)]
    return []


def judge_item(
    name: str, text: str, token: str, capture: Capture, key: str, identities: Identities
) -> str:
    """Returns what is wrong with how a published text arrived.

    If the user said which events are items, others may repeat it: counts, for example.
    """
    events: Iterable[Event] = capture.events
    if identities.are_named:
        events = [event for event in events if identities.is_item(event)]
    with_token = [event for event in events if token in event.data]
    for block in capture.reading.blocks:
        for field, value in block.fields:
            if field != b"data" and value == MARK.encode():
                return f"{name}: the text became the field {shown(field)}"
    if any(event.data == MARK for event in capture.events):
        return f"{name}: a part of the text became an event"
    if not with_token:
        return f"{name}: the text did not come"
    if len(with_token) > 1:
        return f"{name}: the text came as {len(with_token)} events"
    if not holds(with_token[0].data, key, text):
        return f"{name}: the data is {shown(with_token[0].data[:80])}"
    return ""


def _hostile_items(session: Session) -> Verdict:
    faults: list[str] = []
    refused = []
    texts = hostile_texts("")
    for name in texts:
        fault, is_refused = _try_text(session, name)
        if fault and not faults:
            # The kit may have been too early; a fault of the server comes again.
            fault, is_refused = _try_text(session, name)
        if is_refused:
            refused.append(name)
        elif fault:
            faults.append(fault)
    empty = _empty_item(session)
    if empty and not faults:
        empty = _empty_item(session)
    faults += [empty] if empty else []
    if len(refused) == len(texts):
        return skipped("the producer refused every text")
    note = f", and the producer refused {', '.join(refused)}" if refused else ""
    return first_fault(faults, f"{len(texts) - len(refused)} texts came as they are{note}")


def _try_text(session: Session, name: str) -> tuple[str, bool]:
    """Publishes one text. Returns what is wrong with how it came, and whether it was refused."""
    token = session.fresh_token()
    text = hostile_texts(token)[name]
    with session.open_patiently(session.request(asked="GET before a text")) as stream:
        _settle(session, stream)
        if session.emit(text):
            return "", True
        _await(session, stream, token)
        stream.read(min(0.2, session.options.window_s))
        capture = stream.close()
    return judge_item(name, text, token, capture, session.options.key, session.identities), False


def _settle(session: Session, stream: Stream) -> None:
    """Waits until the stream listens: a server may write its first bytes before it subscribes."""
    stream.read(session.options.timeout_s, stop=has_begun)
    stream.read(MOMENT_S)


def _await(session: Session, stream: Stream, token: str) -> None:
    def has_come(stream: Stream) -> bool:
        items = session.identities.items(stream.events)
        return any(token in event.data for event in items)

    stream.read(session.options.timeout_s, stop=has_come)


def _empty_item(session: Session) -> str:
    """Publishes an empty text: `data:` alone is an event with empty data."""
    with session.open_patiently(session.request(asked="GET before an empty text")) as stream:
        _settle(session, stream)
        before = len(stream.events)
        if session.emit(""):
            return ""
        key = session.options.key
        came = stream.read(
            session.options.window_s,
            stop=lambda each: any(holds(event.data, key, "") for event in each.events[before:]),
        )
    return "" if came else "an empty text did not come"


CHECKS = (
    Check(
        id="hostile-requests",
        title="Hostile requests forge nothing",
        rule="line ends and fields in position, query, path, Origin and User-Agent add no header "
        "and no event, and are no 5xx",
        source=f"{RFC9112}#section-11.1",
        level=MUST,
        run=_hostile_requests,
    ),
    Check(
        id="hostile-items",
        title="Hostile items arrive as they are",
        rule="a published text is the data of one event, whatever line ends and fields it holds",
        source=f"{HTML}#parsing-an-event-stream",
        level=MUST,
        needs="--emit-url",
        run=_hostile_items,
    ),
)
