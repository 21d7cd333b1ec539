"""Tests that streams share the entries that their process has read, and that none is lost."""

from dashboard_data import Cursor

from tests.dashboard_data.following.streams import seqs
from tests.support.fakes import NOON


def test_two_streams_share_one_answer(reader, memory, records, make_item):
    start = memory.head().cursor
    with reader.follow(start) as one, reader.follow(start) as other:
        memory.publish(make_item())
        assert seqs(reader.wait(one)) == seqs(reader.wait(other)) == [1]
        assert len(records.reads) == 1


def test_a_stream_far_behind_does_not_hold_up_one_at_the_head(reader, memory, make_item, clock):
    memory.publish(*[make_item() for _ in range(2345)])
    head = memory.head().cursor
    received = []
    with reader.follow(head) as ahead, reader.follow(Cursor(head.epoch, 0)) as behind:
        memory.publish(make_item())
        assert seqs(reader.wait(ahead)) == [2346]
        while behind.cursor.seq < 2346:
            received += seqs(reader.wait(behind))
    assert received == list(range(1, 2347))
    assert clock() == NOON


def test_a_stream_that_fell_out_of_the_shared_entries_still_gets_every_one(
    reader, memory, make_item
):
    start = memory.head().cursor
    with reader.follow(start) as slow, reader.follow(start) as quick:
        reader.wait(slow)
        reader.wait(quick)
        for _ in range(4):
            memory.publish(*[make_item() for _ in range(400)])
            reader.wait(quick)
        received = []
        while slow.cursor.seq < 1600:
            received += seqs(reader.wait(slow))
    assert received == list(range(1, 1601))
