"""Tests that streams of a process share what is the same for all, and that nothing is mixed up."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from dashboard_data import Cursor
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stream_function.outage import TableUnreadableError
from stream_function.shared_events import SharedEvents
from stream_function.shared_window import SharedWindows

from tests.support.fakes import NOON, TableError
from tests.support.minutes import KnownMinutes
from tests.support.recount import minutes, recount

ADDRESSES = [f"192.0.2.{number}" for number in range(1, 9)]


def opened(service, count, **headers):
    streams = [service.stream(address=address, **headers) for address in ADDRESSES[:count]]
    for stream in streams:
        stream.pull(2)
    return streams


def reads(service, name="query"):
    return [call for call, _ in service.table.calls].count(name)


def metrics_of(stream, start=0):
    return [json.loads(event.data) for event in stream.events[start:] if event.type == "metrics"]


def test_what_several_streams_send_is_encoded_once_and_written_at_once(service, publish, make_item):
    streams = opened(service, 4)
    publish(make_item(), make_item())
    for stream in streams:
        stream.pull()
    first, *others = [stream.pieces[-1] for stream in streams]
    items, metrics = first.split(b"event: metrics\n")

    assert items.count(b"event: new_item\n") == 2
    assert metrics.count(b"\n\n") == 1
    assert others == [first] * 3


def test_ids_are_unique_in_each_stream_though_streams_share_them(service, publish, make_item):
    streams = opened(service, 3)
    for _ in range(40):
        publish(make_item())
        for stream in streams:
            stream.pull(2)
    ids = [[event.id for event in stream.events] for stream in streams]

    assert all(len(set(each)) == len(each) for each in ids)
    assert set(ids[0]) & set(ids[1])


def test_streams_that_open_while_others_run_read_no_hourly_records(service, publish, make_item):
    publish(make_item())
    first = opened(service, 1)[0]
    service.table.calls.clear()
    more = [service.stream(address=address) for address in ADDRESSES[1:6]]
    for stream in more:
        stream.pull()
    scopes = [
        arguments
        for name, arguments in service.table.calls
        if ":scope" in arguments.get("ExpressionAttributeValues", {})
    ]

    assert scopes == []
    assert [metrics_of(stream)[0]["total"] for stream in [first, *more]] == [1] * 6


def test_a_window_that_may_miss_an_item_is_not_taken_over(service, publish, make_item):
    """The older stream has not been told of the item yet, which the newer one begins after."""
    older = opened(service, 1)[0]
    publish(make_item())
    newer = opened(service, 2)[1]

    assert metrics_of(newer)[0]["total"] == 1
    assert metrics_of(older)[-1]["total"] == 0
    assert older.pull_until("metrics")["total"] == 1


def test_an_old_window_is_read_again_by_who_opens_and_taken_over_by_the_others(
    make_service, clock, client, table, publish, make_item
):
    """Somebody has changed a record meanwhile, by hand: that shows within minutes."""
    service = make_service(stream_life_s=3_000)
    publish(make_item(sentiment="neutral"))
    older = service.stream(left_s=4_000)
    older.pull(3)
    changed = {":one": {"N": "1"}}
    (record,) = client.query(
        TableName=table,
        KeyConditionExpression="PK = :scope",
        ExpressionAttributeValues={":scope": {"S": scope_partition(service)}},
    )["Items"]
    client.update_item(
        TableName=table,
        Key={"PK": record["PK"], "SK": record["SK"]},
        UpdateExpression="ADD neutral :one",
        ExpressionAttributeValues=changed,
    )
    until = clock() + 310
    while clock() < until:
        older.pull()
    newer = service.stream(address="192.0.2.9")
    newer.pull()
    older.pull(70)

    assert metrics_of(newer)[0]["total"] == 2
    assert metrics_of(older)[-1]["total"] == 2


def scope_partition(service):
    return f"METRICS#{service.feed.head().epoch}#*"


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["pull", "publish", "late item", "open", "close", "time"]),
        st.integers(0, 3),
    ),
    min_size=10,
    max_size=50,
)


@pytest.fixture
def published():
    """Returns the list of all items in the table, in their order."""
    return []


def dated(moment_s):
    return datetime.fromtimestamp(moment_s, UTC).isoformat().replace("+00:00", "Z")


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_whatever_other_streams_do_each_client_gets_all_items_and_true_metrics(
    make_service, clock, make_item, publish, published, steps
):
    """Some streams are pulled more often than others, and so are further ahead."""
    service = make_service(stream_life_s=10_000, lease_s=10_000)
    streams = {}

    def tell(stream, knows, told):
        for metrics in metrics_of(stream, told):
            knows.hear(metrics)
        return len(stream.events)

    for step, number in steps:
        match step:
            case "publish" | "late item":
                late_s = 0 if step == "publish" else 600
                moment = dated(clock() - late_s)
                item = make_item(timestamp=moment)
                publish(item)
                published.append(item)
            case "open" if number not in streams:
                stream = service.stream(address=ADDRESSES[number], left_s=20_000)
                stream.pull()
                streams[number] = [stream, KnownMinutes(), 0, len(published)]
            case "close" if number in streams:
                streams.pop(number)[0].body.close()
            case "time":
                clock.advance((number + 1) * 7)
            case "pull" if number in streams:
                stream, knows, told, _ = streams[number]
                stream.pull(2)
                streams[number][2] = tell(stream, knows, told)
    for stream, knows, told, start in streams.values():
        stream.pull(8)
        tell(stream, knows, told)
        last = metrics_of(stream)[-1]
        moment = datetime.fromisoformat(last["timestamp"]).timestamp()
        assert stream.items() == [item.item_id for item in published[start:]]
        assert last["total"] == recount(published, moment)["total"]
        assert knows.shown(moment) == minutes(published, moment)
    service.close()


# --- one read of the records for all that open together


class Gate:
    """Metrics whose read waits until it is let go."""

    def __init__(self, error=None):
        self.reads = 0
        self.begun = threading.Event()
        self.let_go = threading.Event()
        self._error = error

    def records(self, epoch, scope):
        self.reads += 1
        self.begun.set()
        assert self.let_go.wait(10)
        if self._error:
            raise self._error
        return iter([])


def result_of(steps):
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


@pytest.mark.parametrize("error", [None, TableError("InternalServerError")])
def test_streams_that_open_together_wait_for_one_read_and_share_its_failure(error):
    gate = Gate(error)
    windows = SharedWindows(gate, SharedEvents(), lambda: NOON)

    def join(seq):
        try:
            return result_of(windows.joined(Cursor("e", seq), ("*",)))
        except TableUnreadableError as failure:
            return failure.__cause__

    with ThreadPoolExecutor(8) as threads:
        first = threads.submit(join, 5)
        assert gate.begun.wait(10)
        others = [threads.submit(join, seq) for seq in (5, 5, 4, 0, 5)]
        threading.Timer(0.1, gate.let_go.set).start()
        results = [each.result(10) for each in [first, *others]]

    assert gate.reads == 1
    assert all(each is results[0] for each in results)
    assert (results[0] is error) == (error is not None)


def test_a_read_that_began_before_a_position_was_known_is_not_shared():
    gate = Gate()
    windows = SharedWindows(gate, SharedEvents(), lambda: NOON)
    earlier = windows.joined(Cursor("e", 5), ("*",))
    gate.let_go.set()
    next(earlier)  # between two pages
    later = result_of(windows.joined(Cursor("e", 6), ("*",)))

    assert gate.reads == 2
    assert not result_of(earlier).serves(Cursor("e", 6))
    assert later.serves(Cursor("e", 6))


# --- metrics of the process


def test_the_latency_of_an_item_is_measured_once_for_a_process(
    service, publish, make_item, emitted, clock
):
    streams = opened(service, 4)
    clock.advance(1)
    publish(make_item(), make_item())
    for stream in streams:
        stream.pull(3)
    service.close()
    documents = emitted()

    def total(name):
        return sum(sum(each.get(name, [])) for each in documents)

    assert sum(len(each.get("DeliveryLatency", [])) for each in documents) == 2
    assert total("StreamsOpened") == total("StreamsClosed") == 4
    assert total("EventsSent") == sum(len(stream.events) for stream in streams)
    assert len([each for each in documents if "StreamDuration" in each]) == 4
