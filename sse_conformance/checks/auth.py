"""Is a stream that needs a credential closed to everybody without one?"""

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
)
from sse_conformance.session import Session
from sse_conformance.wire import Request, Stream

_OPTION = "--auth-header"
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
    """Looks for the credential in all that came back."""
    for capture in captures:
        head = capture.head.raw if capture.head else b""
        for secret in secrets:
            if len(secret) > 3 and secret.encode("utf-8") in head:
                return failed(f"a header of the response to {capture.asked} holds the credential")
            if len(secret) > 3 and secret.encode("utf-8") in capture.body:
                return failed(f"the body of the response to {capture.asked} holds the credential")
    return passed(f"{len(captures)} responses")


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
    captures = [
        session.long.so_far(),
        session.ask(_without(session), seconds=window_s),
        session.ask(_with(session, invented), seconds=window_s),
        session.follow(last_event_id="kit-unknown", stop=lambda stream: bool(stream.events)),
    ]
    own = _given(session)[1].rpartition(" ")[2]
    return judge_echo(captures, (own, invented.rpartition(" ")[2]))


def _url(session: Session) -> Verdict:
    own = _given(session)[1].rpartition(" ")[2]
    place = session.target.path + (session.long.so_far().header("Location") or "")
    return failed("the URL holds the credential") if own in place else passed()


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
        needs=_OPTION,
        run=_url,
    ),
)
