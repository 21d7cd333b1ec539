"""Tests that the thread which reads for all gives the others' signs of life."""

from itertools import pairwise

import pytest
from dashboard_data import Cursor, SharedReader

from tests.support.fakes import InMemoryRecords


def test_no_call_begins_while_a_stream_was_silent_for_long(memory, clock):
    """Each call takes almost two seconds, and a reading of many entries several of them."""
    said_at = []

    class Slow(InMemoryRecords):
        def get_many(self, keys, *, consistent=False):
            clock.advance(1.9)
            return super().get_many(keys)

    reader = reader_of(memory, Slow(memory), clock)
    with reader.follow(memory.head().cursor) as stream:
        murmur_into(stream, said_at, clock)
        began_at = clock()
        for _ in range(20):
            reader.wait(stream)

    gaps = [after - before for before, after in zip([began_at, *said_at], said_at, strict=False)]
    assert len(said_at) >= 9
    assert max(gaps) <= 4


def test_a_stream_that_wrote_itself_needs_no_sign_of_life(memory, records, clock):
    reader = reader_of(memory, records, clock)
    with reader.follow(memory.head().cursor) as stream:
        stream.murmur = pytest.fail
        for _ in range(10):
            stream.silent_since_s = clock()
            reader.wait(stream)


def test_a_stream_whose_client_takes_nothing_wakes_to_write_itself(memory, records, clock):
    reader = reader_of(memory, records, clock)
    with reader.follow(memory.head().cursor) as stream:
        stream.murmur = lambda now_s: False
        stream.silent_since_s = clock()
        for _ in range(3):
            reader.wait(stream, until_s=clock() + 100)
        assert clock() - stream.silent_since_s <= 4


def test_murmurs_go_on_while_the_table_cannot_be_read(memory, records, clock):
    said_at = []
    records.error = RuntimeError("away")
    reader = reader_of(memory, records, clock)
    with reader.follow(Cursor(memory.head().epoch, 0)) as stream:

        def murmur(now_s):
            said_at.append(now_s)
            stream.silent_since_s = now_s
            return True

        stream.murmur = murmur
        stream.silent_since_s = clock()
        for _ in range(10):
            assert reader.wait(stream).error
    assert len(said_at) >= 4


def murmur_into(stream, said_at, clock):
    """Lets the stream note when it was heard, from now on."""

    def murmur(now_s):
        said_at.append(now_s)
        stream.silent_since_s = now_s
        return True

    stream.murmur = murmur
    stream.silent_since_s = clock()


def reader_of(memory, records, clock):
    return SharedReader(memory, records, clock, pause=clock.pause)


def test_readings_that_are_far_apart_leave_nobody_silent(memory, records, clock):
    reader = SharedReader(memory, records, clock, interval_s=5, pause=clock.pause)
    heard = [clock()]
    with reader.follow(memory.head().cursor) as stream:
        murmur_into(stream, heard, clock)
        until_s = clock() + 60
        while clock() < until_s:
            reader.wait(stream, until_s)
    assert max(after - before for before, after in pairwise(heard)) <= 4


def test_a_murmur_that_fails_is_that_streams_own_affair(memory, records, clock, make_item):
    def fails(_now_s):
        raise MemoryError

    reader = SharedReader(memory, records, clock, pause=clock.pause)
    with reader.follow(memory.head().cursor) as stream:
        stream.murmur = fails
        for _ in range(5):
            clock.advance(3)
            reader.wait(stream, clock() + 10)
        memory.publish(make_item())
        found = [reader.wait(stream, clock() + 10).entries for _ in range(3)]
    assert sum(len(each) for each in found) == 1
