"""With LOCAL_LAMBDA_WITNESS: keeps what the tests themselves hold secret, and what they print.

The emulator keeps its own (local_lambda/witness.py); this is for functions that run in the process
of a test. scripts/leaks.py searches for the ones in the others.
"""

import functools
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local_lambda.witness import SAID, SECRETS, VARIABLE

SESSION_BYTES = 32  # other texts of `token_urlsafe` are ids, and no secrets


def note_secret(value: str) -> None:
    """Notes a secret that no request and no response holds. Does nothing without the variable."""
    _append(SECRETS, value)


def note_said(text: str) -> None:
    """Notes something that a test has read and that anybody might read."""
    _append(SAID, text)


def _append(kind: str, text: str) -> None:
    if folder := os.environ.get(VARIABLE):
        place = Path(folder, kind)
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = place / f"tests-{os.getpid()}.txt"
        with path.open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"{text}\n")


def _noting(make: Callable[..., str], is_secret: Callable[..., bool]) -> Callable[..., str]:
    @functools.wraps(make)
    def made(*arguments: Any, **named: Any) -> str:
        value = make(*arguments, **named)
        if is_secret(*arguments, **named):
            note_secret(value)
        return value

    return made


def pytest_configure() -> None:
    """Notes the session tokens and JSON Web Tokens that are made in this process."""
    if not os.environ.get(VARIABLE):
        return
    import jwt

    secrets.token_urlsafe = _noting(secrets.token_urlsafe, lambda n=None: n == SESSION_BYTES)
    jwt.encode = _noting(jwt.encode, lambda *_, **__: True)


@pytest.hookimpl(trylast=True)
def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Notes what a test has printed and logged, and how it failed."""
    if os.environ.get("PYTEST_XDIST_WORKER"):
        return  # the controller gets every report, too
    for name, text in report.sections:
        note_said(f"{report.nodeid.partition('[')[0]} {name}\n{text}")
    if report.failed:
        note_said(report.longreprtext)
