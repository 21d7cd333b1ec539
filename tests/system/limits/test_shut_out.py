"""Tests clients that read nothing, and clients that take everything, under the emulator.

All of them are on this machine. So the service stands behind a proxy that says their addresses.
"""

import contextlib
import re
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
import requests

from local_lambda import Emulator
from tests.support import producer
from tests.support.derived import derived_template
from tests.support.waiting import eventually

pytestmark = pytest.mark.e2e
SECRET = "0123456789abcdef"
NETWORKS = 6
EACH = 2
LIMIT = NETWORKS * EACH
# The template's 45, 20 and 1 seconds, in proportion.
TIMES = {
    "DASHBOARD_LEASE_S": "12",
    "STREAMING_RUNTIME_WRITE_TIMEOUT_S": "5",
    "DASHBOARD_POLL_INTERVAL_S": "0.3",
}
# So much that every buffer on the way is full.
FLOOD_ITEMS = 400
TAGS = [f"{number:03d}".ljust(95, "x") for number in range(100)]


@pytest.fixture(scope="module")
def emulator(tmp_path_factory):
    managed = {
        "CapacityProviderConfig": {"PerExecutionEnvironmentMaxConcurrency": 2 * LIMIT},
        "Environment": {"Variables": TIMES},
    }
    template = derived_template(
        tmp_path_factory.mktemp("shut-out"), functions={"StreamFunction": managed}
    )
    parameters = {
        "MaxConnections": str(LIMIT),
        "ClientConnections": str(EACH),
        "NetworkConnections": str(EACH),
        "ReservedConnections": "2",
        "StreamLifeSeconds": "120",
        "ProxyAddressHeader": "X-Client-Address",
        "ProxySecret": SECRET,
    }
    with Emulator(template, parameters=parameters) as running:
        yield running


def of_client(network):
    return {"X-Client-Address": f"203.0.{network}.1", "X-Proxy-Secret": SECRET}


def status(emulator):
    return requests.get(f"{emulator.dashboard_url}api/v2/stream/status", timeout=20).json()


def running(emulator):
    return sum(each["active"] for each in emulator.environments("StreamFunction"))


class Samples:
    """Compares what runs with what is counted, all the time, in a thread of its own."""

    def __init__(self, emulator):
        self._emulator = emulator
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.seen = []

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()

    def _run(self):
        while not self._stop.wait(0.1):
            began_at = time.monotonic()
            sample = (running(self._emulator), status(self._emulator)["connections"])
            self.seen.append((began_at, *sample))

    def longest_uncounted_s(self):
        """Returns for how long, at most, more ran than was counted."""
        longest_s = 0.0
        counted_at = self.seen[0][0]
        for at, runs, counted in self.seen:
            if runs <= counted:
                counted_at = at
            longest_s = max(longest_s, at - counted_at)
        return longest_s


def silent_client(emulator, network):
    """Opens a stream on a bare socket that holds little, and reads nothing of it."""
    address = urlsplit(emulator.url("stream"))
    headers = "".join(f"{name}: {value}\r\n" for name, value in of_client(network).items())
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    client.connect((address.hostname, address.port))
    request = f"GET /api/v2/stream HTTP/1.1\r\nHost: {address.netloc}\r\n{headers}\r\n"
    client.sendall(request.encode())
    return client


def test_streams_that_nobody_reads_are_counted_as_long_as_they_run_and_end(emulator):
    table = producer.table_client(emulator)
    items = [producer.record(f"flood-{number}", TAGS) for number in range(FLOOD_ITEMS)]
    with contextlib.ExitStack() as stack:
        for network in range(NETWORKS):
            stack.enter_context(silent_client(emulator, network))
        eventually(lambda: status(emulator)["connections"] == NETWORKS, within_s=30)
        began = len(emulator.log)
        samples = stack.enter_context(Samples(emulator))
        producer.put(table, emulator.table, items)
        eventually(
            lambda: emulator.log[began:].count("runtime.response_stalled") == NETWORKS, within_s=60
        )
        eventually(lambda: running(emulator) == 0, within_s=10)
        eventually(lambda: status(emulator)["connections"] == 0, within_s=10)
        # The clients can see that they were cut off.
        eventually(lambda: emulator.log[began:].count("does not read") == NETWORKS, within_s=10)

    assert samples.longest_uncounted_s() < 1
    assert max(runs for _, runs, _ in samples.seen) == NETWORKS


class Greedy:
    """Holds as many streams as it gets, and opens a new one as soon as one ends."""

    def __init__(self, emulator, network):
        self._url = f"{emulator.url('stream')}api/v2/stream"
        self._headers = of_client(network)
        self.stop = threading.Event()

    def run(self):
        while not self.stop.wait(0.5):
            with contextlib.suppress(requests.RequestException):
                stream = requests.get(self._url, headers=self._headers, stream=True, timeout=30)
                with stream:
                    for _ in stream.iter_content(None):
                        if self.stop.is_set():
                            return


@pytest.fixture
def crowd(emulator):
    """Lets six networks take everything, again and again."""
    greedy = [Greedy(emulator, network) for network in range(NETWORKS) for _ in range(EACH)]
    with ThreadPoolExecutor(LIMIT) as threads:
        for each in greedy:
            threads.submit(each.run)
        try:
            eventually(lambda: status(emulator)["connections"] == LIMIT, within_s=30)
            yield
        finally:
            for each in greedy:
                each.stop.set()


def test_six_networks_keep_neither_a_seventh_out_nor_anybody_with_a_token(emulator, crowd):
    url = f"{emulator.url('stream')}api/v2/stream"
    began_at = time.monotonic()
    while True:
        stream = requests.get(url, headers=of_client(77), stream=True, timeout=30)
        if stream.status_code == 200:
            break
        assert stream.status_code == 503
        assert time.monotonic() - began_at < 60
        threading.Event().wait(int(stream.headers["Retry-After"]))
    with stream:
        assert time.monotonic() - began_at < 60
        assert status(emulator)["connections"] == LIMIT

        api = emulator.dashboard_url
        token = requests.post(f"{api}api/v2/auth/anonymous", timeout=20).json()["token"]
        bearer = {"Authorization": f"Bearer {token}"}
        mine = {"name": "mine", "tickers": ["AAPL"]}
        created = requests.post(
            f"{api}api/v2/configurations", json=mine, headers=bearer, timeout=20
        ).json()
        asked_at = time.monotonic()
        own_url = f"{emulator.url('stream')}api/v2/configurations/{created['config_id']}/stream"
        own = requests.get(own_url, headers=bearer | of_client(88), stream=True, timeout=30)
        with own:
            assert own.status_code == 200
            assert time.monotonic() - asked_at < 5

    reasons = re.findall(r'"reason": ?"(made-room|lease-lost)"', emulator.log)
    assert reasons.count("made-room") >= 2
    assert "lease-lost" not in reasons
    assert SECRET not in emulator.log
