"""Is a stream that needs a credential closed to everybody without one?"""

import re

from sse_conformance.capture import Capture
from sse_conformance.checks.check import (
    MUST,
    PROMISE,
    RFC9110,
    Check,
    Verdict,
    failed,
    first_fault,
    passed,
    skipped,
)
from sse_conformance.secrecy import credentials_of, shapes_of
from sse_conformance.session import GLANCE_S, Session
from sse_conformance.wire import Request, Stream

_OPTION = "--auth-header"
_LEAST_SECRET = 4
_LEAST_SHAPE = 8
# Parameters of a query that are credentials wherever they are needed; a ticket is used up at once.
_NAMES = {"accesstoken", "apikey", "auth", "authorization", "jwt", "password", "token"}
_RFC9700 = "https://www.rfc-editor.org/rfc/rfc9700#section-2.1"

# Lambda's Function URLs and API Gateway send this header under another name, whoever sets it.
RENAMED_BY_AWS = "x-amzn-Remapped-WWW-Authenticate"


def judge_required(capture: Capture) -> Verdict:
    """Judges a request without the credential."""
    if capture.is_stream:
        return failed("without the credential the stream opens")
    if capture.status != 401:
        return failed(f"without the credential: {capture.outcome()} instead of 401")
    if capture.header("WWW-Authenticate"):
        return passed("status 401 with WWW-Authenticate")
    if capture.header(RENAMED_BY_AWS):
        return passed(f"status 401 with WWW-Authenticate, which AWS renamed to {RENAMED_BY_AWS}")
    return failed("status 401 comes without WWW-Authenticate")


def judge_garbage(name: str, capture: Capture) -> str:
    """Returns what is wrong with the response to a credential that nobody gave out."""
    if capture.is_stream:
        return f"{name}: the stream opens"
    if capture.status in (400, 401, 403, 431):
        return ""
    return f"{name}: {capture.outcome()} instead of 401"


def judge_echo(captures: list[Capture], secrets: tuple[str, ...]) -> Verdict:
    """Looks for the credential in all that came back, in every form that may repeat it."""
    wanted = {each for secret in secrets for each in _as_bytes(secret)}
    for capture in captures:
        head = capture.head.raw if capture.head else b""
        for place, came in (("a header", head), ("the body", capture.body + capture.after_end)):
            if any(each in came for each in wanted):
                return failed(f"{place} of the response to {capture.asked} holds the credential")
    return passed(f"{len(captures)} responses")


def _as_bytes(secret: str) -> set[bytes]:
    """Returns a secret's forms as bytes; short forms stand in many texts that are none of it."""
    shapes = {each for each in shapes_of(secret) if len(each) >= _LEAST_SHAPE}
    if len(secret) >= _LEAST_SECRET:
        shapes.add(secret)
    return {each.encode("utf-8", "replace") for each in shapes}


def secrets_of(value: str) -> tuple[str, ...]:
    """Returns what a response must not hold of a credential.

    That is never the name of a user, nor a password that may be a word of the stream.
    """
    whole, *others = credentials_of(value) or [""]
    return tuple(each for each in (whole, *others) if each == whole or len(each) >= _LEAST_SHAPE)


def garbage(value: str) -> dict[str, str]:
    """Returns credentials like this one that nobody gave out."""
    scheme, _, token = value.rpartition(" ")
    prefix = f"{scheme} " if scheme else ""
    middle = len(token) // 2
    other = "A" if token[middle : middle + 1] != "A" else "B"
    return {
        "an invented one": f"{prefix}kit-invented",
        "one with another letter": f"{prefix}{token[:middle]}{other}{token[middle + 1 :]}",
        "an empty one": prefix.strip() or "-",
        "another scheme": f"Kit {token[:1]}",
        "one of 4 KB": prefix + "x" * 4096,
    }


def _has_head(stream: Stream) -> bool:
    return stream.capture.head is not None


def _without(session: Session) -> Request:
    return session.request(with_auth=False, asked="GET without the credential")


def _with(session: Session, value: str) -> Request:
    name, _ = _given(session)
    return session.request(
        with_auth=False,
        headers=((name, value.encode("utf-8")),),
        asked="GET with another credential",
    )


def _given(session: Session) -> tuple[str, str]:
    header = session.options.auth_header
    assert header
    return header


def _required(session: Session) -> Verdict:
    return judge_required(session.ask(_without(session), stop=_has_head))


def _garbage(session: Session) -> Verdict:
    faults = []
    for name, value in garbage(_given(session)[1]).items():
        fault = judge_garbage(name, session.ask(_with(session, value), stop=_has_head))
        if fault:
            faults.append(fault)
    return first_fault(faults)


def _echo(session: Session) -> Verdict:
    invented = garbage(_given(session)[1])["an invented one"]
    window_s = session.options.window_s
    path, mark, query = session.target.path.partition("?")
    other = session.target.at(f"{path.rstrip('/')}/kit-nothing{mark}{query}")
    length = (("Content-Length", b"0"),)
    requests = [
        _without(session),
        _with(session, invented),
        session.request(method="POST", headers=length),
        session.request(method="HEAD"),
        session.request(method="OPTIONS"),
        session.request(target=other, asked="GET of another path"),
    ]
    captures = [session.long.so_far()]
    captures += [session.ask(each, seconds=window_s, quiet_s=GLANCE_S) for each in requests]
    for odd in ("kit-unknown", b"\xff\0"):
        request = session.request(last_event_id=odd, asked="GET with an odd id")
        captures.append(session.glance(request))
    return judge_echo(captures, (*secrets_of(_given(session)[1]), invented.rpartition(" ")[2]))


def _url(session: Session) -> Verdict:
    """Looks for the credential, or for what is called so and is one: without it comes a 401."""
    query = session.target.path.partition("?")[2]
    if session.options.auth_header:
        own = _given(session)[1].rpartition(" ")[2]
        place = session.target.path + (session.long.so_far().header("Location") or "")
        if own in place:
            return failed("the URL holds the credential")
    parts = [each for each in query.split("&") if each]
    named = [each for each in parts if _is_credential(each)]
    if not named:
        reason = "the URL's query has nothing that is called a credential: --auth-header"
        return passed() if session.options.auth_header else skipped(reason)
    others = "&".join(each for each in parts if each not in named)
    bare = session.target.path.partition("?")[0] + (f"?{others}" if others else "")
    request = session.request(target=session.target.at(bare), asked="GET without it")
    capture = session.ask(request, stop=_has_head)
    name = named[0].partition("=")[0]
    if session.long.so_far().is_stream and capture.status in (401, 403):
        return failed(f"the URL holds the credential: without {name}= comes {capture.outcome()}")
    return passed(f"{name}= is no credential: without it comes {capture.outcome()}")


def _is_credential(part: str) -> bool:
    name, _, value = part.partition("=")
    return bool(value) and re.sub("[^a-z]", "", name.lower()) in _NAMES


CHECKS = (
    Check(
        id="auth-required",
        title="Without the credential there is no stream",
        rule="the status is 401, with WWW-Authenticate",
        source=f"{RFC9110}#section-15.5.2",
        level=PROMISE,
        needs=_OPTION,
        run=_required,
    ),
    Check(
        id="auth-garbage",
        title="A credential that nobody gave out opens no stream",
        rule="invented, changed, empty and long ones get 401, and never a status of 500 or more",
        source=f"{RFC9110}#section-15.5.2",
        level=PROMISE,
        needs=_OPTION,
        run=_garbage,
    ),
    Check(
        id="auth-echo",
        title="No response repeats the credential",
        rule="neither headers nor bodies hold what the client sent as its credential",
        source=_RFC9700,
        level=MUST,
        needs=_OPTION,
        run=_echo,
    ),
    Check(
        id="auth-url",
        title="The URL holds no credential",
        rule="URLs stand in logs and histories",
        source=_RFC9700,
        level=MUST,
        run=_url,
    ),
)
