"""Tests kills of whole processes with a hundred streams each: all that is told and counted holds.

The streams of a process share one lease record, one reader and one counter, so a kill takes a
hundred of them at once. More clients come than there are slots, so that each slot that is given too
early would be taken.
"""

import os
import random
import secrets
import threading
import time

import pytest
import requests

from local_lambda import Emulator
from tests.support import producer
from tests.support.derived import derived_template
from tests.support.feed_order import published
from tests.support.many_clients import ADDRESS_HEADER, ManyClients
from tests.support.waiting import eventually

pytestmark = pytest.mark.e2e
SEED = int(os.environ.get("CHAOS_SEED") or secrets.randbelow(10**6))
LIMIT = 200
CLIENTS = 230
IN_ONE_PROCESS = 100
LEASE_S = 10
SECRET = "0123456789abcdef"
KILLS = 3
ITEMS = 60
BETWEEN_S = 4.0  # kills; less than a lease, so that some leases of two dead processes run at once


@pytest.fixture(scope="module")
def emulator(tmp_path_factory):
    managed = {"CapacityProviderConfig": {"PerExecutionEnvironmentMaxConcurrency": IN_ONE_PROCESS}}
    template = derived_template(
        tmp_path_factory.mktemp("many"),
        variables={"DASHBOARD_LEASE_S": str(LEASE_S)},
        functions={"StreamFunction": managed},
    )
    parameters = {
        "MaxConnections": str(LIMIT),
        "StreamLifeSeconds": "60",
        "ProxyAddressHeader": ADDRESS_HEADER,
        "ProxySecret": SECRET,
    }
    with Emulator(template, parameters=parameters) as running:
        yield running


@pytest.fixture(scope="module")
def crowd(emulator):
    dice = random.Random(SEED)

    def pause(client):
        return dice.uniform(1, 3) if client.retry_after_s else dice.uniform(0.1, 1)

    url = f"{emulator.url('stream')}api/v2/stream"
    with ManyClients(url, CLIENTS, pause, SECRET) as clients:
        yield clients


class Watcher:
    """Asks for the number of open streams all the time, and keeps the largest."""

    def __init__(self, emulator, crowd):
        self._emulator = emulator
        self._crowd = crowd
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.told = []
        self.live = []

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()

    def _watch(self):
        while not self._stop.wait(0.25):
            self.live.append(self._crowd.live)
            if (told := count(self._emulator)) is not None:
                self.told.append(told)


def count(emulator):
    """Returns the number of open streams as everybody is told it; None if it cannot be read."""
    status = requests.get(f"{emulator.dashboard_url}api/v2/stream/status", timeout=20)
    return status.json().get("connections")


def put_items(emulator, dynamodb, numbers):
    records = [producer.record(f"item-{number:04d}") for number in numbers]
    producer.put(dynamodb, emulator.table, records)


def kill_one(emulator, dice):
    """Kills a process with streams. Returns how many it had."""
    serving = [each for each in emulator.environments("StreamFunction") if each["active"] > 10]
    victim = dice.choice(serving)
    emulator.kill_environment(victim["pid"])
    return victim["active"]


def test_nothing_is_lost_or_doubled_and_never_more_run_than_may(emulator, crowd):
    print(f"to see it again: CHAOS_SEED={SEED}")
    dice = random.Random(SEED)
    dynamodb = producer.table_client(emulator)
    eventually(lambda: crowd.live == LIMIT, within_s=40)
    first = [client for client in crowd.clients if client.is_live]
    killed = []
    with Watcher(emulator, crowd) as watcher:
        for round_number in range(KILLS):
            numbers = range(round_number * ITEMS // KILLS, (round_number + 1) * ITEMS // KILLS)
            half = len(numbers) // 2
            put_items(emulator, dynamodb, numbers[:half])
            killed.append(kill_one(emulator, dice))
            put_items(emulator, dynamodb, numbers[half:])
            time.sleep(BETWEEN_S)
        killed_at = time.monotonic()
        eventually(lambda: crowd.live == LIMIT, within_s=90)
        print("all slots were in use again within", round(time.monotonic() - killed_at, 1), "s")
        order = eventually(
            lambda: len(found := published(dynamodb, emulator.table)) == ITEMS and found, 20
        )
        eventually(lambda: all(has_all(each, order) for each in crowd.clients), within_s=20)
    print("killed with", killed, "streams; told at most", max(watcher.told))

    assert max(killed) > IN_ONE_PROCESS / 2
    assert max(watcher.told) <= LIMIT
    assert longest_run(watcher.live, LIMIT) <= 2
    for client in crowd.clients:
        heard = client.heard
        start = order.index(heard[0]) if heard else 0
        assert heard == order[start : start + len(heard)]
        assert client.resets == 0
    assert all(client.heard[:1] == order[:1] for client in first if client.heard)
    assert any(client.cuts for client in first)


def has_all(client, order):
    return not client.is_live or not client.heard or client.heard[-1] == order[-1]


def longest_run(samples, limit):
    """Returns how many samples in a row are over the limit: an end may be seen late."""
    longest = run = 0
    for sample in samples:
        run = run + 1 if sample > limit else 0
        longest = max(longest, run)
    return longest


def test_the_count_is_true_again_and_everybody_is_told_it(emulator, crowd):
    eventually(lambda: count(emulator) == crowd.live == LIMIT, within_s=2 * LEASE_S)
    live = [client for client in crowd.clients if client.is_live]
    before = time.monotonic()

    def told():
        return [client.last["heartbeat"]["connections"] for client in live if client.is_live]

    eventually(lambda: set(told()) == {LIMIT}, within_s=25)
    print("all heartbeats were true within", round(time.monotonic() - before, 1), "s")


def test_the_slots_of_the_dead_are_usable_again(emulator, crowd):
    """More clients wait than there are slots, so each is taken, and by those who waited too."""
    outside = [client for client in crowd.clients if not client.is_live]

    assert len(outside) >= CLIENTS - LIMIT
    assert any(503 in client.statuses for client in crowd.clients if client.is_live)
