"""Tests a hundred execution environments at once, each a process of its own, as on Lambda.

This needs the processors for itself, and shows the emulator as much as the service: a laptop with
two of them starts a hundred functions, and none of the clients waits long or loses anything.
"""

import time

import pytest

from local_lambda import Emulator
from tests.support import producer
from tests.support.many_clients import ManyClients
from tests.support.paths import ROOT
from tests.support.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timed]
ENVIRONMENTS = 100
ITEMS = 20
PAUSE_S = 0.25
WITHIN_S = 60  # all are live


@pytest.fixture(scope="module")
def emulator():
    many = {"MaxConnections": "120", "ClientConnections": "120", "StreamLifeSeconds": "700"}
    with Emulator(ROOT / "template.yaml", parameters=many) as running:
        yield running


@pytest.fixture(scope="module")
def crowd(emulator):
    with ManyClients(f"{emulator.url('stream')}api/v2/stream", ENVIRONMENTS) as clients:
        yield clients


def test_a_hundred_environments_are_live_at_once(emulator, crowd):
    eventually(lambda: crowd.live == ENVIRONMENTS, within_s=WITHIN_S)
    busy = [each for each in emulator.environments("StreamFunction") if each["active"]]

    assert len({each["pid"] for each in busy}) == ENVIRONMENTS
    assert {tuple(client.statuses) for client in crowd.clients} == {(200,)}


def test_each_of_them_hears_every_item_once_in_order_and_soon(emulator, crowd):
    dynamodb = producer.table_client(emulator)
    written_at = {}
    for number in range(ITEMS):
        item_id = f"item-{number:02d}"
        written_at[item_id] = time.monotonic()
        producer.put(dynamodb, emulator.table, [producer.record(item_id)])
        time.sleep(PAUSE_S)  # the pace of the items
    wanted = list(written_at)
    eventually(lambda: all(len(each.heard) >= ITEMS for each in crowd.clients), within_s=20)
    delays_s = sorted(
        client.heard_at[item_id] - at
        for client in crowd.clients
        for item_id, at in written_at.items()
    )
    print("item to client, s: p50", delays_s[len(delays_s) // 2], "p99", p99(delays_s))

    assert all(client.heard == wanted for client in crowd.clients)
    assert p99(delays_s) < 3


def test_nobody_was_cut_or_asked_again(crowd):
    assert crowd.live == ENVIRONMENTS
    assert not any(client.cuts or client.resets or client.empty for client in crowd.clients)


def p99(values):
    return values[int(len(values) * 0.99)]
