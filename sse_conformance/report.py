"""How is a report written, for people and for machines? docs/conformance.md describes the JSON."""

import json
from collections import Counter
from typing import Any

from streaming_runtime.version import __version__

from sse_conformance.checks import GROUPS
from sse_conformance.checks.check import FAIL, MUST, PASS, PROMISE, SHOULD, SKIP
from sse_conformance.run import Outcome, Report

FORMAT = 1  # grows when a field changes its meaning or goes
_VERDICTS = {0: "conforms", 1: "does not conform", 2: "nothing was checked"}
_SIGNS = {PASS: "ok  ", FAIL: "FAIL", SKIP: "skip"}


NOTHING = 2  # the exit status if no check could be tried


def exit_code(report: Report, strict: bool) -> int:
    """Returns 1 if a rule is broken that counts, and 2 if none was tried.

    `should` counts only with --strict.
    """
    if is_empty(report):
        return NOTHING
    counting = {MUST, PROMISE, SHOULD} if strict else {MUST, PROMISE}
    return int(any(fails(each) and each.level in counting for each in report.outcomes))


def is_empty(report: Report) -> bool:
    """Whether nothing was found out, because every check was skipped."""
    return all(each.verdict.result == SKIP for each in report.outcomes)


def note_skipped(report: Report) -> None:
    """Adds a note of the checks that the user named, and that could not be tried."""
    names = [each.check.id for each in report.outcomes if each.verdict.result == SKIP]
    if names:
        report.notes.append(f"--only names what could not be tried: {', '.join(names)}")


def fails(outcome: Outcome) -> bool:
    """Whether the rule is broken."""
    return outcome.verdict.result == FAIL


def as_text(report: Report, strict: bool, quiet: bool) -> str:
    """Returns the report for people; `quiet` shows only what fails."""
    lines = [f"{report.url}"]
    lines += [f"  note: {note}" for note in report.notes]
    by_id = {each.check.id: each for each in report.outcomes}
    for title, checks in GROUPS:
        outcomes = [by_id[check.id] for check in checks if check.id in by_id]
        if quiet:
            outcomes = [each for each in outcomes if fails(each)]
        if outcomes:
            lines += ["", title]
        for outcome in outcomes:
            lines += _of_check(outcome)
    return "\n".join([*lines, "", summary(report, strict)])


def _of_check(outcome: Outcome) -> list[str]:
    check = outcome.check
    result = outcome.verdict.result
    lines = [f"  {_SIGNS[result]}  {outcome.level:7}  {check.id}: {check.title}"]
    if outcome.verdict.evidence:
        lines.append(f"        {outcome.verdict.evidence}")
    if result == FAIL:
        lines.append(f"        The rule: {check.rule}.")
        lines.append(f"        {check.source}")
    return lines


def summary(report: Report, strict: bool) -> str:
    """Returns the last line."""
    counted = Counter(each.verdict.result for each in report.outcomes)
    levels = Counter(each.level for each in report.outcomes if fails(each))
    parts = [f"{levels[level]} {level}" for level in (MUST, PROMISE, SHOULD) if levels[level]]
    detail = f" ({', '.join(parts)})" if parts else ""
    verdict = _VERDICTS[exit_code(report, strict)]
    return (
        f"{verdict}: {counted[PASS]} passed, {counted[FAIL]} failed{detail}, "
        f"{counted[SKIP]} skipped, in {report.lasted_s:.0f} s"
    )


def as_json(report: Report, strict: bool) -> str:
    """Returns the report for machines."""
    counted = Counter(each.verdict.result for each in report.outcomes)
    whole: dict[str, Any] = {
        "format": FORMAT,
        "version": __version__,
        "url": report.url,
        "started": report.started,
        "lasted_s": round(report.lasted_s, 3),
        "exit_code": exit_code(report, strict),
        "counts": {result: counted[result] for result in (PASS, FAIL, SKIP)},
        "notes": report.notes,
        "checks": [_check_as_json(each) for each in report.outcomes],
    }
    return json.dumps(whole, indent=2, ensure_ascii=True) + "\n"


def _check_as_json(outcome: Outcome) -> dict[str, str]:
    groups = {check.id: title for title, checks in GROUPS for check in checks}
    return {
        "id": outcome.check.id,
        "group": groups[outcome.check.id],
        "title": outcome.check.title,
        "rule": outcome.check.rule,
        "source": outcome.check.source,
        "level": outcome.level,
        "result": outcome.verdict.result,
        "evidence": outcome.verdict.evidence,
    }
