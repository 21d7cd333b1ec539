"""Which environment variables does a function's process see?

Lambda's own and the template's, and no others of this machine.
Page configuration-envvars.html in https://docs.aws.amazon.com/lambda/latest/dg/
"""

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from local_lambda.application import RESERVED_VARIABLES, Function
from local_lambda.environments import metadata

_STAND_IN = "local"
_CREDENTIALS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


def of_function(
    function: Function,
    region: str,
    runtime_api: str,
    credentials: Mapping[str, str],
) -> dict[str, str]:
    """Returns Lambda's variables and the template's, without those that name folders.

    `credentials` replace the stand-ins if there are any.
    """
    variables = _lambda_variables(function, region)
    variables |= {
        name: value
        for name, value in function.environment.items()
        if name not in RESERVED_VARIABLES
    }
    variables |= credentials or dict.fromkeys(_CREDENTIALS, _STAND_IN)
    variables["AWS_LAMBDA_RUNTIME_API"] = runtime_api
    variables["AWS_LAMBDA_METADATA_API"] = runtime_api
    variables["AWS_LAMBDA_METADATA_TOKEN"] = metadata.TOKEN
    return variables


def with_passed(variables: dict[str, str], passed: Mapping[str, str]) -> dict[str, str]:
    """Adds the variables of `--pass-env`, which win. Passed keys leave no stand-in beside them."""
    if any(name in passed for name in _CREDENTIALS):
        variables = {name: value for name, value in variables.items() if name not in _CREDENTIALS}
    return {**variables, **passed}


def version_of(function: Function) -> str:
    """Returns the version as which the function runs.

    A function with an alias or a published version is reached through it by its events and its
    URL, so it runs as that version, or as version 1.
    """
    numbers = [int(name) for name in function.qualifiers if name.isdecimal()]
    if numbers:
        return str(max(numbers))
    return "1" if set(function.qualifiers) - {"$LATEST"} else "$LATEST"


def _lambda_variables(function: Function, region: str) -> dict[str, str]:
    version = version_of(function)
    log_stream = f"{datetime.now(UTC):%Y/%m/%d}/[{version}]{secrets.token_hex(16)}"
    variables = {
        "AWS_DEFAULT_REGION": region,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": version,
        "AWS_LAMBDA_INITIALIZATION_TYPE": initialization_type(function),
        "AWS_LAMBDA_LOG_GROUP_NAME": function.logging.group or f"/aws/lambda/{function.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
        "AWS_REGION": region,
        # X-Ray's SDK sends segments there. Lambda's address is not of this machine; a daemon of
        # the user's would be here.
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:2000",
        "_AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1",
        "_AWS_XRAY_DAEMON_PORT": "2000",
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "_HANDLER": function.handler,
        **_logging_variables(function),
    }
    if not function.runtime.startswith("provided"):
        variables["AWS_EXECUTION_ENV"] = f"AWS_Lambda_{function.runtime}"
    if variables["AWS_LAMBDA_INITIALIZATION_TYPE"] == "snap-start":
        # https://docs.aws.amazon.com/lambda/latest/dg/snapstart-monitoring.html
        del variables["AWS_LAMBDA_LOG_GROUP_NAME"], variables["AWS_LAMBDA_LOG_STREAM_NAME"]
    if function.max_concurrency:
        variables["AWS_LAMBDA_MAX_CONCURRENCY"] = str(function.max_concurrency)
    return variables


def _logging_variables(function: Function) -> dict[str, str]:
    """Returns format and level of the log. Lambda filters by level in the format JSON only.

    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
    """
    if function.logging.format.upper() != "JSON":
        return {"AWS_LAMBDA_LOG_FORMAT": "Text"}
    level = function.logging.application_level or "INFO"
    return {"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": level.upper()}


def folder_variables(task: Path, opt: Path, runtime: Path, python: str) -> dict[str, str]:
    """Returns the variables that name folders, as Lambda sets them, for these folders.

    The interpreter's folder stands first in `PATH`, as /var/lang/bin does. `LD_LIBRARY_PATH` has
    no system folders: those of this machine could shadow libraries of the interpreter.
    """
    libraries = (runtime, runtime / "lib", task, task / "lib", opt / "lib")
    return {
        "LAMBDA_RUNTIME_DIR": str(runtime),
        "LAMBDA_TASK_ROOT": str(task),
        "LD_LIBRARY_PATH": ":".join(map(str, libraries)),
        "PATH": f"{Path(python).parent}:/usr/local/bin:/usr/bin/:/bin:{opt / 'bin'}",
        # Lambda does not set HOME. Without it boto3 would read the user's own ~/.aws.
        "HOME": str(runtime),
    }


def initialization_type(function: Function) -> str:
    if function.max_concurrency:
        return "lambda-managed-instances"
    return "snap-start" if function.snap_start else "on-demand"
