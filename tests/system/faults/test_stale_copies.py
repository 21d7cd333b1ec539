"""Eventually consistent reads that lag, go back or miss records: nothing is lost by them."""

import json
import random

import pytest

from tests.support import dynamodb_words as words
from tests.support.viewers import Viewer, run

EVENTUALLY_S = 14


class StaleCopies:
    """Gives reads that are not consistent any response that the same read has had before.

    Now and then a record is missing, too. So copies lag, and a later read may see an older state
    than an earlier one.
    """

    def __init__(self, seed):
        self._dice = random.Random(seed)
        self._said = {}
        self.stale = 0

    def __call__(self, call):
        response = call.forward()
        if response.status != 200 or not self._is_eventual(call):
            return response
        asked = json.dumps([call.operation, call.body], sort_keys=True)
        said = self._said.setdefault(asked, [])
        said.append(response)
        chosen = self._dice.choice(said[-8:])
        if self._dice.random() < 0.2:
            chosen = self._with_a_hole(chosen)
        self.stale += chosen is not response
        return chosen

    def _is_eventual(self, call):
        if call.operation == "BatchGetItem":
            (wanted,) = call.body["RequestItems"].values()
            return not wanted.get("ConsistentRead")
        return call.operation in ("Query", "GetItem") and not call.body.get("ConsistentRead")

    def _with_a_hole(self, response):
        body = json.loads(response.body)
        records = body.get("Items")
        if records is None:
            (records,) = body.get("Responses", {"": []}).values()
        if records:
            records.pop(self._dice.randrange(len(records)))
        if "Count" in body:
            body["Count"] = len(records)
        return words.said(200, body)


@pytest.mark.parametrize("seed", range(6))
def test_streams_over_copies_that_lag_get_every_item_once_and_never_end(
    service, wire, publish, make_item, clock, seed
):
    copies = StaleCopies(seed)
    session, headers = service.sign_in()
    created = service.configurations.create(session.user_id, "mine", ["AAPL", "MSFT", "TSLA"])
    path = f"/api/v2/configurations/{created.config_id}/stream"
    items = []
    with wire.fault(copies):
        viewers = [Viewer(service, f"192.0.2.{number}") for number in range(2)]
        own = service.stream(path, **headers)
        own.pull(2)
        run(viewers, clock, 1)
        for burst in (1, 0, 3, 2, 0, 1):
            new = [make_item() for _ in range(burst)]
            items += new
            publish(*new)
            run(viewers, clock, 2)
            own.pull(2)
    run(viewers, clock, EVENTUALLY_S)
    own.pull(10)

    assert copies.stale > 5
    ids = [item.item_id for item in items]
    assert own.items() == ids
    for viewer in viewers:
        assert [json.loads(data)["item_id"] for data in viewer.items()] == ids
        assert "reset" not in {event.type for _, event in viewer.events}
        assert viewer.retries == []
        totals = [json.loads(e.data)["total"] for _, e in viewer.events if e.type == "metrics"]
        assert totals == sorted(totals)


def test_a_table_that_is_slow_to_the_last_moment_loses_nothing(
    service, wire, publish, make_item, clock
):
    def slow(call):
        clock.advance(1.9)
        return call.forward()

    viewer = Viewer(service, "192.0.2.1")
    run([viewer], clock, 2)
    items = [make_item() for _ in range(3)]
    with wire.fault(slow):
        run([viewer], clock, 10)
        publish(*items)
        run([viewer], clock, 20)

    assert [json.loads(data)["item_id"] for data in viewer.items()] == [
        item.item_id for item in items
    ]
    gaps = [
        after - before for before, after in zip(viewer.bytes_at, viewer.bytes_at[1:], strict=False)
    ]
    assert max(gaps) <= 4.0


def test_pages_that_are_cut_at_a_limit_are_read_to_their_end(service, wire, publish, make_item):
    """As DynamoDB cuts them at 1 MB: each page has one record, and says where to go on."""

    def one_record(call):
        response = call.forward()
        body = json.loads(response.body)
        if call.operation != "Query" or len(body.get("Items", [])) < 2:
            return response
        (first, *_) = body["Items"]
        last = {name: first[name] for name in ("PK", "SK")}
        return words.said(
            200, {"Items": [first], "Count": 1, "ScannedCount": 1, "LastEvaluatedKey": last}
        )

    session, headers = service.sign_in()
    for name in ("one", "two", "three"):
        service.configurations.create(session.user_id, name, ["AAPL"])
    opened = service.stream()
    opened.pull(2)
    items = [make_item() for _ in range(5)]
    publish(*items)
    position = opened.decoder.last_event_id
    with wire.fault(one_record):
        listed = service.api("GET", "/api/v2/configurations", **headers).json()
        opened.pull(12)
        returning = service.stream(address="192.0.2.7", last_event_id=position)
        returning.pull(12)

    ids = [item.item_id for item in items]
    assert len(listed["configurations"]) == 3
    assert opened.items() == ids
    assert returning.items() == ids
