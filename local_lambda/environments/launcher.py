"""Prepares all functions of an application, and says once what is not as on Lambda."""

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from local_lambda.application import Function
from local_lambda.environments import linux, variables
from local_lambda.environments.credentials import own_variables
from local_lambda.environments.launch import Launch, LaunchSettings, lay_out, prepare
from local_lambda.environments.processes import ProcessGroup, Reaper

_log = logging.getLogger(__name__)
_COMPILE = Path(__file__).parents[1] / "programs/compile.py"


class Launcher:
    """Lays functions out under `directory`. With `lambda_paths` they see /opt and /var/task."""

    def __init__(
        self, directory: Path, settings: LaunchSettings, reaper: Reaper, lambda_paths: bool
    ) -> None:
        self._directory = directory
        self._settings = settings
        self._reaper = reaper
        self._lambda_paths = lambda_paths
        self._said: set[str] = set()
        self._compiling: ProcessGroup | None = None
        self._task: asyncio.Task[int] | None = None

    async def prepare(self, functions: Mapping[str, Function]) -> dict[str, Launch]:
        """Lays all functions out. One that cannot be laid out has a launch with an error."""
        return await asyncio.to_thread(self._prepare, functions)

    def _prepare(self, functions: Mapping[str, Function]) -> dict[str, Launch]:
        self._settings = replace(self._settings, namespace=self._namespace())
        launches = {}
        for name, function in functions.items():
            for finding in variables.findings(function):
                _log.warning("template: %s", finding)
            launches[name] = prepare(function, self._directory, self._settings)
            self._say_substituted(launches[name].substituted)
        return launches

    def lay_out(self, function: Function, directory: Path) -> Launch:
        """Lays one function out again, in another directory. Raises LaunchError and OSError."""
        return lay_out(function, directory, self._settings)

    def _namespace(self) -> linux.Namespace | None:
        if not self._lambda_paths:
            return None
        empty = self._directory / "empty"
        empty.mkdir()
        found = linux.namespace(empty)
        if isinstance(found, linux.Namespace):
            return found
        self._say_substituted(found)
        return None

    def _say_substituted(self, reason: str) -> None:
        """Says once, for each reason, that functions do not see /opt and /var/task."""
        if reason and reason not in self._said:
            self._said.add(reason)
            _log.warning(
                "paths.substituted /opt and /var/task do not exist for the code: %s; variables"
                " and wrappers name other folders",
                reason,
            )

    async def compile(self, launches: Iterable[Launch]) -> None:
        """Compiles code that functions can only read, in the background.

        Without that, each environment would compile it again.
        """
        read_only = [launch for launch in launches if launch.namespace]
        folders = [str(each) for launch in read_only for each in (launch.opt, launch.task)]
        if not folders:
            return
        command = [self._settings.python, "-I", "-S", str(_COMPILE), *dict.fromkeys(folders)]
        with contextlib.suppress(OSError):  # each function says what is wrong with its interpreter
            self._compiling = await self._reaper.start(
                command,
                variables=own_variables(os.environ),
                directory=self._directory,
                name="compile",
            )
            self._task = asyncio.create_task(self._compiling.ended())

    async def close(self) -> None:
        if self._compiling and self._task:
            self._compiling.signal(signal.SIGKILL)
            await self._task
