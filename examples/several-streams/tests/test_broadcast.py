"""Many listeners and one source, in this process; nothing is served."""

import queue
import threading

import app
import broadcast
import pytest
from broadcast import Broadcast, Item, Missed


class Source:
    """A source that says what a test says, and counts how often it was opened."""

    def __init__(self):
        self.opened = 0
        self._said = queue.SimpleQueue()

    def __call__(self):
        self.opened += 1
        while True:
            value = self._said.get(timeout=5)
            if isinstance(value, Exception):
                raise value
            if value is None:
                return
            yield value

    def say(self, value):
        self._said.put(value)


@pytest.fixture
def source():
    source = Source()
    yield source
    source.say(None)  # ends its thread


def next_of(listening):
    """Returns the next item; None is yielded while there is none."""
    return next(item for item in listening if item is not None)


def begun(listening):
    """Lets a listener take its place, before anything was said."""
    assert next(listening) is None
    return listening


@pytest.fixture(autouse=True)
def short_waits(monkeypatch):
    monkeypatch.setattr(broadcast, "WAIT_S", 0.01)


def test_all_listeners_get_each_item_of_a_source_that_is_read_once(source):
    shared = Broadcast(source)
    listeners = [begun(shared.listen()) for _ in range(20)]

    source.say("a")
    assert {next_of(each) for each in listeners} == {Item(1, "a")}
    source.say("b")
    assert {next_of(each) for each in listeners} == {Item(2, "b")}
    assert (source.opened, shared.listeners) == (1, 20)


def test_one_that_comes_back_gets_what_is_still_there(source):
    shared = Broadcast(source)
    first = begun(shared.listen())
    for value in "abc":
        source.say(value)
        next_of(first)

    second = shared.listen(after=1)
    assert [next_of(second), next_of(second)] == [Item(2, "b"), Item(3, "c")]


def test_one_that_is_too_slow_is_told_how_much_it_has_missed(source):
    shared = Broadcast(source, kept=2)
    slow, quick = begun(shared.listen()), begun(shared.listen())
    for value in "abcde":
        source.say(value)
        next_of(quick)

    assert [next_of(slow), next_of(slow), next_of(slow)] == [Missed(3), Item(4, "d"), Item(5, "e")]


def test_a_number_that_is_not_ours_is_the_latest(source):
    shared = Broadcast(source)
    listener = begun(shared.listen(after=99))

    source.say("a")
    assert next_of(listener) == Item(1, "a")


def test_a_failure_reaches_every_listener_and_the_next_one_opens_the_source_again(source):
    shared = Broadcast(source)
    listeners = [begun(shared.listen()) for _ in range(3)]

    source.say(ValueError("broken"))
    for each in listeners:
        with pytest.raises(ValueError, match="broken"):
            next_of(each)
    assert shared.listeners == 0
    again = begun(shared.listen())
    source.say("a")
    assert (next_of(again), source.opened) == (Item(1, "a"), 2)


def test_a_source_that_ends_ends_every_stream(source):
    shared = Broadcast(source)
    listener = begun(shared.listen())

    source.say(None)
    with pytest.raises(RuntimeError, match="has ended"):
        next_of(listener)


def test_the_reader_ends_when_nobody_listens(source):
    shared = Broadcast(source)
    listener = begun(shared.listen())
    (reader,) = [thread for thread in threading.enumerate() if "_read" in thread.name]

    listener.close()
    source.say("for nobody")
    reader.join(timeout=5)
    assert not reader.is_alive()


@pytest.mark.parametrize("text", [None, "", "-1", "²", "x", "9" * 50])
def test_an_id_that_is_no_number_of_ours_means_from_now_on(text):
    assert app.number_in(text) is None
