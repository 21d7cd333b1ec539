"""How a function's process is started: its directories, its command, and Lambda's environment and nothing else.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-modify.html (the wrapper script's arguments)
"""

import os
import secrets
import shlex
import shutil
import subprocess
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from local_lambda.application import Function

_STAND_IN = Path(__file__).parents[1] / "programs/bootstrap.py"
WRAPPER = "AWS_LAMBDA_EXEC_WRAPPER"
# The stock client as /var/runtime has it: awslambdaric and what it needs, by import name.
_STOCK_CLIENT = ("awslambdaric", "runtime_client", "simplejson", "snapshot_restore_py")
_WHERE = "import importlib.util as u, sys; print(*(u.find_spec(name).origin for name in sys.argv[1:]), sep='\\n')"


class LaunchError(Exception):
    """The function cannot be started as the template says."""


@dataclass(frozen=True)
class LaunchSettings:
    """What all functions of one emulator share."""

    python: str
    region: str
    dynamodb_url: str = ""
    passed_on: tuple[tuple[str, str], ...] = ()
    isolated: bool = False


@dataclass(frozen=True)
class Launch:
    """One function, laid out here: `opt` merges its layers, `runtime` holds the stand-in for bootstrap.py."""

    function: Function
    opt: Path
    runtime: Path
    settings: LaunchSettings

    def command(self) -> list[str]:
        """Raises LaunchError."""
        python = [self.settings.python, str(self.runtime / "bootstrap.py")]
        if wrapper := self.function.environment.get(WRAPPER):
            return [str(_executable(self.translated(wrapper), WRAPPER)), *python]
        if self.function.runtime.startswith("provided"):
            candidates = [self.function.code / "bootstrap", self.opt / "bootstrap"]
            found = next((path for path in candidates if path.is_file()), None)
            if found is None:
                raise LaunchError(
                    f"Runtime.InvalidEntrypoint: no bootstrap in {self.function.code} or the layers"
                )
            return [str(_executable(found, "bootstrap"))]
        return python

    def translated(self, path: str) -> Path:
        if path == "/opt" or path.startswith("/opt/"):
            return self.opt / path.removeprefix("/opt").lstrip("/")
        if path.startswith("/var/task/"):
            return self.function.code / path.removeprefix("/var/task/")
        return Path(path)

    def environment(self, runtime_api: str) -> dict[str, str]:
        function, settings = self.function, self.settings
        python_dir = str(Path(settings.python).parent)
        own = {
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_DEFAULT_REGION": settings.region,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
            "AWS_LAMBDA_FUNCTION_NAME": function.name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_INITIALIZATION_TYPE": _initialization_type(function),
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": f"{datetime.now(UTC):%Y/%m/%d}/[$LATEST]{secrets.token_hex(16)}",
            "AWS_LAMBDA_RUNTIME_API": runtime_api,
            "AWS_REGION": settings.region,
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_SESSION_TOKEN": "local",
            # Not Lambda's: without it the user's own ~/.aws would be read.
            "HOME": str(self.runtime),
            "LAMBDA_RUNTIME_DIR": str(self.runtime),
            "LAMBDA_TASK_ROOT": str(function.code),
            "LANG": "en_US.UTF-8",
            "PATH": f"{python_dir}:/usr/local/bin:/usr/bin:/bin:{self.opt / 'bin'}",
            "TZ": ":UTC",
            "_HANDLER": function.handler,
        }
        if not function.runtime.startswith("provided"):
            own["AWS_EXECUTION_ENV"] = f"AWS_Lambda_{function.runtime}"
        if function.max_concurrency:
            own["AWS_LAMBDA_MAX_CONCURRENCY"] = str(function.max_concurrency)
        table = (
            {"AWS_ENDPOINT_URL_DYNAMODB": settings.dynamodb_url} if settings.dynamodb_url else {}
        )
        return {**dict(settings.passed_on), **own, **function.environment, **table}


def prepare(function: Function, directory: Path, settings: LaunchSettings) -> Launch:
    """Lay the function out under `directory`. Raises LaunchError."""
    opt, runtime = (
        directory / function.logical_id / "opt",
        directory / function.logical_id / "runtime",
    )
    runtime.mkdir(parents=True)
    shutil.copy(_STAND_IN, runtime / "bootstrap.py")
    if settings.isolated:
        settings = _isolated(settings, runtime)
    opt.mkdir()
    for number, layer in enumerate(
        function.layers
    ):  # later layers win, as when they are unzipped one after the other
        source = layer if layer.is_dir() else _unzipped(layer, opt.with_name(f"layer-{number}"))
        shutil.copytree(source, opt, symlinks=True, dirs_exist_ok=True, copy_function=_link_or_copy)
    return Launch(function, opt, runtime, settings)


def _isolated(settings: LaunchSettings, runtime: Path) -> LaunchSettings:
    """With a Python that has the standard library alone: the stock client is in `runtime`, the rest must be in layers.

    Raises LaunchError.
    """
    command = [settings.python, "-c", _WHERE, *_STOCK_CLIENT]
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


def _link_or_copy(source: str, target: str) -> str:
    """Real files, not symbolic links: Python resolves those when it makes `sys.path`, and on Lambda there are none."""
    Path(target).unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
    return target


def _unzipped(archive: Path, directory: Path) -> Path:
    """Unpacks a layer's zip file with the permissions that it names, as Lambda does. Raises LaunchError."""
    try:
        with ZipFile(archive) as content:
            for entry in content.infolist():
                path = Path(content.extract(entry, directory))
                if permissions := entry.external_attr >> 16 & 0o777:
                    path.chmod(permissions | (0o700 if entry.is_dir() else 0o400))
    except (BadZipFile, NotImplementedError, RuntimeError) as error:
        raise LaunchError(f"{archive} cannot be unpacked: {error}") from error
    return directory


def _executable(path: Path, what: str) -> Path:
    if not path.is_file():
        raise LaunchError(f"{what}: {path} does not exist")
    if not path.stat().st_mode & 0o100:
        raise LaunchError(f"{what}: {path} is not executable")
    return path


def _initialization_type(function: Function) -> str:
    if function.max_concurrency:
        return "lambda-managed-instances"
    return "snap-start" if function.snap_start else "on-demand"
