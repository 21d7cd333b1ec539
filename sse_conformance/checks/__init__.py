"""All checks, in the groups and the order in which they are reported."""

from sse_conformance.checks import cuts, framing, headers, ids, resume, silence
from sse_conformance.checks.check import Check

GROUPS: tuple[tuple[str, tuple[Check, ...]], ...] = (
    ("Status and headers", headers.CHECKS),
    ("Framing", framing.CHECKS),
    ("Cuts", cuts.CHECKS),
    ("Ids and times", (*ids.CHECKS, *silence.CHECKS)),
    ("Resume", resume.CHECKS),
)
ALL = tuple(check for _, checks in GROUPS for check in checks)
