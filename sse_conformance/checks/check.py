"""A check: a rule, how much it matters, and the verdict."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sse_conformance.session import Session

MUST = "must"
SHOULD = "should"
PROMISE = "promise"

PASS = "pass"
FAIL = "fail"
SKIP = "skip"

HTML = "https://html.spec.whatwg.org/multipage/server-sent-events.html"
FETCH = "https://fetch.spec.whatwg.org/"
RFC9110 = "https://www.rfc-editor.org/rfc/rfc9110"
RFC9112 = "https://www.rfc-editor.org/rfc/rfc9112"


@dataclass(frozen=True)
class Verdict:
    """The result of one check; `evidence` says what was seen, `reason` why it was skipped."""

    result: str
    evidence: str = ""


def passed(evidence: str = "") -> Verdict:
    """The rule holds."""
    return Verdict(PASS, evidence)


def failed(evidence: str) -> Verdict:
    """The rule is broken."""
    return Verdict(FAIL, evidence)


def skipped(reason: str) -> Verdict:
    """The rule could not be tried."""
    return Verdict(SKIP, reason)


def first_fault(faults: list[str], otherwise: str = "") -> Verdict:
    """Fails with the first of the faults and the number of the others, or passes."""
    if not faults:
        return passed(otherwise)
    others = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    return failed(faults[0] + others)


@dataclass(frozen=True)
class Check:
    """A rule and how it is tried.

    needs: the option without which the check is skipped, or "".
    promised_by: an option that makes the level a promise.
    on_stream: whether there must be an open event stream.
    late: whether it judges what was heard until the end of the listening.
    first: whether it takes long, so that it begins before the others.
    alone: whether no other check may run beside it, but the listening goes on.
    """

    id: str
    title: str
    rule: str
    source: str
    level: str
    run: "Callable[[Session], Verdict]"
    needs: str = ""
    promised_by: str = ""
    on_stream: bool = True
    late: bool = False
    alone: bool = False
    first: bool = False
