"""Tests a stream whose signs of life another thread writes, as under the runtime."""

import threading
import time
from itertools import pairwise

import pytest
from event_stream import Decoder

from tests.support.fakes import failing_while
from tests.support.functions import Service
from tests.support.waiting import eventually


class Client:
    """Takes what is written through, and what is yielded, in the order of both."""

    def __init__(self, stream, clock):
        self.stream = stream
        self.clock = clock
        self.is_slow = False
        self.written_at = []
        self.through = []
        self.decoder = Decoder()
        self.events = []
        stream.result["body"].write_through(self.write)

    def write(self, piece, *, wait=True):
        assert not wait
        if self.is_slow:
            return False
        self.through.append(piece)
        self._takes(piece)
        return True

    def pull(self):
        (events, piece) = (self.stream.pull(), self.stream.pieces[-1])
        if piece:
            self._takes(piece)
        return events

    def _takes(self, piece):
        self.written_at.append(self.clock())
        self.events += self.decoder.feed(piece)

    def longest_gap_s(self):
        return max(after - before for before, after in pairwise(self.written_at))


@pytest.fixture
def client_of(service, clock):
    return lambda: Client(service.stream(), clock)


def run(client, clock, seconds):
    until = clock() + seconds
    while clock() < until:
        client.pull()


def test_comments_and_heartbeats_come_in_time(client_of, clock):
    client = client_of()
    run(client, clock, 200)
    beats = [event for event in client.events if event.type == "heartbeat"]

    assert client.longest_gap_s() <= 4
    assert len(beats) >= 200 / 9
    ids = [event.id for event in client.events]
    assert len(set(ids)) == len(ids)


def test_a_client_that_reads_slowly_gets_its_signs_of_life_from_its_own_thread(client_of, clock):
    client = client_of()
    run(client, clock, 5)
    client.is_slow = True
    before = len(client.through)
    run(client, clock, 60)

    assert len(client.through) == before
    assert client.longest_gap_s() <= 4


def test_items_come_between_signs_of_life_and_each_id_is_a_place_to_resume_from(
    client_of, service, clock, publish, make_item
):
    client = client_of()
    written = []
    for _ in range(6):
        run(client, clock, 6)
        written.append(make_item())
        publish(written[-1])
    run(client, clock, 3)
    for position, event in enumerate(client.events):
        seen = [each for each in client.events[: position + 1] if each.type == "new_item"]
        again = service.stream(last_event_id=event.id)
        again.pull(3)
        again.body.close()
        assert len(seen) + len(again.items()) == len(written)


def test_an_outage_is_said_by_whoever_writes(client_of, service, clock):
    client = client_of()
    run(client, clock, 5)
    service.table._meddle = failing_while(lambda name: True)
    run(client, clock, 2)
    before, events = len(client.through), len(client.events)
    run(client, clock, 30)

    assert set(client.through[before:]) == {b": the table cannot be read at the moment\n"}
    assert client.events[events:] == []
    assert client.longest_gap_s() <= 4


class RealClock:
    """The clock of the machine, with what the service asks of a clock."""

    sleep = staticmethod(time.sleep)

    def __call__(self):
        return time.time()

    def pause(self, bell, seconds):
        bell.wait(seconds)


def test_threads_that_sleep_get_heartbeats_written_and_are_not_woken(
    client, table, metrics_namespace
):
    service = Service(client, table, RealClock(), heartbeat_s=2.5)
    clients = []
    pieces = {}
    threads = []

    def follow(viewer):
        for piece in viewer.stream.body:
            pieces[viewer].append(piece)

    for number in range(6):
        viewer = Client(service.stream(address=f"192.0.2.{number}", left_s=12), service.clock)
        clients.append(viewer)
        pieces[viewer] = []
        threads.append(threading.Thread(target=follow, args=(viewer,), daemon=True))
        threads[-1].start()
        eventually(lambda viewer=viewer: pieces[viewer])

    def beats(viewer):
        return sum(b"event: heartbeat" in piece for piece in viewer.through)

    eventually(lambda: sum(map(beats, clients)) >= 6)
    written = sum(len(each) for each in pieces.values())
    assert written <= 6 * 4 + 12  # each opening, who reads, and who counts
    for viewer in clients:
        ids = [event.id for event in viewer.events]
        assert len(set(ids)) == len(ids)
        service.slots.ask_to_close(viewer.stream.headers["x-connection-id"])
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()


def test_a_client_that_is_far_behind_is_not_silent_while_slow_pages_are_read(
    service, make_service, clock, publish, make_item
):
    """Its pages are its own: nobody else gives a sign of life while its thread reads them."""
    before = service.stream()
    before.pull(3)
    publish(*[make_item() for _ in range(5)])
    another = make_service()
    client = Client(another.stream(last_event_id=before.events[-1].id), clock)
    client.pull()

    def slow_and_lagging(_number, name, call):
        clock.advance(1.9)
        response = call()
        asked = another.table.calls[-1][1]
        if name == "query" and not asked.get("ConsistentRead"):
            response["Items"] = []
        return response

    another.table._meddle = slow_and_lagging
    run(client, clock, 60)
    assert client.longest_gap_s() <= 4
    assert sum(event.type == "new_item" for event in client.events) == 5


def test_a_heartbeat_that_was_not_written_does_not_count(service, clock):
    client = Client(service.stream(), clock)
    run(client, clock, 5)
    told = sum(event.type == "heartbeat" for event in client.events)
    client.is_slow = True
    run(client, clock, 30)
    client.is_slow = False
    beats = sum(event.type == "heartbeat" for event in client.events) - told
    assert beats >= 3
    assert client.longest_gap_s() <= 4


@pytest.mark.parametrize("others", [0, 3])
def test_every_stream_moves_when_the_lifeline_is_gone(service, clock, client, table, others):
    """Each of them learns of it once, and a single move takes several turns."""
    clients = [Client(service.stream(), clock) for _ in range(others + 1)]
    for each in clients:
        run(each, clock, 2)
    (lifeline,) = lifelines(client, table)
    client.delete_item(TableName=table, Key={name: lifeline[name] for name in ("PK", "SK")})
    for _ in range(12):
        for each in clients:
            each.pull()
    (drawn,) = lifelines(client, table)
    assert drawn["SK"] != lifeline["SK"]
    assert {each["lifeline"]["S"] for each in recorded(client, table, "SLOT#")} == {
        drawn["SK"]["S"].partition("#")[2]
    }


def lifelines(client, table):
    return recorded(client, table, "SLOTLIFE#")


def recorded(client, table, prefix):
    return client.query(
        TableName=table,
        KeyConditionExpression="PK = :p AND begins_with(SK, :s)",
        ExpressionAttributeValues={":p": {"S": "CONNECTIONS"}, ":s": {"S": prefix}},
    )["Items"]
