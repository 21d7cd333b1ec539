"""Starts everything that a template and the options describe: the composition root."""

import asyncio
import contextlib
import errno
import logging
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from local_lambda.admin.front import AdminFront
from local_lambda.admin.overview import Overview
from local_lambda.application import Application
from local_lambda.check import refuse_unserved, refusing_warnings
from local_lambda.environments import credentials
from local_lambda.environments.debug import Debugger, DebugTarget, debugpy_folder, free_port
from local_lambda.environments.interpreters import Named
from local_lambda.environments.launch import Launch, LaunchSettings
from local_lambda.environments.launcher import Launcher
from local_lambda.environments.pool import FunctionPool, Limits
from local_lambda.environments.processes import ProcessGroup, Reaper
from local_lambda.environments.records import Records
from local_lambda.fronts.faults import Faults
from local_lambda.fronts.fronts import Front, FrontHost, FrontSettings
from local_lambda.fronts.function_url import FunctionUrlFront
from local_lambda.fronts.origins import FIRST, first_origin, fronts_of, further_origins
from local_lambda.http import addresses
from local_lambda.http.server import HttpServer
from local_lambda.lambda_api.api import LambdaApi
from local_lambda.logs import Log
from local_lambda.names import output_names
from local_lambda.reload import WITHOUT_BYTECODE, ChangeNamer, Reloader
from local_lambda.table.event_source import StreamFollower
from local_lambda.table.table import create_missing_tables, make_client, start_moto
from local_lambda.tasks import for_ever, tell_of_failure
from local_lambda.template import template
from local_lambda.template.inputs import Inputs

_log = logging.getLogger(__name__)
_RETIRE_EVERY_S = 5.0
# The last two: an IPv6 address without its interface, and a machine without IPv6.
_NO_SUCH_ADDRESS = (errno.EADDRNOTAVAIL, errno.EINVAL, errno.EAFNOSUPPORT)


@dataclass(frozen=True)
class Options:
    template: Path = Path("template.yaml")
    host: str = addresses.LOOPBACK  # where APIs and Function URLs listen
    port: int = 8000
    url_port_base: int | None = None
    admin_port: int = 0
    dynamodb_host: str = "127.0.0.1"
    dynamodb_port: int = 0
    dynamodb_endpoint: str | None = None
    parameter_overrides: Mapping[str, str] = field(default_factory=dict)
    inputs: Inputs = field(default_factory=Inputs)
    # Reads the overrides and inputs again, for `--reload`: their files may have changed.
    reread: Callable[[], tuple[Mapping[str, str], Inputs]] | None = None
    strict: bool = False  # every finding is an error
    pythons: Named = field(default_factory=Named)
    region: str = "us-east-1"
    pass_env: tuple[str, ...] = ()
    aws_profile: credentials.Profile | None = None
    sampling: str = "auto"
    lambda_paths: bool = True
    as_lambda: bool = False
    isolated: bool = False
    demo: bool = False
    demo_interval_s: float = 1.5
    poll_s: float = 0.2
    reload: bool = False
    log_file: Path | None = None
    debug: tuple[DebugTarget, ...] = ()
    limits: Limits = field(default_factory=Limits)
    fronts: FrontSettings = field(default_factory=FrontSettings)


class AddressUnavailable(Exception):
    """An address is not available. The message names its use, the reason and the option."""


@contextlib.contextmanager
def _explained(
    use: str, host: str, port: int, option: str, host_option: str = "--host"
) -> Iterator[None]:
    """Turns the system's refusal of an address into AddressUnavailable."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            reason = f"port {port} is in use by another program"
        elif error.errno == errno.EACCES:
            reason = f"port {port} may not be used by this user"
        elif error.errno in _NO_SUCH_ADDRESS:
            reason = f"{host} is not an address of this machine"
            option = host_option
        else:
            raise
        raise AddressUnavailable(f"{use}: {reason}; choose another with {option}") from error
    except OverflowError as error:
        reason = f"there is no port {port}"
        raise AddressUnavailable(f"{use}: {reason}; choose another with {option}") from error


class RunningApplication:
    """Runs an application. `addresses` are the lines that the command prints."""

    def __init__(self, options: Options, log: Log | None = None) -> None:
        self._options = options
        self._faults = Faults()
        self._pools: dict[str, FunctionPool] = {}
        self._host = FrontHost(self._pools, self._faults, options.fronts, options.region)
        self.records = Records()
        self._reaper = Reaper(log)
        self._start_limit = asyncio.Semaphore(options.limits.parallel_starts)
        self._servers: list[HttpServer] = []
        self._fronts: dict[str, Front] = {}  # by the names of `fronts_of`
        self._tasks: list[asyncio.Task[None]] = []
        self._groups: list[ProcessGroup] = []
        self._directory: Path | None = None
        self._lambda_api: LambdaApi | None = None
        self._launcher: Launcher | None = None
        self._stream_arns: dict[str, str | None] = {}
        self._network_urls: dict[str, str] = {}  # by the URL for this machine
        self.addresses: list[tuple[str, str]] = []

    async def start(self) -> None:
        """Starts everything. Raises TemplateError, CredentialsError and AddressUnavailable."""
        options = self._options
        passed = credentials.passed(options.pass_env, os.environ)
        served = self._read_template()
        urls = await self._start_urls(served)
        origins = urls | await self._start_origins(served, ports_taken=len(urls))
        # A page that a function serves may be open on another machine, so URLs in it lead there.
        named = {name: self._network_urls.get(url, url) for name, url in origins.items()}
        application = self._read_template(named)
        refuse_unserved(application, strict=options.strict)
        for warning in application.warnings:
            _log.warning("template: %s", warning)
        for target in options.debug:
            target.find(application.functions.values())
        self._directory = Path(tempfile.mkdtemp(prefix="local-lambda-")).resolve()
        await self._reaper.open(self._directory)
        names = output_names(origins)
        self.addresses += [(f"{names[name]}_url", url) for name, url in origins.items()]
        dynamodb_url = await self._start_tables(application)
        admin_url = await self._start_admin(application, origins)
        settings = self._launch_settings(passed, dynamodb_url=dynamodb_url, lambda_url=admin_url)
        await self._prepare_functions(application, self._directory, settings)
        self.addresses += [("admin", admin_url), ("lambda", admin_url)]
        self._tell_of_network()
        await self._start_debuggers()
        if dynamodb_url:
            await self._follow_streams(application, dynamodb_url)
        if options.demo and application.tables:
            await self._start_demo(application, dynamodb_url)
        self._run(self._retire_idle(), name="retire_idle")
        self._watch_files(application, self._directory, named)

    async def _start_debuggers(self) -> None:
        """Starts what `--debug` names. Raises DebugError and AddressUnavailable."""
        names = output_names(self._pools)
        for target in self._options.debug:
            function = target.find(pool.function for pool in self._pools.values())
            pool = self._pools[function.logical_id]
            own = self._options.pythons.for_all or sys.executable
            folder = await asyncio.to_thread(debugpy_folder, (pool.python, own))
            use = f"the debugger of {function.logical_id}"
            with _explained(use, host=target.host, port=target.port, option="--debug"):
                port = free_port(target.host, target.port)
            debugger = Debugger(target.host, port, folder)
            pool.debug(debugger)
            self.addresses.append((f"{names[function.logical_id]}_debug", debugger.address))

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._lambda_api:
            await self._lambda_api.close()
        await asyncio.gather(*(pool.close() for pool in self._pools.values()))
        await asyncio.gather(*(server.close() for server in self._servers))
        if self._launcher:
            await self._launcher.close()
        for group in self._groups:
            group.signal(signal.SIGKILL)
        await asyncio.gather(*(group.ended() for group in self._groups))
        await self._reaper.close()
        if self._directory:
            shutil.rmtree(self._directory, ignore_errors=True)

    def _read_template(self, urls: Mapping[str, str] | None = None) -> Application:
        options = self._options
        return template.read(
            options.template,
            options.parameter_overrides,
            region=options.region,
            urls=urls,
            inputs=options.inputs,
        )

    def _reread_template(self, urls: Mapping[str, str]) -> Application:
        options = self._options
        if options.reread is None:
            return self._read_template(urls)
        overrides, inputs = options.reread()
        return template.read(
            options.template, overrides, region=options.region, urls=urls, inputs=inputs
        )

    async def _listen(
        self, server: HttpServer, port: int, use: str, option: str, host: str = addresses.LOOPBACK
    ) -> None:
        with _explained(use, host=host, port=port, option=option):
            await server.start(port, host)
        self._servers.append(server)
        if (network_url := server.network_url) and network_url != server.url:
            self._network_urls[server.url] = network_url

    def _tell_of_network(self) -> None:
        """Says who can call the functions now, and adds the URLs for the others in the network."""
        if addresses.is_loopback(self._options.host):
            return
        _log.warning(
            "network.open --host %s: everybody in the network can call the functions, with the "
            "variables and credentials that these hold; the admin address, the Runtime APIs and "
            "the table are not opened by it",
            self._options.host,
        )
        self.addresses += [
            (f"{name}_lan", self._network_urls[url])
            for name, url in tuple(self.addresses)
            if url in self._network_urls
        ]

    async def _start_urls(self, application: Application) -> dict[str, str]:
        """Starts the Function URLs. Returns them by logical id."""
        urls: dict[str, str] = {}
        for function in application.functions.values():
            if function.url is None:
                continue
            front = FunctionUrlFront(function, function.url, self._host)
            use = f"the Function URL of {function.logical_id}"
            self._fronts[use] = front
            urls[function.logical_id] = await self._listen_at_url(front, len(urls), use=use)
        return urls

    async def _start_origins(self, application: Application, ports_taken: int) -> dict[str, str]:
        """Starts the APIs and listeners. Returns the URLs of those that have a logical id."""
        logical_id, front = first_origin(application, self._host)
        await self._listen(
            front.server,
            self._options.port,
            use="the REST API",
            option="--port (make dev: PORT)",
            host=self._options.host,
        )
        self.addresses = [("dashboard", front.server.url)]
        self._fronts[FIRST] = front
        urls = {logical_id: front.server.url} if logical_id else {}
        further = further_origins(application, self._host)
        for index, (further_id, origin) in enumerate(further, ports_taken):
            use = f"the origin of {further_id}"
            self._fronts[use] = origin
            urls[further_id] = await self._listen_at_url(origin, index, use=use)
        return urls

    async def _listen_at_url(self, front: Front, index: int, use: str) -> str:
        """Starts a Function URL, or an origin after the first. Returns its URL."""
        base = self._options.url_port_base
        if not base and self._options.port:
            base = self._options.port + 1
        await self._listen(
            front.server,
            port=base + index if base else 0,
            use=use,
            option="--url-port-base, or --port (make dev: PORT)",
            host=self._options.host,
        )
        return front.server.url

    async def _start_admin(self, application: Application, origins: Mapping[str, str]) -> str:
        """Starts the admin address, where Lambda's API is too. Returns its URL.

        `origins` are the URLs of APIs and Function URLs, by logical id.
        """
        self._lambda_api = LambdaApi(
            self._pools, region=self._options.region, urls=origins, log=self._reaper.log
        )
        overview = Overview(
            pools=self._pools,
            faults=self._faults,
            records=self.records,
            application=application,
            origins=origins,
            log=self._reaper.log,
            region=self._options.region,
        )
        admin = AdminFront(overview, self._lambda_api)
        await self._listen(
            admin.server,
            self._options.admin_port,
            use="the admin address",
            option="--admin-port",
        )
        return admin.server.url

    def _launch_settings(
        self, passed: Mapping[str, str], dynamodb_url: str, lambda_url: str
    ) -> LaunchSettings:
        options = self._options
        return LaunchSettings(
            python=options.pythons.for_all or sys.executable,
            region=options.region,
            dynamodb_url=dynamodb_url,
            lambda_url=lambda_url,
            passed_variables={**passed, **(WITHOUT_BYTECODE if options.reload else {})},
            credentials=options.aws_profile or credentials.no_credentials,
            isolated=options.isolated,
            sampling=options.sampling,
        )

    async def _prepare_functions(
        self, application: Application, directory: Path, settings: LaunchSettings
    ) -> None:
        options = self._options
        launcher = Launcher(
            directory,
            settings,
            self._reaper,
            pythons=options.pythons,
            lambda_paths=options.lambda_paths,
            as_lambda=options.as_lambda,
        )
        self._launcher = launcher
        self._lay_out = launcher.lay_out
        with refusing_warnings(options.strict):
            launches = await launcher.prepare(application.functions)
        if not options.reload:
            await launcher.compile(launches.values())
        for launch in launches.values():
            self._add_pool(launch)

    def _add_pool(self, launch: Launch) -> FunctionPool:
        pool = FunctionPool(
            launch,
            self._reaper,
            limits=self._options.limits,
            start_limit=self._start_limit,
            records=self.records,
        )
        self._pools[launch.function.logical_id] = pool
        pool.keep_snapshot()
        return pool

    def _replace_fronts(self, application: Application) -> set[str]:
        """Serves APIs and Function URLs as they are now. Returns those that are new or gone."""
        fronts = fronts_of(application, self._host)
        for name in fronts.keys() & self._fronts.keys():
            fronts[name].take_over(self._fronts[name])
            self._fronts[name] = fronts[name]
        return fronts.keys() ^ self._fronts.keys()

    async def _start_tables(self, application: Application) -> str:
        """Returns the DynamoDB endpoint, or an empty text for a template without tables."""
        options = self._options
        if not application.tables:
            return ""
        url = options.dynamodb_endpoint
        if url is None:
            host = options.dynamodb_host
            port = options.dynamodb_port
            with _explained(
                "the table",
                host=host,
                port=port,
                option="--dynamodb-port",
                host_option="--dynamodb-host",
            ):
                group, url = await start_moto(self._reaper, host, port)
            self._groups.append(group)
        self.addresses.append(("dynamodb", url))
        dynamodb = make_client("dynamodb", url, region=options.region, attempts=5)
        self._stream_arns = await asyncio.to_thread(
            create_missing_tables, dynamodb, application.tables.values()
        )
        created = [application.tables[name] for name in self._stream_arns]
        self.addresses += [("table", table.name) for table in created]
        return url

    async def _follow_streams(self, application: Application, dynamodb_url: str) -> None:
        options = self._options
        streams = make_client("dynamodbstreams", dynamodb_url, region=options.region, attempts=1)
        for mapping in application.mappings:
            stream_arn = self._stream_arns.get(mapping.table)
            if stream_arn is None:
                _log.error(
                    "mapping: table %s has no stream; %s gets no records",
                    mapping.table,
                    mapping.function,
                )
                continue
            # A table that the emulator has just created has no history to skip.
            from_start = mapping.from_start or not options.dynamodb_endpoint
            follower = StreamFollower(
                mapping=replace(mapping, from_start=from_start),
                stream_arn=stream_arn,
                streams=streams,
                invoke=self._pools[mapping.function].invoke,
                poll_s=options.poll_s,
            )
            self._run(follower.run(), name=f"stream of {mapping.table}")

    async def _start_demo(self, application: Application, dynamodb_url: str) -> None:
        options = self._options
        table = next(iter(application.tables.values()))
        command = [sys.executable, str(Path(__file__).parent / "programs/demo.py")]
        command += ["--endpoint", dynamodb_url]
        command += ["--table", table.name]
        command += ["--region", options.region]
        command += ["--interval", str(options.demo_interval_s)]
        group = await self._reaper.start(
            command,
            variables=credentials.own_variables(os.environ),
            directory=Path.cwd(),
            name="demo",
        )
        self._groups.append(group)

    def _watch_files(
        self, application: Application, directory: Path, urls: Mapping[str, str]
    ) -> None:
        """Takes up changes of files with `--reload`, and names them without it."""
        options = self._options
        ignored = [options.log_file] if options.log_file else []
        if not options.reload:
            namer = ChangeNamer(self._pools, ignored)
            self._run(namer.run(), name="code.changed")
            return
        reloader = Reloader(
            pools=self._pools,
            application=application,
            read_template=partial(self._reread_template, urls),
            lay_out=self._lay_out,
            directory=directory,
            ignored=ignored,
            add_pool=self._add_pool,
            replace_fronts=self._replace_fronts,
        )
        self._run(reloader.run(), name="reload")

    def _run(self, running: Coroutine[Any, Any, None], name: str) -> None:
        """Runs until `close`. If it ends by an error before that, the log says so."""
        task = asyncio.create_task(running, name=name)
        task.add_done_callback(tell_of_failure)
        self._tasks.append(task)

    async def _retire_idle(self) -> None:
        async def look() -> None:
            for pool in tuple(self._pools.values()):
                pool.retire_idle()

        every_s = min(_RETIRE_EVERY_S, self._options.limits.keep_warm_s)
        await for_ever("retire_idle", look, lambda: every_s)


@contextlib.asynccontextmanager
async def running(options: Options, log: Log | None = None) -> AsyncIterator[RunningApplication]:
    """Runs an application, and ends everything that was started even if the start fails."""
    application = RunningApplication(options, log)
    try:
        await application.start()
        yield application
    finally:
        await application.close()
