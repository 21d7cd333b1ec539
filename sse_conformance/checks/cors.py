"""May pages of other origins read the stream, if and only if they should?"""

from sse_conformance.capture import Capture
from sse_conformance.checks.check import (
    FETCH,
    MUST,
    PROMISE,
    Check,
    Verdict,
    failed,
    first_fault,
    passed,
    skipped,
)
from sse_conformance.session import Session
from sse_conformance.wire import Stream

_ALLOW = "Access-Control-Allow-Origin"
_CREDENTIALS = "Access-Control-Allow-Credentials"
# Nobody can own these (RFC 2606).
STRANGERS = ("https://kit.invalid", "null")


def judge_allowed(capture: Capture, origin: str) -> str:
    """Returns what is wrong with a response that pages of this origin may read."""
    values = capture.head.values(_ALLOW) if capture.head else []
    if capture.status is None:
        return f"{capture.asked}: {capture.outcome()}"
    if len(values) != 1:
        return f"{capture.asked}: {_ALLOW} is sent {len(values)} times"
    if values[0] not in (origin, "*"):
        return f"{capture.asked}: {_ALLOW} is {values[0]!r}"
    if values[0] == "*" and (capture.header(_CREDENTIALS) or "").strip() == "true":
        return f"{capture.asked}: {_ALLOW} is * together with credentials"
    vary = {each.strip().lower() for each in (capture.header("Vary") or "").split(",")}
    if values[0] != "*" and not vary & {"origin", "*"}:
        return f"{capture.asked}: Vary does not name Origin, so that a cache may mix origins up"
    return ""


def judge_preflight(capture: Capture, origin: str, names: list[str]) -> str:
    """Returns what is wrong with the response to a preflight for these headers."""
    fault = judge_allowed(capture, origin)
    if fault:
        return fault
    if capture.status is None or not 200 <= capture.status < 300:
        return f"{capture.asked}: {capture.outcome()}, and not 2xx"
    if capture.is_stream and capture.body:
        return f"{capture.asked}: the response is a stream"
    value = (capture.header("Access-Control-Allow-Headers") or "").lower()
    allowed = {each.strip() for each in value.split(",")}
    has_any = "*" in allowed and (capture.header(_CREDENTIALS) or "") != "true"
    missing = [
        name for name in names if name not in allowed and not (has_any and name != "authorization")
    ]
    if missing:
        return f"{capture.asked}: the headers {', '.join(missing)} are not allowed"
    return ""


def judge_foreign(capture: Capture, origin: str) -> str:
    """Returns what is wrong with a response that pages of this origin may not read."""
    values = capture.head.values(_ALLOW) if capture.head else []
    if capture.status is None:
        return f"{capture.asked}: {capture.outcome()}"
    if set(values) & {origin, "*"}:
        return f"{capture.asked}: {_ALLOW} is {values[0]!r}"
    return ""


def judge_stranger(capture: Capture, origin: str) -> str:
    """Returns what is wrong if any page at all may read with its user's cookies."""
    values = set(capture.head.values(_ALLOW)) if capture.head else set()
    if (capture.header(_CREDENTIALS) or "").strip().lower() != "true":
        return ""
    if values & {origin, "*"}:
        return f"any page ({origin}) may read with credentials: {_ALLOW} is {values.pop()!r}"
    return ""


def _has_head(stream: Stream) -> bool:
    return stream.capture.head is not None


def _get(session: Session, origin: str, with_auth: bool = True) -> Capture:
    request = session.request(
        headers=(("Origin", origin.encode()),),
        asked=f"GET from {origin}",
        with_auth=with_auth,
    )
    return session.ask(request, stop=_has_head)


def _names(session: Session) -> list[str]:
    """Returns the headers of which a browser asks; the position is one for fetch-based clients."""
    names = {"last-event-id"}
    names |= {name.lower() for name, _ in session.options.headers}
    if session.options.auth_header:
        names.add(session.options.auth_header[0].lower())
    return sorted(names - {"accept", "accept-language", "cookie", "origin", "user-agent"})


def _preflight(session: Session, origin: str) -> Capture:
    headers = (
        ("Origin", origin.encode()),
        ("Access-Control-Request-Method", b"GET"),
        ("Access-Control-Request-Headers", ",".join(_names(session)).encode()),
    )
    request = session.request(
        method="OPTIONS", headers=headers, with_auth=False, asked=f"a preflight from {origin}"
    )
    return session.ask(request, stop=_has_head)


def _allowed(session: Session) -> Verdict:
    origin = session.options.origin
    fault = judge_allowed(_get(session, origin), origin)
    return failed(fault) if fault else passed()


def _preflighted(session: Session) -> Verdict:
    origin = session.options.origin
    fault = judge_preflight(_preflight(session, origin), origin, _names(session))
    return failed(fault) if fault else passed(f"for {', '.join(_names(session))}")


def _errors(session: Session) -> Verdict:
    origin = session.options.origin
    if session.options.auth_header:
        capture = _get(session, origin, with_auth=False)
    else:
        headers = (("Origin", origin.encode()), ("Content-Length", b"0"))
        request = session.request(method="PUT", headers=headers, asked=f"PUT from {origin}")
        capture = session.ask(request, stop=_has_head)
    if capture.status is not None and capture.status < 400:
        return skipped(f"{capture.asked} was to fail, and got {capture.outcome()}")
    fault = judge_allowed(capture, origin)
    return failed(fault) if fault else passed(f"with status {capture.status}")


def _foreign(session: Session) -> Verdict:
    origin = session.options.foreign_origin
    captures = [_get(session, origin), _preflight(session, origin)]
    return first_fault([fault for each in captures if (fault := judge_foreign(each, origin))])


def _strangers(session: Session) -> Verdict:
    faults = []
    for origin in STRANGERS:
        for capture in (_get(session, origin), _preflight(session, origin)):
            fault = judge_stranger(capture, origin)
            if fault:
                faults.append(fault)
    return first_fault(faults)


CHECKS = (
    Check(
        id="cors-allowed",
        title="The origin may read the stream",
        rule="Access-Control-Allow-Origin comes once, with the origin and Vary: Origin, or with *",
        source=f"{FETCH}#http-access-control-allow-origin",
        level=PROMISE,
        needs="--origin",
        run=_allowed,
    ),
    Check(
        id="cors-preflight",
        title="The origin's preflight is accepted",
        rule="OPTIONS gets 2xx and allows Last-Event-ID and the headers that the client sends",
        source=f"{FETCH}#cors-preflight-fetch",
        level=PROMISE,
        needs="--origin",
        run=_preflighted,
    ),
    Check(
        id="cors-errors",
        title="The origin may read errors, too",
        rule="without the headers on an error, a page cannot tell it from a lost network",
        source=f"{FETCH}#http-access-control-allow-origin",
        level=PROMISE,
        needs="--origin",
        run=_errors,
    ),
    Check(
        id="cors-foreign",
        title="A foreign origin may not read the stream",
        rule="neither the stream nor the preflight allows it",
        source=f"{FETCH}#http-access-control-allow-origin",
        level=PROMISE,
        needs="--foreign-origin",
        run=_foreign,
    ),
    Check(
        id="cors-credentials",
        title="Not every page may read with its user's cookies",
        rule="no wildcard and no repeated origin together with Access-Control-Allow-Credentials",
        source=f"{FETCH}#cors-protocol-and-credentials",
        level=MUST,
        run=_strangers,
    ),
)
