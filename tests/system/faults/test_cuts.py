"""A stream that is cut at any byte, and resumed: nothing is lost, and nothing comes twice."""

from functools import cache

import pytest
from event_stream import Decoder

from tests.support.viewers import Viewer, run

CONFIGURED = ("AAPL", "TSLA")


def items_of(events):
    return [event.data for event in events if event.type == "new_item"]


@pytest.fixture(params=["global", "configuration"])
def path_and_headers(request, service):
    if request.param == "global":
        return "/api/v2/stream", {}
    session, headers = service.sign_in()
    created = service.configurations.create(session.user_id, "mine", list(CONFIGURED))
    return f"/api/v2/configurations/{created.config_id}/stream", headers


def recorded(service, path, headers, publish, make_item, clock):
    """Returns the bytes of a stretch of a stream with events of every kind but `failure`."""
    stream = service.stream(path, last_event_id="made-up", **headers)  # so it begins with a reset
    stream.pull(2)
    for burst in (1, 3, 0, 4):
        publish(*[make_item() for _ in range(burst)])
        clock.advance(6)
        stream.pull(6)
    service.close()
    return stream.text


def test_cut_at_every_byte_and_resumed_every_item_comes_once(
    service, path_and_headers, publish, make_item, clock
):
    path, headers = path_and_headers
    text = recorded(service, path, headers, publish, make_item, clock)
    everything = items_of(Decoder().feed(text))
    assert len(everything) >= 5

    @cache
    def resumed(last_event_id):
        stream = service.stream(path, last_event_id=last_event_id, **headers)
        stream.pull(4)
        stream.body.close()
        assert all(event.type != "reset" for event in stream.events)
        return items_of(stream.events)

    ids = set()
    for cut in range(len(text) + 1):
        decoder = Decoder()
        got = items_of(decoder.feed(text[:cut]))
        if decoder.last_event_id:  # before the first whole event a client has no position
            ids.add(decoder.last_event_id)
            got += resumed(decoder.last_event_id)
            assert got == everything, cut
        else:
            assert got == []
    assert len(ids) > len(everything)


def test_a_stream_that_is_cut_within_its_first_event_has_missed_nothing_by_then(
    service, publish, make_item, clock
):
    """It has no position, so it begins anew: with the metrics that count what came before."""
    publish(*[make_item() for _ in range(3)])
    viewer = Viewer(service, "192.0.2.1")
    run([viewer], clock, 2)
    metrics = [event for _, event in viewer.events if event.type == "metrics"]

    assert '"total":3' in metrics[0].data
    assert viewer.items() == []
