"""Tests one poll for all streams of a process: results, costs, and a table that lags or fails."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from dashboard_data import (
    Backoff,
    Client,
    Cursor,
    DynamoDbConfigurations,
    DynamoDbSessions,
    LeaseState,
    News,
    ResetReason,
    Session,
    SharedReader,
    StreamSlots,
    Table,
)
from dashboard_data.dynamodb import key
from dashboard_data.feed.feed import RETENTION_S

from tests.dashboard_data.following.streams import CONFIGURATION, LEASE, everything, seqs
from tests.support.fakes import NOON, InMemoryFeed, InMemoryRecords, MeddledClient, TableError


def test_an_item_reaches_the_stream_with_the_next_poll(reader, memory, make_item, clock):
    with reader.follow(memory.head().cursor) as stream:
        assert seqs(reader.wait(stream)) == []
        memory.publish(make_item(), make_item())
        assert seqs(reader.wait(stream)) == [1, 2]
        assert stream.cursor.seq == 2
        assert seqs(reader.wait(stream)) == []
    assert clock() == NOON + 2


def test_polls_are_one_interval_apart(reader, memory, records, clock):
    with reader.follow(memory.head().cursor) as stream:
        for _ in range(5):
            reader.wait(stream)
    assert len(records.reads) == 5
    assert clock() == NOON + 4


def test_an_answer_from_before_a_freeze_is_not_given_to_a_stream_that_comes_after_it(
    reader, memory, clock, make_item
):
    with reader.follow(memory.head().cursor) as stream:
        reader.wait(stream)
    memory.publish(make_item())
    clock.advance(3600)
    with reader.follow(Cursor(memory.head().epoch, 0)) as stream:
        assert seqs(reader.wait(stream)) == [1]


def test_a_stream_that_is_behind_catches_up_page_by_page_without_waiting(
    reader, memory, make_item, clock
):
    memory.publish(*[make_item() for _ in range(1234)])
    received = []
    with reader.follow(Cursor(memory.head().epoch, 0)) as stream:
        while stream.cursor.seq < 1234:
            received += seqs(reader.wait(stream))
    assert received == list(range(1, 1235))
    assert clock() == NOON


def test_history_that_is_rebuilt_is_a_reset_until_the_stream_moves(reader, memory, make_item):
    memory.publish(make_item())
    with reader.follow(memory.head().cursor) as stream:
        reader.wait(stream)
        memory.rebuild()
        assert reader.wait(stream).reset == ResetReason.REBUILT
        stream.cursor = memory.resume(None).cursor
        memory.publish(make_item())
        news = reader.wait(stream)
        assert (news.reset, seqs(news)) == (None, [1])


def test_entries_that_are_gone_are_a_reset_before_anything_newer(reader, memory, make_item, clock):
    start = memory.head().cursor
    memory.publish(make_item())
    clock.advance(RETENTION_S)
    memory.publish(make_item())
    with reader.follow(start) as stream:
        news = reader.wait(stream)
        assert (news.reset, news.entries, stream.cursor) == (ResetReason.TOO_OLD, (), start)


def test_a_copy_of_the_head_that_lags_moves_nothing_back(memory, records, clock, make_item):
    heads = []

    class OldHead(InMemoryRecords):
        def get_many(self, keys, *, consistent=False):
            found = super().get_many(keys)
            heads.append(found["FEED", "HEAD"])
            return found | {("FEED", "HEAD"): heads[0]} if len(heads) == 3 else found

    reader = SharedReader(memory, OldHead(memory), clock, pause=clock.pause)
    with reader.follow(memory.head().cursor) as stream:
        reader.wait(stream)
        memory.publish(make_item())
        assert [seqs(reader.wait(stream)) for _ in range(3)] == [[1], [], []]


def test_a_head_that_is_missing_in_a_copy_is_read_consistently(memory, clock, make_item):
    class Headless(InMemoryRecords):
        def get_many(self, keys, *, consistent=False):
            return {}

    reader = SharedReader(memory, Headless(memory), clock, pause=clock.pause)
    start = memory.head().cursor
    memory.publish(make_item())
    with reader.follow(start) as stream:
        assert seqs(reader.wait(stream)) == [1]


def test_a_poll_that_fails_is_reported_and_nothing_looks_fresh(
    reader, memory, records, make_item, clock
):
    with everything(reader, memory.head().cursor) as stream:
        reader.wait(stream)
        memory.publish(make_item())
        records.error = TableError("ThrottlingException")
        news = reader.wait(stream)
        assert news == News(configuration=CONFIGURATION, error=records.error)
        assert stream.cursor.seq == 0
        records.error = None
        assert seqs(reader.wait(stream)) == [1]
    assert clock() == NOON + 2


def test_a_page_of_its_own_that_fails_is_reported_to_its_stream_alone(
    memory, records, clock, make_item
):
    class Brittle(InMemoryFeed):
        def page_after(self, cursor, limit=500, *, consistent=False):
            if cursor.seq == 0 and broken:
                raise broken[0]
            return super().page_after(cursor, limit, consistent=consistent)

    broken = [TableError("InternalServerError")]
    feed = Brittle(clock)
    feed.publish(*[make_item() for _ in range(3)])
    reader = SharedReader(feed, InMemoryRecords(feed), clock, pause=clock.pause)
    with (
        reader.follow(feed.head().cursor) as ahead,
        reader.follow(Cursor(feed.head().epoch, 0)) as behind,
    ):
        assert reader.wait(ahead).error is None
        behind.behind = True
        errors = [reader.wait(behind).error for _ in range(3)]
        assert errors == broken * 3
        assert clock() == NOON + 2
        broken.clear()
        assert seqs(reader.wait(behind)) == [1, 2, 3]


def test_a_stream_that_is_behind_does_not_spin_while_polls_fail(
    reader, memory, records, make_item, clock
):
    memory.publish(*[make_item() for _ in range(1000)])
    with (
        reader.follow(memory.head().cursor),
        reader.follow(Cursor(memory.head().epoch, 0)) as behind,
    ):
        assert len(reader.wait(behind).entries) == 500
        clock.advance(1)
        records.error = TableError("ThrottlingException")
        assert [reader.wait(behind).error for _ in range(3)] == [records.error] * 3
    assert clock() == NOON + 3


def test_a_wait_that_is_cut_short_says_that_all_is_as_it_was(reader, memory, records, clock):
    with everything(reader, memory.head().cursor) as stream:
        reader.wait(stream)
        assert reader.wait(stream, until_s=clock() + 0.25) == News(configuration=CONFIGURATION)
        assert clock() == NOON + 0.25
    assert len(records.reads) == 1


def test_a_stream_that_has_just_come_is_not_judged_by_an_answer_that_did_not_ask_for_it(
    reader, memory, clock
):
    with reader.follow(memory.head().cursor) as first:
        reader.wait(first)
        absent = replace(LEASE, lifeline="gone")
        gone = Session("user", NOON + 1, ("SESSION#gone", "SESSION"))
        with reader.follow(
            memory.head().cursor, lease=absent, session=gone, configuration=CONFIGURATION
        ) as second:
            assert reader.wait(second) == News(configuration=CONFIGURATION, fresh=True)
            news = reader.wait(second)
            assert (news.lease, news.session_lives) == (LeaseState.LAPSED, False)


def test_a_slot_taken_again_is_not_judged_by_what_was_read_of_its_former_holder(
    reader, memory, clock
):
    """A stream ends and another takes its slot within one interval, in the same process."""
    with reader.follow(memory.head().cursor, lease=LEASE) as former:
        assert reader.wait(former).lease == LeaseState.HELD
    newcomer = replace(LEASE, connection_id="3-BBBBBBBBBBBBBBBBBBBBBB", lifeline="a new one")
    with reader.follow(memory.head().cursor, lease=newcomer) as stream:
        assert reader.wait(stream).lease == LeaseState.HELD


def test_a_clock_that_is_set_back_stops_no_poll(reader, memory, make_item, clock):
    with reader.follow(memory.head().cursor) as stream:
        reader.wait(stream)
        clock.advance(-3600)
        memory.publish(make_item())
        assert seqs(reader.wait(stream)) == [1]
    assert clock() == NOON - 3600


def test_a_stream_that_has_ended_is_no_longer_asked_for(reader, memory, records):
    with everything(reader, memory.head().cursor) as stream:
        reader.wait(stream)
    with reader.follow(memory.head().cursor) as stream:
        reader.wait(stream)
        reader.wait(stream)
    assert len(records.reads[0][0]) == 4
    assert records.reads[-1][0] == {("FEED", "HEAD")}


def test_many_threads_wait_for_the_one_that_asks(memory, make_item):
    """Its read returns only once all others wait for it; the next poll is a minute away."""
    asked, waiting = [], threading.Semaphore(0)

    class Patient(InMemoryRecords):
        def get_many(self, keys, *, consistent=False):
            asked.append(len(keys))
            for _ in range(19):
                assert waiting.acquire(timeout=10)
            return super().get_many(keys)

    def pause(condition, seconds):
        waiting.release()
        condition.wait(seconds)

    reader = SharedReader(memory, Patient(memory), time.monotonic, interval_s=60, pause=pause)
    start = memory.head().cursor
    memory.publish(make_item(), make_item())

    def follow(_):
        with reader.follow(start) as stream:
            return seqs(reader.wait(stream))

    with ThreadPoolExecutor(20) as threads:
        assert list(threads.map(follow, range(20))) == [[1, 2]] * 20
    assert len(asked) == 1


def test_many_threads_get_every_item_once(memory, make_item):
    reader = SharedReader(memory, InMemoryRecords(memory), time.monotonic, interval_s=0.02)
    start = memory.head().cursor
    received = [[] for _ in range(20)]

    def follow(mine):
        with reader.follow(start) as stream:
            while len(mine) < 60:
                mine += seqs(reader.wait(stream))

    threads = [threading.Thread(target=follow, args=(mine,)) for mine in received]
    for thread in threads:
        thread.start()
    for _ in range(20):
        memory.publish(make_item(), make_item(), make_item())
    for thread in threads:
        thread.join(10)
    assert received == [list(range(1, 61))] * 20


def test_a_thread_that_dies_while_it_polls_leaves_the_turn_to_the_next(memory, clock, make_item):
    class Deadly(InMemoryRecords):
        def get_many(self, keys, *, consistent=False):
            if deaths:
                raise deaths.pop()
            return super().get_many(keys)

    deaths = [KeyboardInterrupt()]
    reader = SharedReader(memory, Deadly(memory), clock, pause=clock.pause)
    start = memory.head().cursor
    memory.publish(make_item())
    with pytest.raises(KeyboardInterrupt), reader.follow(start) as stream:
        reader.wait(stream)
    with reader.follow(start) as stream:
        assert isinstance(reader.wait(stream).error, RuntimeError)
        assert seqs(reader.wait(stream)) == [1]


def test_an_idle_poll_of_the_table_is_one_request_of_one_read_unit(client, table, clock, feed):
    connections = StreamSlots(Table(client, table), clock, Backoff(clock.sleep, lambda: 0.5))
    meddled = MeddledClient(client)
    reader = SharedReader(feed, Table(meddled, table), clock, pause=clock.pause)
    with reader.follow(feed.head().cursor, lease=connections.take(Client("me"))) as stream:
        reader.wait(stream)
    ((name, arguments),) = meddled.calls
    request = arguments["RequestItems"][table]
    assert name == "batch_get_item"
    assert request["ConsistentRead"] is False
    assert len(request["Keys"]) * 0.5 <= 1


def test_goodbye_revocation_and_deletion_are_seen_within_one_poll(
    client, table, clock, feed, publish, make_item
):
    connections = StreamSlots(Table(client, table), clock, Backoff(clock.sleep, lambda: 0.5))
    sessions, configurations = (
        DynamoDbSessions(Table(client, table), clock),
        DynamoDbConfigurations(Table(client, table), clock, Backoff(clock.sleep, lambda: 0.5)),
    )
    created = sessions.create_anonymous()
    lease, session = connections.take(Client("me")), sessions.verify(created.token)
    configuration = configurations.create(created.user_id, "mine", ["AAPL"])
    reader = SharedReader(feed, Table(client, table), clock, pause=clock.pause)
    with reader.follow(
        feed.head().cursor, lease=lease, session=session, configuration=configuration
    ) as stream:
        publish(make_item())
        news = reader.wait(stream)
        assert (seqs(news), news.lease, news.session_lives, news.configuration) == (
            [1],
            LeaseState.HELD,
            True,
            configuration,
        )
        connections.ask_to_close(lease.connection_id)
        configurations.update(created.user_id, configuration.config_id, "mine", ["MSFT"])
        news = reader.wait(stream)
        assert (news.lease, news.configuration.tickers) == (LeaseState.CLOSING, ("MSFT",))
        sessions.revoke(created.token)
        configurations.delete(created.user_id, configuration.config_id)
        client.delete_item(TableName=table, Key=key(*lease.key))
        news = reader.wait(stream)
        assert (news.lease, news.session_lives, news.configuration) == (
            LeaseState.LAPSED,
            False,
            None,
        )
