"""Tests `make dev` as a newcomer types it: its output, its service, and a clean end."""

import os
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from tests.support import producer
from tests.support.paths import ROOT
from tests.support.service import Client
from tests.support.waiting import eventually

pytestmark = pytest.mark.e2e


class MakeDev:
    """A running `make dev`, with the lines that it has printed so far."""

    def __init__(self, *options):
        self.process = subprocess.Popen(
            ["make", "--no-print-directory", "dev", f"VENV={sys.prefix}", "PORT=0", *options],
            cwd=ROOT,
            env={
                name: value
                for name, value in os.environ.items()
                if not name.startswith(("MAKE", "MFLAGS"))
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.lines = []
        self.log = []
        for stream, into in ((self.process.stdout, self.lines), (self.process.stderr, self.log)):
            threading.Thread(target=self._read, args=(stream, into), daemon=True).start()

    @staticmethod
    def _read(stream, into):
        for line in stream:
            into.append(line.rstrip())

    def wait_ready(self):
        eventually(lambda: "ready" in self.lines or self.process.poll() is not None, 60)
        assert "ready" in self.lines, "\n".join(self.log)
        return dict(line.split(": ", 1) for line in self.lines if ": " in line)


def processes_of(session):
    """Returns every process of the session except defunct ones."""
    found = []
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            fields = (directory / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[3] == str(session) and fields[0] != "Z":
            found.append(directory.name)
    return found


@pytest.fixture(scope="module")
def make_dev(request):
    if request.config.getoption("--base-url"):
        pytest.skip("this is about this machine")
    if not (Path(sys.prefix) / "installed").exists():
        pytest.skip("this Python is not the environment that make made; run `make test`")
    started = []

    def start(*options):
        started.append(MakeDev(*options))
        return started[-1]

    yield start
    for each in started:
        if each.process.poll() is None:
            os.killpg(each.process.pid, signal.SIGKILL)
            each.process.wait(10)


@pytest.fixture(scope="module")
def without_demo(make_dev):
    """Returns the addresses of a `make dev` that several tests share."""
    return make_dev("DEMO=0").wait_ready()


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc")
@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_make_dev_prints_its_addresses_serves_and_leaves_nothing_behind(make_dev, ending):
    dev = make_dev("DEMO=0")
    addresses = dev.wait_ready()
    table = producer.client_at(addresses["dynamodb"]).describe_table(TableName=addresses["table"])[
        "Table"
    ]
    pids = [
        each["pid"] for each in requests.get(addresses["admin"] + "environments", timeout=5).json()
    ]

    assert requests.get(addresses["dashboard"] + "health", timeout=20).json()["status"] == "healthy"
    assert requests.get(addresses["stream_url"] + "api/v2/nothing", timeout=20).status_code == 404
    assert table["ItemCount"] <= 2  # no demo data
    pids += [
        each["pid"] for each in requests.get(addresses["admin"] + "environments", timeout=5).json()
    ]
    assert pids
    os.killpg(dev.process.pid, ending) if ending == signal.SIGINT else dev.process.send_signal(
        ending
    )
    dev.process.wait(15)
    eventually(lambda: not processes_of(dev.process.pid), 10)
    eventually(lambda: not [pid for pid in pids if Path(f"/proc/{pid}").exists()], 10)


WRITE_ONE_ITEM = """
import sys, boto3
endpoint, table, timestamp = sys.argv[1:]
client = boto3.client(
    "dynamodb",
    endpoint_url=endpoint,
    region_name="us-east-1",
    aws_access_key_id="any",
    aws_secret_access_key="any",
)
fields = {
    "PK": "ITEM#one",
    "SK": "ITEM",
    "item_id": "one",
    "ticker": "AAPL",
    "sentiment": "positive",
    "timestamp": timestamp,
}
item = {name: {"S": text} for name, text in fields.items()}
client.put_item(TableName=table, Item=item | {"score": {"N": "0.5"}})
"""


def test_an_item_that_another_program_writes_shows_in_open_streams_of_both_fronts(without_demo):
    addresses = without_demo
    clients = [Client(addresses[front] + "api/v2/stream") for front in ("dashboard", "stream_url")]
    for client in clients:
        client.wait_for("metrics", within_s=20)
        client.wait_for("heartbeat")
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    subprocess.run(
        [sys.executable, "-c", WRITE_ONE_ITEM, addresses["dynamodb"], addresses["table"], now],
        check=True,
    )

    for client in clients:
        eventually(lambda: client.of_type("metrics")[-1]["total"] == 1, 20)  # noqa: B023
        client.wait_for("new_item")
        assert [item["item_id"] for item in client.of_type("new_item")] == ["one"]
        client.close()


def test_demo_data_flows(make_dev):
    addresses = make_dev("DEMO=1").wait_ready()

    def total():
        return requests.get(addresses["dashboard"] + "api/v2/metrics", timeout=20).json()["total"]

    first = eventually(total, 30)
    eventually(lambda: total() > first, 30)


def test_a_table_of_the_users_own_is_used_and_moto_is_not_started(make_dev, without_demo):
    second = make_dev("DEMO=0", f"DYNAMODB_ENDPOINT={without_demo['dynamodb']}").wait_ready()

    assert second["dynamodb"].rstrip("/") == without_demo["dynamodb"].rstrip("/")
    assert requests.get(second["dashboard"] + "health", timeout=20).json()["status"] == "healthy"
