"""The service that a soak runs: under the emulator, with a table behind a proxy that breaks it."""

import contextlib
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import requests
from botocore.exceptions import BotoCoreError

from local_lambda import Emulator
from tests.support import producer
from tests.support.derived import derived_template
from tests.support.dynamodb_proxy import moto_behind_proxy
from tests.support.processes import children_of
from tests.support.waiting import eventually
from tests.system.soak.viewers import Viewer

TICKERS = ("AAPL", "MSFT", "TSLA", "NFLX", "NVDA")
SENTIMENTS = ("positive", "neutral", "negative")
IN_ONE_PROCESS = 30
LEASE_S = 15
CONFIGURED = 0.3  # a share of the streams; the others are global
SLOW = 0.1
LEAVING = 0.1
SESSIONS = 5
STARTS_WITHIN_S = 180
TRIES = 5


class Running(NamedTuple):
    emulator: Emulator
    proxy: object
    dynamodb: object  # past the proxy
    moto_pid: int

    def status(self):
        """Returns what the service says of its streams."""
        url = f"{self.emulator.dashboard_url}api/v2/stream/status"
        return requests.get(url, timeout=20).json()

    def write(self, item_ids):
        """Writes items as a producer does, past every fault. The ticker is a part of the id."""
        records = [_record(item_id) for item_id in item_ids]
        patiently(lambda: producer.put(self.dynamodb, self.emulator.table, records))


def patiently(call):
    """Calls the table past every fault, and again if a machine without time kept it waiting."""
    for _ in range(TRIES - 1):
        with contextlib.suppress(BotoCoreError):
            return call()
    return call()


@contextlib.contextmanager
def running(streams, life_s):
    """Runs the service with three times as many slots as streams.

    Slots of killed processes, and of clients that left without a word, count for a while.
    """
    managed = {"CapacityProviderConfig": {"PerExecutionEnvironmentMaxConcurrency": IN_ONE_PROCESS}}
    slots = str(3 * streams)
    parameters = {
        "MaxConnections": slots,
        "ClientConnections": slots,
        "NetworkConnections": slots,
        "StreamLifeSeconds": str(life_s),
    }
    with contextlib.ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="soak-")))
        template = derived_template(
            directory,
            variables={"DASHBOARD_LEASE_S": str(LEASE_S)},
            functions={"StreamFunction": managed},
        )
        before = set(children_of(_own_pid()))
        proxy = stack.enter_context(moto_behind_proxy())
        (moto_pid,) = set(children_of(_own_pid())) - before
        options = ("--dynamodb-endpoint", proxy.url)
        emulator = stack.enter_context(
            Emulator(template, *options, parameters=parameters, startup_timeout_s=STARTS_WITHIN_S)
        )
        dynamodb = producer.client_at(f"http://{proxy._upstream}")
        yield Running(emulator, proxy, dynamodb, moto_pid)


def viewers_of(service, streams):
    """Returns the clients, through both fronts, some of them with configurations of their own."""
    fronts = [service.emulator.dashboard_url, service.emulator.url("stream")]
    configured = [
        eventually(
            lambda number=number: _configuration(fronts[0], number),
            STARTS_WITHIN_S,
            retry_on=requests.RequestException,
        )
        for number in range(SESSIONS)
    ]
    viewers = []
    for number in range(streams):
        path, headers, tickers = "api/v2/stream", {}, None
        share = (number * 37 % 100) / 100
        if share < CONFIGURED:
            path, headers, tickers = configured[number % SESSIONS]
        fate = (number * 61 % 100) / 100
        kind = "slow" if fate < SLOW else "leaving" if fate < SLOW + LEAVING else "steady"
        viewers.append(Viewer(number, fronts[number % 2] + path, headers, tickers, kind))
    return viewers


def say_goodbye(service, viewers):
    """Ends the streams as a page does that is closed."""
    for viewer in viewers:
        if connection_id := viewer.last_headers.get("x-connection-id"):
            url = f"{service.emulator.dashboard_url}api/v2/stream/connections/{connection_id}/close"
            with contextlib.suppress(requests.RequestException):
                requests.post(url, timeout=20)


def _configuration(url, number):
    session = requests.post(f"{url}api/v2/auth/anonymous", timeout=20)
    session.raise_for_status()
    headers = {"Authorization": f"Bearer {session.json()['token']}"}
    tickers = tuple(TICKERS[(number + step) % len(TICKERS)] for step in range(1 + number % 3))
    sent = {"name": f"soak {number}", "tickers": list(tickers)}
    made = requests.post(f"{url}api/v2/configurations", json=sent, headers=headers, timeout=20)
    made.raise_for_status()
    return f"api/v2/configurations/{made.json()['config_id']}/stream", headers, tickers


def _record(item_id):
    ticker, _, number = item_id.partition("-")
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    sentiment = SENTIMENTS[int(number) % 3]
    return producer.record(item_id, ticker=ticker, sentiment=sentiment, timestamp=now)


def _own_pid():
    return int(Path("/proc/self").resolve().name)
