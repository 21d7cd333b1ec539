"""Tests that what a client missed comes in pieces of bounded size, and resumes in between."""

import pytest
from stream_function.shared_window import MOST_BYTES, MOST_ITEMS

MISSED = 450
LARGEST_EVENT_BYTES = 12_000


@pytest.fixture
def missed(service, publish, make_item):
    """Returns the position of a client, and the ids of the items that it has missed since."""
    stream = service.stream()
    stream.pull()
    stream.body.close()
    items = [make_item() for _ in range(MISSED)]
    publish(*items)
    return stream.events[-1].id, [item.item_id for item in items]


def test_a_replay_comes_in_pieces_of_bounded_size(service, missed):
    position, wanted = missed
    stream = service.stream(last_event_id=position)
    while len(stream.items()) < len(wanted):
        stream.pull()
    counts = [piece.count(b"event: new_item\n") for piece in stream.pieces]

    assert stream.items() == wanted
    assert 1 < max(counts) <= MOST_ITEMS
    assert max(len(piece) for piece in stream.pieces) <= MOST_BYTES + LARGEST_EVENT_BYTES


def test_large_items_make_smaller_pieces(service, publish, make_item):
    first = service.stream()
    first.pull()
    first.body.close()
    tags = tuple(f"{number:03d}" + "x" * 90 for number in range(100))
    publish(*[make_item(tags=tags) for _ in range(40)])
    stream = service.stream(last_event_id=first.events[-1].id)
    while len(stream.items()) < 40:
        stream.pull()

    largest = max(len(piece) for piece in stream.pieces)
    assert MOST_BYTES < largest <= MOST_BYTES + LARGEST_EVENT_BYTES


def test_a_slow_client_keeps_its_lease_during_a_replay(service, missed, clock):
    """Each piece takes ten seconds to be written."""
    position, wanted = missed
    stream = service.stream(last_event_id=position)
    other = service.stream(address="192.0.2.2")
    other.pull()
    while len(stream.items()) < len(wanted):
        stream.pull()
        clock.advance(10)
        assert service.slots.open_count() >= 1
    stream.pull(3)
    other.body.close()

    assert stream.items() == wanted
    assert service.slots.open_count() == 1


@pytest.mark.parametrize("left_s", [20, 30])
def test_a_replay_that_outlives_its_stream_goes_on_in_the_next_one(service, missed, clock, left_s):
    position, wanted = missed
    received = []
    streams = 0
    while len(received) < len(wanted):
        stream = service.stream(last_event_id=position, left_s=left_s)
        streams += 1
        for _ in range(200):
            try:
                stream.pull()
            except StopIteration:
                break
            clock.advance(10)
        received += stream.items()
        position = stream.events[-1].id
        assert "reset" not in {event.type for event in stream.events}

    assert received == wanted
    assert streams > 1
