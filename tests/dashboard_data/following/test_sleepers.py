"""Tests who is woken by a reading, and that somebody always performs the next one."""

import threading
import time
from collections import Counter

from dashboard_data import Cursor, LeaseState, SharedReader
from dashboard_data.following.bell import Bell
from dashboard_data.following.followed import FollowedStream
from dashboard_data.following.sleepers import Sleepers
from dashboard_data.users.configurations import configuration_record
from hypothesis import given
from hypothesis import strategies as st

from tests.dashboard_data.following.streams import (
    CONFIGURATION,
    LEASE,
    SESSION,
    lifeline_record,
    seqs,
)
from tests.support.fakes import InMemoryFeed, InMemoryRecords, TableError
from tests.support.waiting import eventually

STREAMS = 12


class CountedBell(Bell):
    """A bell that notes how often it has rung and was not heard."""

    __slots__ = ("unheard",)

    def __init__(self):
        super().__init__()
        self.unheard = 0

    def ring(self):
        super().ring()
        self.unheard += 1

    def hush(self):
        super().hush()
        self.unheard -= 1


@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from("slhtnc")), max_size=80))
def test_whatever_threads_do_one_of_the_sleepers_leads_and_all_who_are_called_wake(steps):
    """A thread sleeps, leaves, hears its bell, or wakes by the time; some are called.

    So do threads that are interrupted: they leave while they sleep.
    """
    sleepers = Sleepers()
    streams = [FollowedStream(Cursor("e", 0), bell=CountedBell()) for _ in range(6)]
    asleep, waiting = set(), set()

    def hear(stream):
        asleep.discard(stream)
        sleepers.get_up(stream)

    for number, step in steps:
        stream = streams[number]
        match step:
            case "s" if stream not in asleep:
                waiting.add(stream)
                asleep.add(stream)
                stream.called = False
                sleepers.lie_down(stream)
            case "h" if stream.bell.unheard:
                hear(stream)
            case "t" if stream in asleep:
                hear(stream)
            case "l" if stream in waiting - asleep:
                waiting.discard(stream)
                sleepers.leave(stream)
            case "n":
                sleepers.call([])
            case "c":
                sleepers.call([each for each in sleepers if streams.index(each) % 2])
        assert all(0 <= each.bell.unheard <= 1 for each in streams)
        # Those whose bell has rung are about to wake, and lead if nobody does.
        sound_asleep = [each for each in asleep if not each.bell.unheard]
        assert not sound_asleep or sleepers.leader in waiting
    called = {each for each in asleep if each.called}
    while rung := [each for each in streams if each.bell.unheard]:
        hear(rung[0])
    assert called.isdisjoint(asleep)


class Crowd:
    """Threads that wait for news of one reader. The first that sleeps performs each reading.

    `pauses` counts how often each stream fell asleep, `heard` keeps all that each was told.
    """

    def __init__(self, feed, records, interval_s=0.02):
        self.pauses = Counter()
        self.heard = {}
        self.is_over = False
        self._records = records
        self.reader = SharedReader(feed, records, time.monotonic, interval_s, self._pause)
        self._threads = []

    def _pause(self, bell, seconds):
        self.pauses[bell] += 1
        bell.wait(seconds)

    def add(self, cursor, until_s=lambda: time.monotonic() + 10, **followed):
        ready = threading.Event()

        def follow():
            with self.reader.follow(cursor, **followed) as stream:
                self.heard[stream] = []
                ready.set()
                while not self.is_over:
                    self.heard[stream].append(self.reader.wait(stream, until_s()))

        self._threads.append(threading.Thread(target=follow, daemon=True))
        self._threads[-1].start()
        assert ready.wait(10)
        return list(self.heard)[-1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.is_over = True
        self._records.error = TableError("InternalServerError")  # which wakes everybody
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive()

    def seqs_of(self, stream):
        return [seq for news in self.heard[stream] for seq in seqs(news)]


def readings(records, count):
    """Waits until so many more readings were performed."""
    wanted = len(records.reads) + count
    eventually(lambda: len(records.reads) >= wanted)


def test_an_idle_reading_wakes_nobody_but_who_performs_the_next_one(memory):
    records = InMemoryRecords(memory)
    with Crowd(memory, records) as crowd:
        for _ in range(STREAMS):
            crowd.add(memory.head().cursor)
        readings(records, 3)
        before = crowd.pauses.total()
        made = len(records.reads)
        readings(records, 20)
        made = len(records.reads) - made
        # The one who performed it lies down again, and so does the next one to perform it.
        assert crowd.pauses.total() - before <= 2 * (made + 1)


def test_items_wake_only_those_streams_that_they_concern(memory, make_item):
    records = InMemoryRecords(memory)
    others = CONFIGURATION._replace(config_id="c2", tickers=("TSLA",))
    for each in (CONFIGURATION, others):
        records.put(configuration_record(each, {}))
    start = memory.head().cursor
    with Crowd(memory, records, interval_s=0.05) as crowd:
        crowd.add(start)  # leads
        everyone = crowd.add(start)
        mine = crowd.add(start, configuration=CONFIGURATION)
        theirs = crowd.add(start, configuration=others)
        readings(records, 3)
        told = {stream: len(news) for stream, news in crowd.heard.items()}
        memory.publish(make_item(ticker="AAPL"))
        eventually(lambda: crowd.seqs_of(everyone) == crowd.seqs_of(mine) == [1])
        readings(records, 3)
        leads = sum(len(news) - told[stream] for stream, news in crowd.heard.items())
        assert leads <= 2 + 6  # the two that it concerns, and those who performed the readings
        assert len(crowd.heard[theirs]) <= told[theirs] + 6


def test_a_change_of_what_a_stream_depends_on_wakes_it(memory, make_item):
    records = InMemoryRecords(memory)
    records.put(lifeline_record())
    start = memory.head().cursor
    with Crowd(memory, records) as crowd:
        crowd.add(start)
        stream = crowd.add(start, lease=LEASE)
        readings(records, 3)
        records.put(lifeline_record(closing={"SS": [LEASE.connection_id]}))
        eventually(lambda: any(news.lease == LeaseState.CLOSING for news in crowd.heard[stream]))


def test_the_beginning_and_the_end_of_an_outage_wake_everybody(memory):
    records = InMemoryRecords(memory)
    with Crowd(memory, records) as crowd:
        streams = [crowd.add(memory.head().cursor) for _ in range(STREAMS)]
        readings(records, 3)
        records.error = TableError("ThrottlingException")
        eventually(lambda: all(crowd.heard[each][-1].error for each in streams))
        before = crowd.pauses.total()
        made = len(records.reads)
        readings(records, 10)
        made = len(records.reads) - made
        assert crowd.pauses.total() - before <= 2 * (made + 1)
        records.error = None
        eventually(lambda: all(crowd.heard[each][-1].fresh for each in streams))


def test_every_item_comes_once_while_threads_come_and_go_to_write(memory, make_item):
    """Half of them have something due for themselves all the time, so that the leader changes."""
    records = InMemoryRecords(memory)
    start = memory.head().cursor
    with Crowd(memory, records, interval_s=0.005) as crowd:
        streams = [
            crowd.add(start, lambda own=number: time.monotonic() + (0.001 + own / 300))
            for number in range(STREAMS)
        ]
        for _ in range(30):
            memory.publish(make_item(), make_item())
            readings(records, 1)
        wanted = list(range(1, 61))
        eventually(lambda: all(crowd.seqs_of(each) == wanted for each in streams))


def test_a_stream_that_is_slow_to_write_delays_nobody(memory, make_item):
    """It never comes back from its write, and was the first to be woken."""
    records = InMemoryRecords(memory)
    start = memory.head().cursor
    is_writing, is_over = threading.Event(), threading.Event()
    with Crowd(memory, records) as crowd:

        def block():
            with crowd.reader.follow(start) as stream:
                while not seqs(crowd.reader.wait(stream)):
                    pass
                is_writing.set()
                is_over.wait(10)

        slow = threading.Thread(target=block, daemon=True)
        slow.start()
        streams = [crowd.add(start) for _ in range(STREAMS)]
        readings(records, 3)
        memory.publish(make_item())
        assert is_writing.wait(10)
        eventually(lambda: all(crowd.seqs_of(each) == [1] for each in streams))
        memory.publish(make_item())
        eventually(lambda: all(crowd.seqs_of(each) == [1, 2] for each in streams))
        is_over.set()


def test_a_page_that_could_not_be_read_is_tried_again_with_the_next_reading(clock, make_item):
    """Nothing else has changed by then, so that alone has to wake the stream."""
    broken = [TableError("InternalServerError")]

    class Brittle(InMemoryFeed):
        def page_after(self, cursor, limit=500, *, consistent=False):
            if cursor.seq == 0 and broken:
                raise broken.pop()
            return super().page_after(cursor, limit, consistent=consistent)

    feed = Brittle(clock)
    feed.publish(make_item())
    records = InMemoryRecords(feed)
    with Crowd(feed, records) as crowd:
        crowd.add(feed.head().cursor)
        behind = crowd.add(Cursor(feed.head().epoch, 0))
        eventually(lambda: crowd.seqs_of(behind) == [1])


def test_a_session_that_is_revoked_wakes_its_stream(memory):
    records = InMemoryRecords(memory)
    with Crowd(memory, records) as crowd:
        crowd.add(memory.head().cursor)
        stream = crowd.add(memory.head().cursor, session=SESSION)
        eventually(lambda: any(not news.session_lives for news in crowd.heard[stream]))
