"""Tests the door: a few streams open at a time, the others wait for them, and not for ever."""

import threading

import pytest
from stream_function.door import Door, DoorError

from tests.support.waiting import eventually


def test_a_few_are_inside_at_a_time_and_all_get_in():
    door = Door(at_once=2, longest_wait_s=10)
    go = threading.Event()
    inside, through, most = [], [], []
    lock = threading.Lock()

    def enter(number):
        with door.open():
            with lock:
                inside.append(number)
                most.append(len(inside))
            go.wait(10)
            with lock:
                inside.remove(number)
        through.append(number)

    threads = [threading.Thread(target=enter, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    eventually(lambda: len(inside) == 2)
    assert through == []
    go.set()
    for thread in threads:
        thread.join(10)

    assert sorted(through) == list(range(6))
    assert max(most) == 2


def test_who_waits_too_long_is_told_so():
    door = Door(at_once=1, longest_wait_s=0.01)
    with door.open(), pytest.raises(DoorError), door.open():
        pass
    with door.open():  # the place is free again
        pass


def test_an_error_inside_leaves_no_place_taken():
    door = Door(at_once=1, longest_wait_s=0.01)
    with pytest.raises(ValueError, match="inside"), door.open():
        raise ValueError("inside")
    with door.open():
        pass
