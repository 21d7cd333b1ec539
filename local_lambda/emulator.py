"""The composition root: from a template and options to a running application, and back to nothing."""

import asyncio
import contextlib
import errno
import logging
import os
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from local_lambda.admin import AdminFront
from local_lambda.application import Application, EventSourceMapping
from local_lambda.environments.launch import LaunchSettings, prepare
from local_lambda.environments.pool import FunctionPool, Limits
from local_lambda.environments.processes import ProcessGroup, Reaper
from local_lambda.fronts.faults import Faults
from local_lambda.fronts.fronts import FrontSettings, FunctionUrlFront, RestApiFront
from local_lambda.http.server import HttpServer
from local_lambda.table.event_source import StreamFollower
from local_lambda.table.table import create_missing_tables, make_client, start_moto
from local_lambda.template import template

_log = logging.getLogger(__name__)
_RETIRE_EVERY_S = 5.0


@dataclass(frozen=True)
class Options:
    template: Path = Path("template.yaml")
    port: int = 8000
    url_port_base: int | None = None
    admin_port: int = 0
    dynamodb_host: str = "127.0.0.1"
    dynamodb_port: int = 0
    dynamodb_endpoint: str | None = None
    parameter_overrides: Mapping[str, str] = field(default_factory=dict)
    python: str = sys.executable
    region: str = "us-east-1"
    pass_env: tuple[str, ...] = ()
    isolated: bool = False
    demo: bool = False
    demo_interval_s: float = 1.5
    poll_s: float = 0.2
    limits: Limits = field(default_factory=Limits)
    fronts: FrontSettings = field(default_factory=FrontSettings)


class AddressUnavailable(Exception):
    """An address cannot be listened on; the message says for what, why, and which option changes it."""


@contextlib.contextmanager
def _explained(what: str, host: str, port: int, option: str) -> Iterator[None]:
    """Turns the system's refusal of an address into a sentence."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            reason = f"port {port} is in use by another program"
        elif error.errno == errno.EACCES:
            reason = f"port {port} may not be used by this user"
        elif error.errno == errno.EADDRNOTAVAIL:
            reason = f"{host} is not an address of this machine"
        else:
            raise
        raise AddressUnavailable(f"{what}: {reason}; choose another with {option}") from error
    except OverflowError as error:
        raise AddressUnavailable(
            f"{what}: there is no port {port}; choose another with {option}"
        ) from error


class RunningApplication:
    """What runs, and where. `start` either starts everything or leaves nothing."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._faults = Faults()
        self._pools: dict[str, FunctionPool] = {}
        self._reaper = Reaper()
        self._servers: list[HttpServer] = []
        self._tasks: list[asyncio.Task] = []
        self._groups: list[ProcessGroup] = []
        self._directory: Path | None = None
        self._stream_arns: dict[str, str | None] = {}
        self.addresses: list[tuple[str, str]] = []

    async def start(self) -> None:
        """Raises TemplateError, LaunchError, and AddressUnavailable for a port that is taken."""
        options = self._options
        application = template.read(options.template, options.parameter_overrides, options.region)
        urls = await self._start_urls(application)
        application = template.read(
            options.template, options.parameter_overrides, options.region, urls
        )
        for warning in application.warnings:
            _log.warning("template: %s", warning)
        self._directory = Path(tempfile.mkdtemp(prefix="local-lambda-")).resolve()
        await self._reaper.open(self._directory)
        api = RestApiFront(application.routes, self._pools, self._faults, options.fronts)
        await self._listen(api.server, options.port, "the REST API", "--port (make dev: PORT)")
        self.addresses = [("dashboard", api.server.url)]
        self.addresses += [(f"{output_name(name)}_url", url) for name, url in urls.items()]
        dynamodb_url = await self._start_tables(application)
        self._prepare_functions(application, dynamodb_url)
        admin = AdminFront(self._pools, self._faults)
        await self._listen(admin.server, options.admin_port, "the admin address", "--admin-port")
        self.addresses.append(("admin", admin.server.url))
        if dynamodb_url:
            await self._follow_streams(application, dynamodb_url)
        if options.demo and application.tables:
            await self._start_demo(application, dynamodb_url)
        self._tasks.append(asyncio.create_task(self._retire_idle()))

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(pool.close() for pool in self._pools.values()))
        await asyncio.gather(*(server.close() for server in self._servers))
        for group in self._groups:
            group.signal(signal.SIGKILL)
        await asyncio.gather(*(group.ended() for group in self._groups))
        await self._reaper.close()
        if self._directory:
            shutil.rmtree(self._directory, ignore_errors=True)

    async def _listen(self, server: HttpServer, port: int, what: str, option: str) -> None:
        with _explained(what, "127.0.0.1", port, option):
            await server.start(port)
        self._servers.append(server)

    async def _start_urls(self, application: Application) -> dict[str, str]:
        options, urls = self._options, {}
        base = options.url_port_base or (options.port + 1 if options.port else 0)
        with_url = [function for function in application.functions.values() if function.url]
        for index, function in enumerate(with_url):
            front = FunctionUrlFront(function, self._pools, self._faults, options.fronts)
            port = base + index if base else 0
            what = f"the Function URL of {function.logical_id}"
            await self._listen(
                front.server, port, what, "--url-port-base, or --port (make dev: PORT)"
            )
            urls[function.logical_id] = front.server.url
        return urls

    def _prepare_functions(self, application: Application, dynamodb_url: str) -> None:
        options = self._options
        passed_on = tuple(
            (name, os.environ[name]) for name in options.pass_env if name in os.environ
        )
        settings = LaunchSettings(
            options.python, options.region, dynamodb_url, passed_on, options.isolated
        )
        gate = asyncio.Semaphore(options.limits.parallel_starts)
        for name, function in application.functions.items():
            launch = prepare(function, self._directory, settings)
            self._pools[name] = FunctionPool(launch, self._reaper, options.limits, gate)

    async def _start_tables(self, application: Application) -> str:
        options = self._options
        if not application.tables:
            return ""
        url = options.dynamodb_endpoint
        if url is None:
            host, port = options.dynamodb_host, options.dynamodb_port
            with _explained("the table", host, port, "--dynamodb-port"):
                group, url = await start_moto(self._reaper, host, port)
            self._groups.append(group)
        self.addresses.append(("dynamodb", url))
        self.addresses += [("table", table.name) for table in application.tables.values()]
        dynamodb = make_client("dynamodb", url, options.region, attempts=5)
        self._stream_arns = await asyncio.to_thread(
            create_missing_tables, dynamodb, application.tables.values()
        )
        return url

    async def _follow_streams(self, application: Application, dynamodb_url: str) -> None:
        streams = make_client("dynamodbstreams", dynamodb_url, self._options.region, attempts=1)
        for mapping in application.mappings:
            stream_arn = self._stream_arns[mapping.table]
            if stream_arn is None:
                _log.error(
                    "mapping: table %s has no stream; %s gets nothing",
                    mapping.table,
                    mapping.function,
                )
                continue
            pool = self._pools[mapping.function]
            # A table that is as old as the emulator has no history to skip; reading it all loses nothing.
            mapping = mapping if self._options.dynamodb_endpoint else _from_start(mapping)
            follower = StreamFollower(
                mapping, stream_arn, streams, pool.invoke, self._options.poll_s
            )
            self._tasks.append(
                asyncio.create_task(follower.run(), name=f"stream of {mapping.table}")
            )

    async def _start_demo(self, application: Application, dynamodb_url: str) -> None:
        table = next(iter(application.tables.values()))
        program = Path(__file__).parent / "programs/demo.py"
        arguments = [
            "--endpoint",
            dynamodb_url,
            "--table",
            table.name,
            "--region",
            self._options.region,
        ]
        command = [
            sys.executable,
            str(program),
            *arguments,
            "--interval",
            str(self._options.demo_interval_s),
        ]
        self._groups.append(await self._reaper.start(command, os.environ, Path.cwd(), "demo"))

    async def _retire_idle(self) -> None:
        while True:
            await asyncio.sleep(min(_RETIRE_EVERY_S, self._options.limits.keep_warm_s))
            for pool in self._pools.values():
                pool.retire_idle()


def output_name(logical_id: str) -> str:
    """`StreamFunction` is `stream`, `MyApiFunction` is `my_api`."""
    name = logical_id.removesuffix("Function") or logical_id
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def _from_start(mapping: EventSourceMapping) -> EventSourceMapping:
    return EventSourceMapping(**{**vars(mapping), "from_start": True})


@contextlib.asynccontextmanager
async def running(options: Options):
    """A running application; whatever was started is ended, even when starting failed."""
    application = RunningApplication(options)
    try:
        await application.start()
        yield application
    finally:
        await application.close()
