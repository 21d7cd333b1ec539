"""Parses the command line, `local-lambda` or `python -m local_lambda`, and runs it."""

import argparse
import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from local_lambda import check, witness
from local_lambda.emulator import AddressUnavailable, Options, running
from local_lambda.environments.credentials import CredentialsError, Profile
from local_lambda.environments.debug import DebugError, DebugTarget
from local_lambda.environments.interpreters import InterpreterError, named
from local_lambda.environments.pool import Limits
from local_lambda.environments.tracing import MODES
from local_lambda.events import command as events
from local_lambda.events.running import Running, folder, remembered
from local_lambda.fronts.claims import Claims, read_claims
from local_lambda.fronts.fronts import FrontSettings
from local_lambda.http import addresses
from local_lambda.logs import Log, LogFileError, open_log
from local_lambda.template.cloudformation import TemplateError
from local_lambda.template.inputs import Inputs
from local_lambda.template_options import (
    DEFAULT_REGION,
    add_template_options,
    template_request,
)
from local_lambda.version import DISTRIBUTION, version

# Errors whose message is all that a user needs.
_SENTENCES = (
    AddressUnavailable,
    CredentialsError,
    DebugError,
    InterpreterError,
    LogFileError,
    OSError,
)
_ENDINGS = (signal.SIGINT, signal.SIGTERM)
_LOG_LEVELS = ("debug", "info", "warning", "error")


def parser() -> argparse.ArgumentParser:
    description = "AWS Lambda on this machine, streaming included."
    epilog = (
        "`local-lambda check TEMPLATE` says what would be served; `local-lambda event KIND` sends "
        "a function what SQS, S3 and other services send. Both have a --help of their own."
    )
    result = argparse.ArgumentParser(prog="local-lambda", description=description, epilog=epilog)
    result.add_argument("--version", action="version", version=f"{DISTRIBUTION} {version()}")
    add_template_options(result)
    _add_address_options(result)
    _add_function_options(result)
    _add_variable_options(result)
    _add_front_options(result)
    _add_authorizer_options(result)
    _add_demo_options(result)
    _add_development_options(result)
    _add_log_options(result)
    return result


def _add_address_options(result: argparse.ArgumentParser) -> None:
    group = result.add_argument_group("addresses")
    group.add_argument(
        "--host",
        type=_host,
        default=addresses.LOOPBACK,
        metavar="ADDRESS",
        help="address that APIs and Function URLs listen on; 0.0.0.0: the whole network reaches"
        " them; the admin address stays on 127.0.0.1",
    )
    group.add_argument(
        "--port",
        type=_port,
        default=8000,
        help="port of the REST API; 0: any free port, also for the Function URLs",
    )
    group.add_argument(
        "--url-port-base", type=_port, help="first port of the Function URLs; default: --port + 1"
    )
    group.add_argument(
        "--admin-port",
        type=_port,
        default=0,
        help="port of the admin address; default: any free port",
    )
    group.add_argument(
        "--dynamodb-host",
        default="127.0.0.1",
        help="address that moto listens on; containers cannot reach 127.0.0.1",
    )
    group.add_argument(
        "--dynamodb-port", type=_port, default=0, help="port of moto; default: any free port"
    )
    group.add_argument(
        "--dynamodb-endpoint", metavar="URL", help="use this DynamoDB instead of starting moto"
    )


def _add_function_options(result: argparse.ArgumentParser) -> None:
    group = result.add_argument_group("functions")
    group.add_argument(
        "--python",
        action="append",
        default=[],
        metavar="[3.X=]PATH",
        help="interpreter of all functions, or of those of one runtime; may be repeated;"
        " default: one of the function's Runtime that is found, else the emulator's",
    )
    group.add_argument(
        "--isolated",
        action="store_true",
        help="functions see their code and layers, but no packages of that interpreter",
    )
    group.add_argument(
        "--lambda-paths",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="code sees /opt and /var/task where the system allows it",
    )
    group.add_argument(
        "--as-lambda",
        action="store_true",
        help="limit processor, memory and /tmp as MemorySize and EphemeralStorage say",
    )
    group.add_argument(
        "--init-timeout",
        type=float,
        default=10,
        metavar="SECONDS",
        help="time limit of the init phase",
    )
    group.add_argument(
        "--concurrency",
        type=int,
        default=1000,
        help="environments of a function without reserved concurrency",
    )
    group.add_argument(
        "--keep-warm",
        type=float,
        default=300,
        metavar="SECONDS",
        help="end environments that have been idle for this long",
    )


def _add_variable_options(result: argparse.ArgumentParser) -> None:
    group = result.add_argument_group("credentials and variables")
    group.add_argument(
        "--pass-env",
        action="append",
        default=[],
        metavar="NAME[=VALUE]",
        help="pass a variable of this shell, or this value, to the functions; may be repeated",
    )
    group.add_argument(
        "--aws-profile",
        metavar="NAME",
        help="functions get the credentials and the region of this AWS profile",
    )
    group.add_argument(
        "--sampling",
        choices=MODES,
        default="auto",
        help="which invocations X-Ray traces; auto: as Tracing in the template says",
    )


def _add_front_options(result: argparse.ArgumentParser) -> None:
    group = result.add_argument_group("streams and responses")
    group.add_argument("--stage", help="serve REST APIs under /STAGE/ too")
    group.add_argument(
        "--base-path",
        metavar="NAME",
        help="also serve the REST API under /NAME/, as a custom domain's base path does",
    )
    group.add_argument(
        "--bandwidth",
        action="store_true",
        help="limit streams as Lambda does: 6 MB at once, then 2 MB/s",
    )
    group.add_argument(
        "--strict-empty-body",
        action="store_true",
        help="let a stream without a body hang, as Function URLs do",
    )


def _add_authorizer_options(result: argparse.ArgumentParser) -> None:
    group = result.add_argument_group("authorizers")
    group.add_argument(
        "--claims",
        type=_claims,
        metavar="JSON",
        help="claims of every request to a route with a Cognito, JWT or IAM authorizer and to a"
        " Function URL with AWS_IAM: an object, or @FILE; without them these are open",
    )


def _add_demo_options(result: argparse.ArgumentParser) -> None:
    group = result.add_argument_group("demo items")
    group.add_argument(
        "--demo",
        action=argparse.BooleanOptionalAction,
        default=False,
        help="write demo items into the table",
    )
    group.add_argument("--demo-interval", type=float, default=1.5, metavar="SECONDS")


def _add_development_options(result: argparse.ArgumentParser) -> None:
    group = result.add_argument_group("development")
    group.add_argument(
        "--reload",
        action="store_true",
        help="take up changes of code, layers and the template at once",
    )
    group.add_argument(
        "--debug",
        action="append",
        type=_debug_target,
        default=[],
        metavar="FUNCTION[:HOST]:PORT",
        help="run a function under debugpy, which waits there for a debugger; may be repeated",
    )


def _add_log_options(result: argparse.ArgumentParser) -> None:
    group = result.add_argument_group("log")
    group.add_argument("--log-level", default="info", choices=_LOG_LEVELS)
    group.add_argument(
        "--log-file",
        type=Path,
        metavar="PATH",
        help="append the lines of the log to this file too, without colour",
    )


def _host(text: str) -> str:
    try:
        return addresses.checked(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _claims(text: str) -> Claims:
    try:
        return read_claims(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port (0 to 65535)")
    return int(text)


def _debug_target(text: str) -> DebugTarget:
    try:
        return DebugTarget.parse(text)
    except DebugError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def options(arguments: argparse.Namespace) -> Options:
    """Returns the options. Raises CredentialsError, InterpreterError and TemplateError."""
    request = template_request(arguments)
    profile = Profile(arguments.aws_profile) if arguments.aws_profile else None
    return Options(
        template=request.path,
        host=arguments.host,
        port=arguments.port,
        url_port_base=arguments.url_port_base,
        admin_port=arguments.admin_port,
        dynamodb_host=arguments.dynamodb_host,
        dynamodb_port=arguments.dynamodb_port,
        dynamodb_endpoint=arguments.dynamodb_endpoint,
        parameter_overrides=request.overrides,
        inputs=request.inputs,
        reread=partial(_reread, arguments),
        strict=request.strict,
        pythons=named(arguments.python),
        region=request.region or (profile and profile.region) or DEFAULT_REGION,
        pass_env=tuple(arguments.pass_env),
        aws_profile=profile,
        sampling=arguments.sampling,
        isolated=arguments.isolated,
        lambda_paths=arguments.lambda_paths,
        as_lambda=arguments.as_lambda,
        demo=arguments.demo,
        demo_interval_s=arguments.demo_interval,
        reload=arguments.reload,
        log_file=arguments.log_file,
        debug=tuple(arguments.debug),
        limits=Limits(
            init_s=arguments.init_timeout,
            concurrency=arguments.concurrency,
            keep_warm_s=arguments.keep_warm,
        ),
        fronts=FrontSettings(
            bandwidth=arguments.bandwidth,
            hang_on_empty_body=arguments.strict_empty_body,
            stage=arguments.stage,
            base_path=arguments.base_path,
            claims=arguments.claims,
        ),
    )


def _reread(arguments: argparse.Namespace) -> tuple[Mapping[str, str], Inputs]:
    """Raises TemplateError."""
    request = template_request(arguments)
    return request.overrides, request.inputs


def cancel_at_signal() -> None:
    """Lets the first SIGINT or SIGTERM cancel the running task. Later ones do nothing.

    A second Ctrl-C would interrupt the ending, and leave processes behind.
    """
    task = asyncio.current_task()
    assert task is not None, "it is called by a task"
    loop = asyncio.get_running_loop()

    def end() -> None:
        for number in _ENDINGS:
            loop.add_signal_handler(number, lambda: None)
        task.cancel()

    for number in _ENDINGS:
        loop.add_signal_handler(number, end)


async def run(chosen: Options, log: Log) -> None:
    """Runs until SIGINT or SIGTERM cancels it."""
    cancel_at_signal()
    async with running(chosen, log) as application:
        for name, value in application.addresses:
            print(f"{name}: {value}", flush=True)
        admin = dict(application.addresses)["admin"]
        file = Running(os.getpid(), admin, template=str(chosen.template.resolve()))
        with remembered(file, folder()):
            print("ready", flush=True)
            await asyncio.Event().wait()


def parsed(words: Sequence[str]) -> argparse.Namespace:
    """Returns the options. A template without `--template` before it is told so."""
    known = parser()
    arguments, unknown = known.parse_known_args(words)
    if unknown:
        names = [word for word in unknown if word.endswith((".yaml", ".yml", ".json", ".template"))]
        advice = f"; write --template {names[0]}" if names else ""
        known.error(f"unrecognized arguments: {' '.join(unknown)}{advice}")
    return arguments


def main() -> int:
    """Runs the command line. Returns the exit status."""
    words = sys.argv[1:]
    if words[:1] == ["event"]:
        return events.main(words[1:])
    if words[:1] == ["check"]:
        return check.main(words[1:])
    arguments = parsed(words)
    level = getattr(logging, arguments.log_level.upper())
    try:
        with contextlib.closing(open_log(arguments.log_file, level)) as log:
            witness.begin(os.environ, log.subscribe)
            asyncio.run(run(options(arguments), log))
    except asyncio.CancelledError:
        return 0
    except TemplateError as error:
        print(f"local_lambda: {arguments.template}: {check.sentence(error)}", file=sys.stderr)
        return 1
    except _SENTENCES as error:
        print(f"local_lambda: {error}", file=sys.stderr)
        return 1
    return 0
