"""With LOCAL_LAMBDA_WITNESS: keeps what the tests themselves hold secret, and what they print.

The emulator keeps its own (local_lambda/witness.py); this is for functions that run in the process
of a test. scripts/leaks.py searches for the ones in the others.
"""

import functools
import io
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local_lambda.witness import SAID, SECRETS, VARIABLE, place_of

SESSION_BYTES = 32  # other texts of `token_urlsafe` are ids, and no secrets


def note_secret(value: str) -> None:
    """Notes a secret that no request and no response holds. Does nothing without the variable."""
    _append(SECRETS, value)


def note_said(text: str) -> None:
    """Notes something that a test has read and that anybody might read."""
    _append(SAID, text)


def note_files(*paths: Path) -> None:
    """Notes what processes have written to files."""
    if os.environ.get(VARIABLE):
        for path in paths:
            note_said(path.read_text("utf-8", errors="replace"))


class Heard(io.StringIO):
    """A text stream for a log that a test reads; what is written to it is noted, too."""

    def write(self, text: str) -> int:
        note_said(text)
        return super().write(text)


def _append(kind: str, text: str) -> None:
    if folder := os.environ.get(VARIABLE):
        path = place_of(folder, kind) / f"tests-{os.getpid()}.txt"
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


def _heard(read: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(read)
    def readouterr(fixture: Any) -> Any:
        captured = read(fixture)
        for text in captured:
            if text:
                plain = text if isinstance(text, str) else text.decode("utf-8", "replace")
                note_said(plain)
        return captured

    return readouterr


def pytest_configure() -> None:
    """Notes the session tokens and JSON Web Tokens that are made in this process.

    What a test reads by `capsys` or `capfd` is in no section of its report, so it is noted here.
    """
    if not os.environ.get(VARIABLE):
        return
    import jwt

    secrets.token_urlsafe = _noting(secrets.token_urlsafe, lambda n=None: n == SESSION_BYTES)
    jwt.encode = _noting(jwt.encode, lambda *_, **__: True)
    pytest.CaptureFixture.readouterr = _heard(  # type: ignore[method-assign]
        pytest.CaptureFixture.readouterr
    )


@pytest.hookimpl(trylast=True)
def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Notes what a test has printed and logged, and how it failed."""
    if os.environ.get("PYTEST_XDIST_WORKER"):
        return  # the controller gets every report, too
    for name, text in report.sections:
        note_said(f"{report.nodeid.partition('[')[0]} {name}\n{text}")
    if report.failed:
        note_said(report.longreprtext)
