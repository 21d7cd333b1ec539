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
from local_lambda.environments import linux
from local_lambda.environments.credentials import own_variables
from local_lambda.environments.interpreters import Named, choose
from local_lambda.environments.launch import Launch, LaunchSettings, lay_out, prepare
from local_lambda.environments.processes import ProcessGroup, Reaper

_log = logging.getLogger(__name__)
_COMPILE = Path(__file__).parents[1] / "programs/compile.py"


class Launcher:
    """Lays functions out under `directory`. With `lambda_paths` they see /opt and /var/task.

    `pythons` are the interpreters of the command line.
    """

    def __init__(
        self,
        directory: Path,
        settings: LaunchSettings,
        reaper: Reaper,
        pythons: Named,
        lambda_paths: bool,
        as_lambda: bool = False,
    ) -> None:
        self._pythons = pythons
        self._directory = directory
        self._settings = settings
        self._reaper = reaper
        self._lambda_paths = lambda_paths
        self._as_lambda = as_lambda
        self._said: set[str] = set()
        self._compiling: dict[ProcessGroup, asyncio.Task[int]] = {}

    async def prepare(self, functions: Mapping[str, Function]) -> dict[str, Launch]:
        """Lays all functions out. One that cannot be laid out has a launch with an error."""
        launches = await asyncio.to_thread(self._prepare, functions)
        limits = self._settings.limits
        if limits and limits.groups:
            self._reaper.remove_groups(limits.groups.folders.values())
        return launches

    def _prepare(self, functions: Mapping[str, Function]) -> dict[str, Launch]:
        empty = self._directory / "empty"
        empty.mkdir()
        namespace = self._namespace(empty)
        self._settings = replace(
            self._settings, namespace=namespace, limits=self._limits(empty, namespace)
        )
        pythons = choose(functions.values(), self._pythons)
        launches = {}
        for name, function in functions.items():
            settings = replace(self._settings, python=pythons[name])
            launches[name] = prepare(function, self._directory, settings)
            self._say_substituted(launches[name].substituted)
            self._say_shared_tmp(launches[name])
        self._say_cores(functions)
        return launches

    def _say_cores(self, functions: Mapping[str, Function]) -> None:
        """Says which functions get less of the processor than on Lambda."""
        cores = os.cpu_count() or 1
        names = [
            name
            for name, function in functions.items()
            if function.memory_mb > cores * linux.MB_PER_CORE
        ]
        if names and self._as_lambda:
            _log.warning(
                "as_lambda.missing this machine has %d cores, fewer than the memory of %s gives",
                cores,
                ", ".join(names),
            )

    def lay_out(self, function: Function, directory: Path) -> Launch:
        """Lays one function out again, in another directory. Raises LaunchError and OSError."""
        python = choose([function], self._pythons)[function.logical_id]
        return lay_out(function, directory, replace(self._settings, python=python))

    def _limits(self, empty: Path, namespace: linux.Namespace | None) -> linux.Limits | None:
        if not self._as_lambda:
            return None
        found, missing = linux.limits(empty, has_namespace=namespace is not None)
        for reason in missing:
            _log.warning("as_lambda.missing %s", reason)
        return found

    def _say_shared_tmp(self, launch: Launch) -> None:
        if launch.settings.limits and launch.namespace and (path := launch.shares_tmp):
            text = f"/tmp of {launch.function.logical_id} is the machine's: it needs {path}"
            if text not in self._said:
                self._said.add(text)
                _log.warning("as_lambda.missing %s", text)

    def _namespace(self, empty: Path) -> linux.Namespace | None:
        if not self._lambda_paths:
            return None
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
        folders: dict[str, list[str]] = {}
        for launch in launches:
            if launch.namespace:
                of_python = folders.setdefault(launch.settings.python, [])
                of_python += [str(launch.opt), str(launch.task)]
        for python, read in folders.items():
            with contextlib.suppress(OSError):  # each function says what is wrong with it
                await self._start_compiling(python, read)

    async def _start_compiling(self, python: str, folders: list[str]) -> None:
        group = await self._reaper.start(
            [python, "-I", "-S", str(_COMPILE), *dict.fromkeys(folders)],
            variables=own_variables(os.environ),
            directory=self._directory,
            name="compile",
        )
        self._compiling[group] = asyncio.create_task(group.ended())

    async def close(self) -> None:
        for group in self._compiling:
            group.signal(signal.SIGKILL)
        await asyncio.gather(*self._compiling.values())
        if self._settings.limits and self._settings.limits.groups:
            await asyncio.to_thread(self._settings.limits.groups.remove)
