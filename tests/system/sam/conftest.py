"""Where containers run: Docker on this machine, or the engine that SAM_LOCAL_ENGINE names.

SAM_LOCAL_ENGINE is the path of a script that runs a container engine in a network of its own, with
the commands `up`, `down`, `status` and `exec COMMAND...`. Without it, Docker must be running here.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import requests

from tests.support import producer
from tests.support.paths import ROOT
from tests.support.sam import translate
from tests.support.tools import missing, sam_cli
from tests.support.waiting import eventually

BUILT = ROOT / ".aws-sam/build/template.yaml"


@pytest.fixture(scope="session")
def sam():
    """Returns the path of the SAM CLI."""
    return sam_cli()


@pytest.fixture(scope="session")
def built():
    """Returns the folder of `sam build`.

    Only `make test BUILT=1` tests it: it first builds what is out of date.
    """
    if not os.environ.get("E2E_TEMPLATE"):
        pytest.skip("only make test BUILT=1 tests what is built")
    return BUILT.parent if BUILT.is_file() else missing("what `sam build` makes", "make build")


class Engine:
    """Runs commands where the containers are, and reaches their addresses from here."""

    def __init__(self, prefix):
        self.prefix = prefix
        self._ending = contextlib.ExitStack()

    def start(self, *command, **options):
        """Starts a process in a session of its own; `close` stops it and waits for it."""
        process = subprocess.Popen(
            [*self.prefix, *command], cwd=ROOT, text=True, start_new_session=True, **options
        )
        self._ending.callback(_end, process)
        return process

    def output(self, *command):
        return subprocess.run(
            [*self.prefix, *command], capture_output=True, text=True, check=True
        ).stdout.strip()

    def reach(self, host, port):
        """Returns a URL here for a server on `host:port` in the containers' namespace."""
        if not self.prefix:
            return f"http://{host}:{port}"
        listener = self._ending.enter_context(socket.create_server(("127.0.0.1", 0)))
        number = listener.fileno()
        self.start(
            sys.executable,
            str(Path(__file__).with_name("relay.py")),
            f"{number}",
            host,
            port,
            pass_fds=[number],
        )
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    def close(self):
        self._ending.close()


def _end(process):
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@pytest.fixture(scope="session")
def engine(built):  # skipped tests start nothing
    docker = shutil.which("docker")
    if docker and _succeeds(docker, "info"):
        running = Engine([])
        yield running
        running.close()
        return
    script = os.environ.get("SAM_LOCAL_ENGINE")
    if not script:
        pytest.skip("Docker is not running; SAM_LOCAL_ENGINE can name another container engine")
    start = not _succeeds(script, "status")
    if start:
        subprocess.run([script, "up"], check=True)
    running = Engine([script, "exec"])
    yield running
    running.close()
    if start:
        subprocess.run([script, "down"], check=True)


def _succeeds(*command):
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


class SamLocal:
    """A running `make sam-local` without demo items, and a way for any producer to write."""

    def __init__(self, engine, process):
        self.process, self.engine, self.facts = process, engine, {}
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            name, _, value = line.strip().partition(": ")
            self.facts.setdefault(name, value)

    def wait_ready(self, url):
        self.url = url
        eventually(lambda: "table" in self.facts or self.process.poll() is not None, 60)
        eventually(
            lambda: self.call("GET", "/health").status_code == 200,
            120,
            retry_on=requests.RequestException,
        )
        host, port = self.facts["dynamodb"].removeprefix("http://").split(":")
        self.dynamodb = producer.client_at(self.engine.reach(host, port))

    def call(self, method, path, body=None, token=None, **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        headers |= {"Authorization": f"Bearer {token}"} if token else {}
        return requests.request(method, self.url + path, json=body, headers=headers, timeout=60)

    def put(self, item_id, ticker, timestamp):
        record = producer.record(item_id, ticker=ticker, sentiment="positive", timestamp=timestamp)
        self.dynamodb.put_item(TableName=self.facts["table"], Item=record)


@pytest.fixture(scope="session")
def sam_local(engine, sam, built):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "local_lambda.sam_local",
        "--sam",
        sam,
        "--no-demo",
        "--port",
        str(port),
        "--",
    ]
    command += ["--skip-pull-image"] if engine.prefix else []
    started = SamLocal(engine, engine.start(*command, stdout=subprocess.PIPE))
    started.wait_ready(engine.reach("127.0.0.1", str(port)))
    return started


@pytest.fixture(scope="session")
def translated(sam):
    return translate(sam, ROOT / "template.yaml")
