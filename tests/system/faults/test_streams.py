"""Every fault of the table, at every operation of a stream: it goes on, and nothing is lost."""

import re

import pytest

from tests.support.dynamodb_wire import PASSING
from tests.support.viewers import Viewer, run

# docs/contract.md: others who are faster at every try are a 503, and no fault of the table.
OTHERS = "cancelled TransactionConflict"
MET = {name: fault for name, fault in PASSING.items() if name != OTHERS}
FAULTS = pytest.mark.parametrize("fault", MET.values(), ids=MET)
OPERATIONS = ("GetItem", "TransactWriteItems", "UpdateItem", "BatchGetItem", "Query")


@FAULTS
def test_open_streams_and_those_that_open_get_every_item_once(
    service, wire, publish, make_item, clock, fault
):
    """A stream is open when the fault begins, one opens meanwhile, and one comes back."""
    open_before = Viewer(service, "192.0.2.1")
    run([open_before], clock, 1)
    items = [make_item()]
    publish(*items)
    run([open_before], clock, 4)
    assert item_ids(open_before) == ["item-1"]
    opens_meanwhile = Viewer(service, "192.0.2.2")
    returns = Viewer(service, "192.0.2.3")
    returns.last_event_id = open_before.stream.decoder.last_event_id
    viewers = [open_before, opens_meanwhile, returns]
    with wire.fault(fault):
        run(viewers, clock, 3)
        items.append(make_item())
        publish(items[-1])  # by somebody whose connection is sound
        run(viewers, clock, 6)
    run(viewers, clock, 14)
    items.append(make_item())
    publish(items[-1])
    run(viewers, clock, 2)

    ids = [item.item_id for item in items]
    assert item_ids(open_before) == ids
    assert item_ids(returns) == ids[1:]
    assert item_ids(opens_meanwhile) in (ids[1:], ids[2:])
    for viewer in viewers:
        assert not {"reset", "failure"} & {event.type for _, event in viewer.events}
        assert all(5_000 <= retry_ms <= 15_000 for _, retry_ms in viewer.retries)


@FAULTS
def test_whatever_operation_fails_while_a_stream_opens_it_is_200(
    service, wire, publish, make_item, fault
):
    publish(make_item())
    session, headers = service.sign_in()
    created = service.configurations.create(session.user_id, "mine", ["AAPL"])
    path = f"/api/v2/configurations/{created.config_id}/stream"
    for operation in OPERATIONS:
        with wire.fault(fault, operation.__eq__):
            met = service.stream(path, **headers)
            assert met.status == 200, (operation, met.result)
            met.pull()
        assert b"event: failure" not in met.text
        if hasattr(met.body, "close"):
            met.body.close()
        again = service.stream(path, **headers)
        assert again.pull(), operation
        again.body.close()


@FAULTS
def test_slots_are_free_again_whatever_failed_while_they_were_given_back(
    service, wire, clock, fault
):
    stream = service.stream()
    stream.pull(2)
    with wire.fault(fault):
        stream.body.close()
    other = service.stream(address="192.0.2.9")
    other.pull(10)  # each call also gives back a slot that was left over

    assert service.slots.open_count() == 1


def item_ids(viewer):
    return [re.search(r'"item_id":"([^"]+)"', data)[1] for data in viewer.items()]
