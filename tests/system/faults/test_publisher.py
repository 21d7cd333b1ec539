"""Every fault of the table, at every call of the publisher: each item comes and counts once."""

import pytest
from dashboard_data import (
    DynamoDbFeed,
    DynamoDbMetrics,
    DynamoDbPublisher,
    Table,
    publisher_backoff,
    scopes_of,
)

from tests.support.dynamodb_wire import PASSING
from tests.support.recount import counts, recount

FAULTS = pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING)
LOST = [name for name in PASSING if name.startswith("done, ")]
OPERATIONS = ("GetItem", "BatchGetItem", "TransactWriteItems")


@pytest.fixture
def publisher(wire, table, clock):
    backoff = publisher_backoff(clock.sleep, lambda: 0.5)
    return DynamoDbPublisher(Table(wire.client, table), clock, backoff)


@pytest.fixture
def assert_clean(client, table, clock):
    """Returns what asserts that the feed has these items, in order, and that metrics count them."""

    def check(items):
        feed = DynamoDbFeed(Table(client, table), clock)
        head = feed.head()
        entries = feed.after(head.cursor._replace(seq=0)).entries
        assert [entry.item.item_id for entry in entries] == [item.item_id for item in items]
        assert all(not entry.uncounted for entry in entries)
        window = DynamoDbMetrics(Table(client, table), clock).window(head.epoch, scopes_of(None))
        assert counts(window.snapshot(clock())) == recount(items, clock())

    return check


class Passing:
    """A fault that is met so many times, and then is over."""

    def __init__(self, fault, times):
        self._fault = fault
        self.left = times

    def __call__(self, call):
        if self.left == 0:
            return call.forward()
        self.left -= 1
        return self._fault(call)


@FAULTS
def test_a_fault_that_passes_costs_time_and_nothing_else(
    publisher, wire, clock, make_item, assert_clean, fault
):
    items = []
    for operation in OPERATIONS:
        batch = [make_item() for _ in range(3)]
        items += batch
        changed = {batch[0].item_id}
        with wire.fault(Passing(fault, 2), operation.__eq__):
            failed = publisher.publish(batch, clock() + 60, changed=changed).failed
        delivered_again = [item for item in batch if item.item_id in failed]
        if delivered_again:
            assert publisher.publish(batch, clock() + 60, changed=changed).failed == {}
    assert_clean(items)


@FAULTS
def test_a_fault_that_lasts_leaves_every_item_to_be_delivered_again(
    publisher, wire, clock, make_item, assert_clean, fault
):
    items = [make_item() for _ in range(3)]
    started_s = clock()
    with wire.fault(fault):
        outcome = publisher.publish(items, clock() + 30)
    assert clock() - started_s <= 30
    assert outcome.uncounted == 0
    if outcome.failed:
        assert publisher.publish(items, clock() + 30).failed == {}
    assert_clean(items)


@pytest.mark.parametrize("name", ["HTML with 502", "500 without a body", *LOST])
def test_what_stands_in_the_way_for_a_moment_fails_no_item(
    publisher, wire, clock, make_item, assert_clean, name
):
    items = [make_item() for _ in range(3)]
    with wire.fault(Passing(PASSING[name], 3), "TransactWriteItems".__eq__):
        assert publisher.publish(items, clock() + 30).failed == {}
    assert_clean(items)
