"""Fixtures for pytest. The wheel registers them; nothing else is imported until one is used.

https://docs.pytest.org/en/stable/how-to/writing_plugins.html
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from lambda_streaming.testing.emulated import LocalLambda

    Start = Callable[..., LocalLambda]


@pytest.fixture
def local_lambda(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Start]:
    """Starts functions under the emulator: `local_lambda("template.yaml")`.

    Or a handler without a template: `local_lambda(handler="app.handler", code="src")`. The
    arguments are those of `lambda_streaming.testing.emulated.LocalLambdas`. Relative paths begin in
    the folder of the test, or above it up to pytest's root. What was started ends with the test.
    """
    root = request.config.rootpath
    above = [each for each in request.path.parents if each == root or root in each.parents]
    yield from _starting(above, request.config, tmp_path / "local_lambda")


@pytest.fixture(scope="session")
def local_lambda_factory(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Start]:
    """Starts functions as `local_lambda` does, until the end of all tests.

    For fixtures of a wider scope, since a start takes a second. Relative paths begin in pytest's
    root, or where it was started.
    """
    yield from _starting([], request.config, tmp_path_factory.mktemp("local_lambda"))


def _starting(folders: list[Path], config: pytest.Config, scratch: Path) -> Iterator[Start]:
    from lambda_streaming.testing.emulated import LocalLambdas
    from local_lambda import EmulatorFailed

    folders = [*folders, config.rootpath, config.invocation_params.dir]
    with LocalLambdas(folders, scratch) as lambdas:

        def start(*args: Any, **kwargs: Any) -> LocalLambda:
            try:
                return lambdas(*args, **kwargs)
            except EmulatorFailed as error:
                log = str(error).strip()
            pytest.fail(f"the emulator did not start: {log}", pytrace=False)

        yield start


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown() -> None:
    """Ends the invocation that `lambda_streaming.testing.context` has begun, if there is one."""
    if "lambda_streaming.testing.contexts" in sys.modules:
        sys.modules["streaming_runtime.context"].leave()
