"""Prepares a function's process: its folders, its command and its environment variables.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-modify.html (the wrapper script's arguments)
"""

import functools
import logging
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from local_lambda import witness
from local_lambda.application import Function
from local_lambda.environments import linux, variables
from local_lambda.environments.credentials import Credentials, CredentialsError, no_credentials
from local_lambda.environments.layout import (
    LaunchError,
    copy_file,
    lay_out_code,
    lay_out_layers,
)
from local_lambda.environments.packages import package_layers

_log = logging.getLogger(__name__)
_ROOT = Path(__file__).parents[2]
_BOOTSTRAP = _ROOT / "local_lambda/programs/bootstrap.py"
WRAPPER = "AWS_LAMBDA_EXEC_WRAPPER"
OTHER_WRAPPERS = "STREAMING_RUNTIME_EXEC_WRAPPER"  # our runtime runs these; `:` between them
# The stock runtime client and its dependencies, which /var/runtime holds, by import name.
_STOCK_CLIENT = ("awslambdaric", "runtime_client", "simplejson", "snapshot_restore_py")
_PRINT_ORIGINS = (
    "import importlib.util as u, sys; "
    "print(*(u.find_spec(name).origin for name in sys.argv[1:]), sep='\\n')"
)


@dataclass(frozen=True)
class LaunchSettings:
    """Holds the settings that all functions of one emulator share.

    `passed_variables` win over all others. `credentials` is asked when an environment starts.
    `sampling` is auto, always or never. Without a `namespace` Lambda's paths are substituted.
    `limits` are those of `--as-lambda`.
    """

    python: str
    region: str
    dynamodb_url: str = ""
    lambda_url: str = ""
    passed_variables: Mapping[str, str] = field(default_factory=dict)
    credentials: Credentials = no_credentials
    isolated: bool = False
    sampling: str = "auto"
    namespace: linux.Namespace | None = None
    limits: linux.Limits | None = None


@dataclass(frozen=True)
class Launch:
    """Describes one function laid out on disk.

    `task` is its code, `opt` merges its layers, and `runtime` holds the stand-in for Lambda's
    bootstrap.py. With an `error`, which is a sentence, the function cannot be started.
    `substituted` says why the function does not see them at Lambda's paths.
    """

    function: Function
    task: Path
    opt: Path
    runtime: Path
    settings: LaunchSettings
    error: str = ""
    substituted: str = ""

    @property
    def namespace(self) -> linux.Namespace | None:
        return None if self.substituted else self.settings.namespace

    @property
    def seen(self) -> "Folders":
        """Returns the folders as the function sees them."""
        if self.namespace:
            return Folders(task=linux.TASK, opt=linux.OPT, runtime=linux.RUNTIME)
        return Folders(task=self.task, opt=self.opt, runtime=self.runtime)

    def confine(self, name: str) -> linux.Confinement:
        """Makes what confines the next environment, `name`. Raises OSError."""
        limits = self.settings.limits
        if limits is None or self.error:
            return linux.Confinement()
        return limits.confine(
            name,
            memory_mb=self.function.memory_mb,
            tmp_mb=self.function.ephemeral_storage_mb,
            private_tmp=self.namespace is not None and not self.shares_tmp,
        )

    @property
    def shares_tmp(self) -> str:
        """Returns the path below /tmp that the function needs, or an empty text."""
        needed = interpreter_paths(self.settings.python)
        needed = (*needed, str(self.task)) if linux.leads_out(self.task) else needed
        return linux.hidden(needed, places=[Path("/tmp")])

    def command(self, confined: Sequence[str] = ()) -> list[str]:
        """Returns the command that starts the runtime. Raises LaunchError and OSError.

        `confined` are the words of its confinement.
        """
        if self.error:
            raise LaunchError(self.error)
        self._refresh()
        command = self._runtime_command()
        if self.namespace:
            return self.namespace.command(
                self.task, self.opt, self.runtime, command=command, confined=confined
            )
        if confined and self.settings.limits:
            return self.settings.limits.command(command, confined, self.task)
        return command

    def _runtime_command(self) -> list[str]:
        seen = self.seen
        python = [self.python, str(seen.runtime / "bootstrap.py")]
        if wrapper := self.function.environment.get(WRAPPER):
            there = _executable(self.translated(wrapper), f"{WRAPPER} {wrapper}")
            return [wrapper if self.namespace else str(there), *python]
        if self.function.runtime.startswith("provided"):
            return [str(self._provided_bootstrap())]
        return python

    @property
    def python(self) -> str:
        """Returns the interpreter as the function sees it."""
        own = Path(self.settings.python)
        if own.is_relative_to(self.runtime):
            return str(self.seen.runtime / own.relative_to(self.runtime))
        return self.settings.python

    @property
    def runtimes(self) -> tuple[Path, Path]:
        """Returns the folder of the runtime, here and as the function sees it."""
        return self.runtime, self.seen.runtime

    def _refresh(self) -> None:
        """Copies code that is one file again if it has changed since."""
        code = self.function.code
        copy = self.task / code.name
        is_one_file = self.function.inline_code is None and copy.is_file() and code.is_file()
        if is_one_file and code.stat().st_mtime_ns != copy.stat().st_mtime_ns:
            copy_file(code, self.task)

    def _provided_bootstrap(self) -> Path:
        """Returns `bootstrap` as the function sees it."""
        for here, seen in ((self.task, self.seen.task), (self.opt, self.seen.opt)):
            if (here / "bootstrap").is_file():
                _executable(here / "bootstrap", "bootstrap")
                return seen / "bootstrap"
        code = self.function.code
        raise LaunchError(f"Runtime.InvalidEntrypoint: no bootstrap in {code} or the layers")

    def translated(self, path: str) -> Path:
        """Returns where a path of Lambda's file system lies on this machine."""
        if path == "/opt" or path.startswith("/opt/"):
            return self.opt / path.removeprefix("/opt").lstrip("/")
        if path.startswith("/var/task/"):
            return self.task / path.removeprefix("/var/task/")
        return Path(path)

    def environment(self, runtime_api: str) -> dict[str, str]:
        """Returns the variables of an environment that starts now. Raises LaunchError."""
        settings = self.settings
        try:
            own_credentials = settings.credentials()
        except CredentialsError as error:
            raise LaunchError(str(error)) from error
        result = variables.of_function(
            self.function, settings.region, runtime_api=runtime_api, credentials=own_credentials
        )
        seen = self.seen
        folders = variables.folder_variables(seen.task, seen.opt, seen.runtime, self.python)
        result = folders | result
        wrappers = result.get(OTHER_WRAPPERS)
        if wrappers and not self.namespace:
            translated = [str(self.translated(path)) for path in wrappers.split(":") if path]
            result[OTHER_WRAPPERS] = ":".join(translated)
        if settings.lambda_url:  # one of the template's or the shell's wins
            result.setdefault("AWS_ENDPOINT_URL_LAMBDA", settings.lambda_url)
        if settings.dynamodb_url:
            result["AWS_ENDPOINT_URL_DYNAMODB"] = settings.dynamodb_url
        every = variables.with_passed(result, settings.passed_variables)
        witness.variables(every.items())
        return _checked(every)


class Folders(NamedTuple):
    """Holds the folders of a function: its code, its layers, and the runtime."""

    task: Path
    opt: Path
    runtime: Path


def prepare(function: Function, directory: Path, settings: LaunchSettings) -> Launch:
    """Lays the function out under `directory`.

    A function that cannot be laid out does not hinder others: its launch has an `error`.
    """
    try:
        return lay_out(function, directory, settings)
    except (LaunchError, OSError) as error:
        _log.error("function.not_served %s %s", function.logical_id, error)
        return replace(_launch(function, directory, settings), error=str(error))


def _launch(function: Function, directory: Path, settings: LaunchSettings) -> Launch:
    folder = directory / function.logical_id
    return Launch(
        function=function,
        task=folder / "task",
        opt=folder / "opt",
        runtime=folder / "runtime",
        settings=settings,
    )


def lay_out(function: Function, directory: Path, settings: LaunchSettings) -> Launch:
    """Lays the function out under `directory`. Raises LaunchError and OSError."""
    launch = _launch(function, directory, settings)
    launch.runtime.mkdir(parents=True)
    shutil.copy(_BOOTSTRAP, launch.runtime / "bootstrap.py")
    task = lay_out_code(function, launch.task)
    packages = package_layers(
        function.packages,
        logical_id=function.logical_id,
        python=settings.python,
        layers=function.layers,
        isolated=settings.isolated,
    )
    lay_out_layers((*packages, *function.layers), launch.opt)
    if settings.isolated:
        settings = _isolated(settings, launch.runtime)
    linux.leads_out(task)  # large folders take long, and a start would wait for it
    return replace(
        launch, task=task, settings=settings, substituted=_substitution(function, launch.settings)
    )


def _substitution(function: Function, settings: LaunchSettings) -> str:
    """Returns why this function cannot have Lambda's paths, or an empty text."""
    if settings.namespace is None:
        return ""
    if path := linux.hidden([function.code, *function.layers]):
        return f"the code of {function.logical_id}, {path}, would be hidden"
    if path := linux.hidden(interpreter_paths(settings.python)):
        return f"the interpreter needs {path}, which would be hidden"
    return ""


@functools.cache
def interpreter_paths(python: str) -> tuple[str, ...]:
    """Returns where an interpreter and its packages lie. Raises LaunchError."""
    code = "import sys; print(sys.executable, sys.base_prefix, *sys.path, sep='\\n')"
    if python == sys.executable:
        # The emulator's own folder is not on a function's path.
        packages = [path for path in sys.path if path not in ("", os.getcwd(), str(_ROOT))]
        return (sys.executable, sys.base_prefix, *packages)
    try:
        ended = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise LaunchError(f"the interpreter {python} cannot be run: {error}") from error
    return tuple(path for path in ended.stdout.split("\n") if path)


def _checked(result: dict[str, str]) -> dict[str, str]:
    """Raises LaunchError for a variable that no process can have."""
    for name, value in result.items():
        if not name or "=" in name or "\0" in name + value:
            raise LaunchError(f"the variable {name!r} cannot be set: its name or value is not text")
        try:
            f"{name}{value}".encode()
        except UnicodeEncodeError as error:
            raise LaunchError(f"the variable {name!r} cannot be set: {error.reason}") from error
    return result


def _isolated(settings: LaunchSettings, runtime: Path) -> LaunchSettings:
    """Replaces the interpreter by one that sees the standard library alone.

    The stock client is copied to `runtime`; all other packages must come from layers.
    Raises LaunchError.
    """
    command = [settings.python, "-c", _PRINT_ORIGINS, *_STOCK_CLIENT]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    if found.returncode:
        raise LaunchError(f"{settings.python} has no awslambdaric: {found.stderr.strip()[-200:]}")
    for origin in map(Path, found.stdout.split()):
        if origin.name == "__init__.py":
            shutil.copytree(origin.parent, runtime / origin.parent.name)
        else:
            shutil.copy(origin, runtime)
    python = runtime / "bin" / "python3"
    python.parent.mkdir()
    python.write_text(f'#!/bin/sh\nexec {shlex.quote(settings.python)} -S "$@"\n')
    python.chmod(0o755)
    return replace(settings, python=str(python))


def _executable(path: Path, role: str) -> Path:
    if not path.is_file():
        raise LaunchError(f"{role}: {path} does not exist")
    if not path.stat().st_mode & 0o100:
        raise LaunchError(f"{role}: {path} is not executable")
    return path
