"""All checks, in the groups and the order in which they are reported."""

from sse_conformance.checks import (
    auth,
    cors,
    cuts,
    flow,
    framing,
    headers,
    ids,
    injection,
    limits,
    methods,
    reset,
    resume,
    silence,
    slow,
)
from sse_conformance.checks.check import Check

GROUPS: tuple[tuple[str, tuple[Check, ...]], ...] = (
    ("Status and headers", headers.CHECKS),
    ("Framing", framing.CHECKS),
    ("Cuts", cuts.CHECKS),
    ("Ids and times", (*ids.CHECKS, *silence.CHECKS)),
    ("Resume", (*resume.CHECKS, *reset.CHECKS, *flow.CHECKS)),
    ("Limits", (*limits.CHECKS, *slow.CHECKS)),
    ("Credentials", auth.CHECKS),
    ("Other origins", cors.CHECKS),
    ("Other requests", (*methods.CHECKS, *injection.CHECKS)),
)
ALL = tuple(check for _, checks in GROUPS for check in checks)
