"""Tests a hundred real streams, many in one process: their limit and their cost."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
import requests
from event_stream import Decoder

from local_lambda import Emulator
from tests.support import producer
from tests.support.derived import derived_template
from tests.support.waiting import eventually
from tests.system.limits.counted_tables import CountedTables

pytestmark = pytest.mark.e2e
LIMIT = 100
IN_ONE_PROCESS = 64
POLL_S = 1


class Stream:
    """One open stream, or a refusal. Its events are read by a thread of its own."""

    def __init__(self, url):
        self.response = requests.get(url, stream=True, timeout=60)
        self.status, self.events, self.written_at, self.ended = (
            self.response.status_code,
            [],
            [],
            threading.Event(),
        )
        if self.status == 200:
            threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        decoder = Decoder()
        try:
            for chunk in self.response.iter_content(None):
                self.written_at.append(time.monotonic())
                self.events += decoder.feed(chunk)
        except requests.RequestException:
            pass  # the emulator was stopped
        self.ended.set()

    def last(self, event_type):
        return next(
            (
                json.loads(each.data)
                for each in reversed(tuple(self.events))
                if each.type == event_type
            ),
            None,
        )

    def item_ids(self):
        return [
            json.loads(event.data)["item_id"]
            for event in tuple(self.events)
            if event.type == "new_item"
        ]


@pytest.fixture(scope="module")
def tables():
    with CountedTables() as running:
        yield running


@pytest.fixture(scope="module")
def emulator(tables, tmp_path_factory):
    managed = {"CapacityProviderConfig": {"PerExecutionEnvironmentMaxConcurrency": IN_ONE_PROCESS}}
    template = derived_template(
        tmp_path_factory.mktemp("limits"), functions={"StreamFunction": managed}
    )
    limits = {"MaxConnections": str(LIMIT), "ClientConnections": str(LIMIT)}
    with Emulator(template, "--dynamodb-endpoint", tables.url, parameters=limits) as running:
        yield running


@pytest.fixture(scope="module")
def open_stream(emulator):
    return lambda *_: Stream(f"{emulator.url('stream')}api/v2/stream")


@pytest.fixture(scope="module")
def streams(open_stream):
    """Opens a hundred streams."""
    with ThreadPoolExecutor(4) as threads:
        opened = list(threads.map(open_stream, range(LIMIT)))
    assert [stream.status for stream in opened] == [200] * LIMIT
    eventually(lambda: all(stream.last("heartbeat") for stream in opened), within_s=30)
    return opened


def say_goodbye(emulator, stream):
    connection_id = stream.response.headers["X-Connection-Id"]
    requests.post(
        f"{emulator.dashboard_url}api/v2/stream/connections/{connection_id}/close", timeout=20
    )
    assert stream.ended.wait(5)


def test_the_101st_is_refused_while_100_run_and_everybody_is_told_the_true_number(
    emulator, streams, open_stream
):
    refused = open_stream()

    assert refused.status == 503
    assert refused.response.json()["detail"] == "Maximum connections reached"
    assert refused.response.json()["max_connections"] == LIMIT
    assert int(refused.response.headers["Retry-After"]) > 0
    status = requests.get(f"{emulator.dashboard_url}api/v2/stream/status", timeout=20).json()
    assert (status["connections"], status["available"]) == (LIMIT, 0)
    assert not any(stream.ended.is_set() for stream in streams)


def test_many_streams_share_one_process_and_one_poll(emulator, streams, tables):
    processes = [each for each in emulator.environments("StreamFunction") if each["active"]]
    before = tables.calls.copy()
    started_at = time.monotonic()
    eventually(lambda: all(stream.written_at[-1] > started_at for stream in streams), within_s=15)
    idle_s = time.monotonic() - started_at
    intervals = idle_s / POLL_S + 1
    made = tables.calls - before

    assert sum(each["active"] for each in processes) == LIMIT
    assert len(processes) == 2
    assert idle_s / 2 < made["BatchGetItem"] <= len(processes) * intervals
    assert made["GetItem"] == 0
    assert (
        made["Query"] <= len(processes) * intervals
    )  # the number of connections, for those whose heartbeat is due


def test_an_item_reaches_every_one_of_them_once(emulator, streams):
    producer.put(producer.table_client(emulator), emulator.table, [producer.record("one")])
    eventually(lambda: all(stream.item_ids() for stream in streams), within_s=10)

    assert all(stream.item_ids() == ["one"] for stream in streams)


def test_a_freed_slot_is_usable_within_a_second(emulator, streams, open_stream):
    say_goodbye(emulator, streams.pop())
    ended_at = time.monotonic()
    streams.append(
        eventually(lambda: (stream := open_stream()).status == 200 and stream, within_s=5)
    )

    assert time.monotonic() - ended_at < 1


def test_of_ten_who_race_for_one_slot_one_gets_it(emulator, streams, open_stream):
    say_goodbye(emulator, streams.pop())
    with ThreadPoolExecutor(10) as threads:
        racers = list(threads.map(open_stream, range(10)))

    assert sorted(racer.status for racer in racers) == [200] + [503] * 9
    streams += [racer for racer in racers if racer.status == 200]
    assert (
        requests.get(f"{emulator.dashboard_url}api/v2/stream/status", timeout=20).json()[
            "connections"
        ]
        == LIMIT
    )


def test_no_stream_was_silent_for_over_fifteen_seconds_and_none_was_evicted(streams):
    now = time.monotonic()

    assert not any(stream.ended.is_set() for stream in streams)
    assert max(b - a for stream in streams for a, b in pairwise([*stream.written_at, now])) <= 15
