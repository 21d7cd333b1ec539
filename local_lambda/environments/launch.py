"""Prepares a function's process: its directories, its command and its environment variables.

The process sees Lambda's variables and the template's, and no others of this machine.
Page configuration-envvars.html#configuration-envvars-runtime in
https://docs.aws.amazon.com/lambda/latest/dg/
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

_BOOTSTRAP = Path(__file__).parents[1] / "programs/bootstrap.py"
WRAPPER = "AWS_LAMBDA_EXEC_WRAPPER"
OTHER_WRAPPERS = "STREAMING_RUNTIME_EXEC_WRAPPER"  # our runtime runs these; `:` between them
# The stock runtime client and its dependencies, which /var/runtime holds, by import name.
_STOCK_CLIENT = ("awslambdaric", "runtime_client", "simplejson", "snapshot_restore_py")
_PRINT_ORIGINS = (
    "import importlib.util as u, sys; "
    "print(*(u.find_spec(name).origin for name in sys.argv[1:]), sep='\\n')"
)


class LaunchError(Exception):
    """The function cannot be started as the template describes it."""


@dataclass(frozen=True)
class LaunchSettings:
    """Holds the settings that all functions of one emulator share."""

    python: str
    region: str
    dynamodb_url: str = ""
    lambda_url: str = ""
    passed_variables: tuple[tuple[str, str], ...] = ()
    isolated: bool = False


@dataclass(frozen=True)
class Launch:
    """Describes one function laid out on disk.

    `opt` merges its layers; `runtime` holds the stand-in for Lambda's bootstrap.py.
    """

    function: Function
    opt: Path
    runtime: Path
    settings: LaunchSettings

    def command(self) -> list[str]:
        """Returns the command that starts the runtime. Raises LaunchError."""
        python = [self.settings.python, str(self.runtime / "bootstrap.py")]
        if wrapper := self.function.environment.get(WRAPPER):
            return [str(_executable(self.translated(wrapper), WRAPPER)), *python]
        if self.function.runtime.startswith("provided"):
            return [str(_executable(self._provided_bootstrap(), "bootstrap"))]
        return python

    def _provided_bootstrap(self) -> Path:
        code = self.function.code
        for path in (code / "bootstrap", self.opt / "bootstrap"):
            if path.is_file():
                return path
        raise LaunchError(f"Runtime.InvalidEntrypoint: no bootstrap in {code} or the layers")

    def translated(self, path: str) -> Path:
        """Returns where a path of Lambda's file system lies on this machine."""
        if path == "/opt" or path.startswith("/opt/"):
            return self.opt / path.removeprefix("/opt").lstrip("/")
        if path.startswith("/var/task/"):
            return self.function.code / path.removeprefix("/var/task/")
        return Path(path)

    def environment(self, runtime_api: str) -> dict[str, str]:
        function = self.function
        variables = dict(self.settings.passed_variables)
        variables |= self._lambda_variables(runtime_api)
        if not function.runtime.startswith("provided"):
            variables["AWS_EXECUTION_ENV"] = f"AWS_Lambda_{function.runtime}"
        if function.max_concurrency:
            variables["AWS_LAMBDA_MAX_CONCURRENCY"] = str(function.max_concurrency)
        variables |= function.environment
        if wrappers := variables.get(OTHER_WRAPPERS):
            translated = [str(self.translated(path)) for path in wrappers.split(":") if path]
            variables[OTHER_WRAPPERS] = ":".join(translated)
        if self.settings.lambda_url:  # one of the shell's or the template's wins
            variables.setdefault("AWS_ENDPOINT_URL_LAMBDA", self.settings.lambda_url)
        if self.settings.dynamodb_url:
            variables["AWS_ENDPOINT_URL_DYNAMODB"] = self.settings.dynamodb_url
        return variables

    def _lambda_variables(self, runtime_api: str) -> dict[str, str]:
        function = self.function
        region = self.settings.region
        python_dir = str(Path(self.settings.python).parent)
        log_stream = f"{datetime.now(UTC):%Y/%m/%d}/[$LATEST]{secrets.token_hex(16)}"
        return {
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_DEFAULT_REGION": region,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
            "AWS_LAMBDA_FUNCTION_NAME": function.name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_INITIALIZATION_TYPE": _initialization_type(function),
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
            "AWS_LAMBDA_RUNTIME_API": runtime_api,
            "AWS_REGION": region,
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_SESSION_TOKEN": "local",
            # Lambda does not set HOME. Without it boto3 would read the user's own ~/.aws.
            "HOME": str(self.runtime),
            "LAMBDA_RUNTIME_DIR": str(self.runtime),
            "LAMBDA_TASK_ROOT": str(function.code),
            "LANG": "en_US.UTF-8",
            "PATH": f"{python_dir}:/usr/local/bin:/usr/bin:/bin:{self.opt / 'bin'}",
            "TZ": ":UTC",
            "_HANDLER": function.handler,
        }


def prepare(function: Function, directory: Path, settings: LaunchSettings) -> Launch:
    """Lays the function out under `directory`. Raises LaunchError."""
    opt = directory / function.logical_id / "opt"
    runtime = directory / function.logical_id / "runtime"
    runtime.mkdir(parents=True)
    shutil.copy(_BOOTSTRAP, runtime / "bootstrap.py")
    if settings.isolated:
        settings = _isolated(settings, runtime)
    opt.mkdir()
    # Lambda unzips the layers in order, so the files of later layers win.
    for number, layer in enumerate(function.layers):
        source = layer if layer.is_dir() else _unzipped(layer, opt.with_name(f"layer-{number}"))
        shutil.copytree(source, opt, symlinks=True, dirs_exist_ok=True, copy_function=_link_or_copy)
    return Launch(function=function, opt=opt, runtime=runtime, settings=settings)


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


def _link_or_copy(source: str, target: str) -> str:
    """Makes a hard link or a copy, so that layers consist of real files, as on Lambda.

    Python would resolve symbolic links when it builds `sys.path`.
    """
    Path(target).unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
    return target


def _unzipped(archive: Path, directory: Path) -> Path:
    """Unpacks a layer's zip file and sets the permissions in it, as Lambda does.

    Raises LaunchError.
    """
    try:
        with ZipFile(archive) as content:
            for entry in content.infolist():
                path = Path(content.extract(entry, directory))
                if permissions := entry.external_attr >> 16 & 0o777:
                    path.chmod(permissions | (0o700 if entry.is_dir() else 0o400))
    except (BadZipFile, NotImplementedError, RuntimeError) as error:
        raise LaunchError(f"{archive} cannot be unpacked: {error}") from error
    return directory


def _executable(path: Path, role: str) -> Path:
    if not path.is_file():
        raise LaunchError(f"{role}: {path} does not exist")
    if not path.stat().st_mode & 0o100:
        raise LaunchError(f"{role}: {path} is not executable")
    return path


def _initialization_type(function: Function) -> str:
    if function.max_concurrency:
        return "lambda-managed-instances"
    return "snap-start" if function.snap_start else "on-demand"
