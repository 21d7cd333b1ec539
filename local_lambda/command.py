"""The command line: `local-lambda`, or `python -m local_lambda`."""

import argparse
import asyncio
import logging
import signal
import sys
from pathlib import Path

from local_lambda.emulator import AddressUnavailable, Options, running
from local_lambda.environments.launch import LaunchError
from local_lambda.environments.pool import Limits
from local_lambda.fronts.fronts import FrontSettings
from local_lambda.template.cloudformation import TemplateError
from local_lambda.version import DISTRIBUTION, version


def parser() -> argparse.ArgumentParser:
    description = "AWS Lambda on this machine, streaming included."
    result = argparse.ArgumentParser(prog="local-lambda", description=description)
    add = result.add_argument
    add("--version", action="version", version=f"{DISTRIBUTION} {version()}")
    add("--template", type=Path, default=Path("template.yaml"))
    add(
        "--port",
        type=_port,
        default=8000,
        help="of the REST API; 0: any free port, for the Function URLs as well",
    )
    add("--url-port-base", type=_port, help="first port of the Function URLs; default: --port + 1")
    add("--admin-port", type=_port, default=0, help="default: any free port")
    add(
        "--dynamodb-host",
        default="127.0.0.1",
        help="address of moto; containers may reach another one only",
    )
    add("--dynamodb-port", type=_port, default=0, help="of moto; default: any free port")
    add("--dynamodb-endpoint", metavar="URL", help="use this DynamoDB instead of starting moto")
    add(
        "--parameter-overrides",
        nargs="+",
        default=[],
        metavar="K=V",
        help="parameters of the template",
    )
    add("--python", default=sys.executable, help="interpreter of the functions; default: this one")
    add("--region", default="us-east-1")
    add(
        "--pass-env",
        action="append",
        default=[],
        metavar="NAME",
        help="hand a variable of this shell on to functions",
    )
    add(
        "--isolated",
        action="store_true",
        help="functions see no package of that interpreter, only code and layers",
    )
    add("--stage", help="also serve the REST API under /STAGE/")
    add(
        "--demo",
        action=argparse.BooleanOptionalAction,
        default=False,
        help="write demo items into the table",
    )
    add("--demo-interval", type=float, default=1.5, metavar="SECONDS")
    add(
        "--bandwidth",
        action="store_true",
        help="limit streams as Lambda does: 6 MB at once, then 2 MB/s",
    )
    add(
        "--strict-empty-body",
        action="store_true",
        help="let a stream without a body hang, as Function URLs do",
    )
    add("--init-timeout", type=float, default=10, metavar="SECONDS")
    add(
        "--concurrency",
        type=int,
        default=1000,
        help="environments of a function without reserved concurrency",
    )
    add(
        "--keep-warm",
        type=float,
        default=300,
        metavar="SECONDS",
        help="end environments that were idle for so long",
    )
    add("--log-level", default="info", choices=("debug", "info", "warning", "error"))
    return result


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port (0 to 65535)")
    return int(text)


def options(arguments: argparse.Namespace) -> Options:
    """Raises TemplateError for an override that is not K=V."""
    pairs = [pair.partition("=") for pair in arguments.parameter_overrides]
    if wrong := [name for name, separator, _ in pairs if not separator]:
        raise TemplateError(f"--parameter-overrides: {', '.join(wrong)} is not K=V")
    return Options(
        template=arguments.template,
        port=arguments.port,
        url_port_base=arguments.url_port_base,
        admin_port=arguments.admin_port,
        dynamodb_host=arguments.dynamodb_host,
        dynamodb_port=arguments.dynamodb_port,
        dynamodb_endpoint=arguments.dynamodb_endpoint,
        parameter_overrides={name: value for name, _, value in pairs},
        python=arguments.python,
        region=arguments.region,
        pass_env=tuple(arguments.pass_env),
        isolated=arguments.isolated,
        demo=arguments.demo,
        demo_interval_s=arguments.demo_interval,
        limits=Limits(
            init_s=arguments.init_timeout,
            concurrency=arguments.concurrency,
            keep_warm_s=arguments.keep_warm,
        ),
        fronts=FrontSettings(arguments.bandwidth, arguments.strict_empty_body, arguments.stage),
    )


async def run(chosen: Options) -> None:
    """Runs until SIGINT or SIGTERM."""
    this_task = asyncio.current_task()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, this_task.cancel)
    async with running(chosen) as application:
        for name, value in application.addresses:
            print(f"{name}: {value}", flush=True)
        print("ready", flush=True)
        await asyncio.Event().wait()


def main() -> int:
    arguments = parser().parse_args()
    logging.basicConfig(
        level=arguments.log_level.upper(), format="local_lambda %(levelname)s %(message)s"
    )
    for noisy in ("asyncio", "boto3", "botocore", "urllib3"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    try:
        asyncio.run(run(options(arguments)))
    except asyncio.CancelledError:
        return 0
    except TemplateError as error:
        print(f"local_lambda: {arguments.template}: {error}", file=sys.stderr)
        return 1
    except (LaunchError, AddressUnavailable, OSError) as error:
        print(f"local_lambda: {error}", file=sys.stderr)
        return 1
    return 0
