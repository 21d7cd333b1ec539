"""Tests a value that is read again only when it is too old."""

from threading import Event, Thread

import pytest
from api_function.kept import Kept

from tests.support.waiting import eventually


def test_a_value_is_read_again_when_its_time_is_over(clock):
    values = iter("abc")
    kept = Kept(lambda: next(values), clock, kept_s=10)

    assert [kept.get(), kept.get()] == ["a", "a"]
    clock.advance(9.9)
    assert kept.get() == "a"
    clock.advance(0.1)
    assert kept.get() == "b"
    clock.advance(-5)
    assert kept.get() == "c"


def test_an_error_is_raised_and_not_kept(clock):
    results = iter([ValueError("away"), "a", ValueError("away again"), "b"])

    def read():
        result = next(results)
        if isinstance(result, Exception):
            raise result
        return result

    kept = Kept(read, clock, kept_s=10)
    with pytest.raises(ValueError, match="away"):
        kept.get()
    assert kept.get() == "a"
    clock.advance(10)
    with pytest.raises(ValueError, match="away again"):
        kept.get()
    assert kept.get() == "b"


def test_those_that_come_while_one_reads_wait_for_its_value(clock):
    reads, reading, go_on = [], Event(), Event()

    def read():
        reads.append(1)
        reading.set()
        assert go_on.wait(10)
        return len(reads)

    kept = Kept(read, clock, kept_s=10)
    found = []
    threads = [Thread(target=lambda: found.append(kept.get())) for _ in range(4)]
    for thread in threads:
        thread.start()
    assert reading.wait(10)
    go_on.set()
    eventually(lambda: len(found) == 4)

    assert found == [1, 1, 1, 1]
