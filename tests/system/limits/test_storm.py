"""Tests a storm: hundreds of clients that come at once, as after a deployment or an outage.

They meet environments that serve many at once. With room for all, all are served within seconds,
also when the table is slow; without, the others are refused with a time to come again, and no two
of them at one moment.
"""

import random
import time
from collections import Counter

import pytest
import requests

from local_lambda import Emulator
from tests.support.derived import derived_template
from tests.support.dynamodb_proxy import moto_behind_proxy
from tests.support.many_clients import ADDRESS_HEADER, ManyClients, never
from tests.support.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timed]
CLIENTS = 300
FEW = 100
SERVED_WITHIN_S = 15
SLOWER_S = 0.05
SECRET = "0123456789abcdef"
IN_ONE_PROCESS = 320  # one process; on Lambda that would be five vCPUs with 64 each


def template_in(directory, in_one=IN_ONE_PROCESS):
    managed = {"CapacityProviderConfig": {"PerExecutionEnvironmentMaxConcurrency": in_one}}
    return derived_template(directory, functions={"StreamFunction": managed})


def limits(connections):
    """Returns parameters: a proxy says the clients' addresses, since all come from this machine."""
    return {
        "MaxConnections": str(connections),
        "StreamLifeSeconds": "240",
        "ProxyAddressHeader": ADDRESS_HEADER,
        "ProxySecret": SECRET,
    }


def url_of(emulator):
    return f"{emulator.url('stream')}api/v2/stream"


def warm(emulator):
    """Lets the first environment start, with the table's head in it."""
    with ManyClients(url_of(emulator), 1, secret=SECRET) as first:
        eventually(lambda: first.live == 1, within_s=20)
        (client,) = first.clients
        connection_id = client.last_headers["x-connection-id"]
        requests.post(
            f"{emulator.dashboard_url}api/v2/stream/connections/{connection_id}/close", timeout=20
        )
        eventually(lambda: open_streams(emulator) == 0, within_s=10)


def open_streams(emulator):
    status = requests.get(f"{emulator.dashboard_url}api/v2/stream/status", timeout=20)
    return status.json()["connections"]


def slowest_s(crowd):
    """Returns how long the last of the served waited for its first data."""
    return max(each.first_data_at - each.first_asked_at for each in crowd.clients if each.is_live)


@pytest.mark.parametrize("in_one", [IN_ONE_PROCESS, 64])
@pytest.mark.parametrize("slower_s", [0, SLOWER_S], ids=["quick-table", "slow-table"])
def test_three_hundred_at_once_all_have_data_within_seconds(tmp_path, in_one, slower_s):
    with (
        moto_behind_proxy() as proxy,
        Emulator(
            template_in(tmp_path, in_one),
            "--dynamodb-endpoint",
            proxy.url,
            parameters=limits(CLIENTS),
        ) as emulator,
    ):
        warm(emulator)
        with proxy.slow(slower_s), ManyClients(url_of(emulator), CLIENTS, secret=SECRET) as crowd:
            eventually(lambda: crowd.live + crowd.over == CLIENTS, within_s=2 * SERVED_WITHIN_S)
            told = Counter(each.statuses[-1] if each.statuses else 0 for each in crowd.clients)
            print("served within", round(slowest_s(crowd), 1), "s;", dict(told))

            assert told == {200: CLIENTS}
            assert crowd.live == CLIENTS
            assert not any(each.cuts or each.empty for each in crowd.clients)
            assert slowest_s(crowd) < SERVED_WITHIN_S


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """Returns an emulator with fewer slots than clients, and the clients after their storm."""
    dice = random.Random(7)

    def pause(client):
        if client.retry_after_s is None:
            return never(client)
        # As a browser's code does: not before the time, and then not all at once.
        return client.retry_after_s * dice.uniform(1, 1.2)

    template = template_in(tmp_path_factory.mktemp("storm"))
    with Emulator(template, parameters=limits(FEW)) as emulator:
        warm(emulator)
        with ManyClients(url_of(emulator), CLIENTS, pause, SECRET) as crowd:
            eventually(
                lambda: all(each.statuses for each in crowd.clients), within_s=2 * SERVED_WITHIN_S
            )
            yield emulator, crowd


def test_a_hundred_are_served_and_the_others_are_refused_honestly_and_at_once(full):
    _, crowd = full
    eventually(lambda: crowd.live == FEW, within_s=SERVED_WITHIN_S)
    first = Counter(each.statuses[0] for each in crowd.clients)
    refused = [each for each in crowd.clients if each.statuses[0] == 503]

    assert first == {200: FEW, 503: CLIENTS - FEW}
    assert not any(each.empty or each.cuts for each in crowd.clients)
    assert max(each.refused_after_s[0] for each in refused) < SERVED_WITHIN_S


def test_the_refused_are_told_different_times_to_come_again(full):
    _, crowd = full
    told = [each.first_retry_after_s for each in crowd.clients if each.statuses[0] == 503]

    assert None not in told
    assert min(told) >= 1
    assert len(set(told)) >= 5
    assert max(Counter(told).values()) < len(told) / 2


def test_later_tries_get_in_when_slots_come_free(full):
    emulator, crowd = full
    inside = [each for each in crowd.clients if each.is_live]
    for client in inside[:30]:
        connection_id = client.last_headers["x-connection-id"]
        requests.post(
            f"{emulator.dashboard_url}api/v2/stream/connections/{connection_id}/close", timeout=20
        )
    newcomers = {each.number for each in crowd.clients} - {each.number for each in inside}

    def let_in():
        return sum(crowd.clients[number].is_live for number in newcomers) >= 30

    began_at = time.monotonic()
    eventually(let_in, within_s=75)
    print("thirty freed slots were taken within", round(time.monotonic() - began_at, 1), "s")
    assert open_streams(emulator) <= FEW
