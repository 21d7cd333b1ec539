"""Tests what operators see of a stream: log records and metrics."""

import json
from contextlib import suppress
from itertools import pairwise

from tests.support.fakes import failing_while


def test_a_stream_logs_its_opening_and_its_end_and_nothing_for_each_event(
    service, publish, make_item, caplog
):
    stream = service.stream()
    publish(*[make_item() for _ in range(30)])
    stream.drain()
    records = [record for record in caplog.records if record.getMessage().startswith("stream.")]
    opened, closed = records

    assert [record.getMessage() for record in records] == ["stream.opened", "stream.closed"]
    assert (
        opened.connection_id
        == closed.connection_id
        == stream.headers["x-connection-id"][: len(opened.connection_id)]
    )
    assert len(opened.connection_id) < len(
        stream.headers["x-connection-id"]
    )  # anyone who knows the whole id can end the stream
    assert (opened.stream, opened.request_id, closed.reason) == ("global", "request-1", "life")
    assert closed.duration_s >= 240
    assert closed.events["new_item"] == 30


def test_metrics_are_flushed_every_minute_and_at_the_end(
    service, publish, make_item, emitted, clock
):
    stream = service.stream()
    stream.pull(2)
    flushed, documents = [clock()], emitted()
    clock.advance(1)
    publish(make_item(), make_item())
    with suppress(StopIteration):
        while True:
            stream.pull()
            documents += (new := emitted())
            flushed += [clock() for each in new if "EventsSent" in each]
    documents += emitted()

    def total(name):
        return sum(sum(each.get(name, [])) for each in documents)

    assert max(b - a for a, b in pairwise([*flushed, clock()])) <= 60
    assert total("StreamsOpened") == 1
    assert total("StreamsClosed") == 1
    assert total("EventsSent") == len(stream.events)
    assert [each["reason"] for each in documents if "StreamsClosed" in each] == ["life"]
    assert (
        max(max(each["DeliveryLatency"]) for each in documents if "DeliveryLatency" in each)
        <= 2_000
    )
    assert all(each["stream"] == "global" for each in documents)
    assert any(each.get("OpenConnections") == [1] for each in documents)


def test_a_refused_stream_is_counted(make_service, emitted):
    service = make_service(client_connections=1)
    service.stream()
    service.stream()

    assert [each["reason"] for each in emitted() if "StreamsRefused" in each] == ["client-full"]


def test_no_token_reaches_a_log_or_an_error(service, mine, caplog):
    session, headers, _, path = mine
    service.stream(path, **headers).drain()
    service.table._meddle = failing_while(lambda name: True)
    failed = service.stream(path, **headers)

    assert failed.status == 200
    failed.drain()
    assert failed.events == []
    assert session.token not in caplog.text
    assert session.token not in json.dumps(failed.result)
