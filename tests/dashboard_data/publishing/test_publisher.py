"""Tests that the table ends up as after one clean run, whatever fails, repeats or dies."""

import pytest
from dashboard_data import (
    DynamoDbFeed,
    DynamoDbMetrics,
    DynamoDbPublisher,
    Table,
    publisher_backoff,
    scopes_of,
)

from local_lambda.programs.moto_process import LARGEST_ITEM_BYTES, item_bytes
from tests.support.fakes import Crash, MeddledClient, TableError, failing_at, preceded_at
from tests.support.recount import counts, recount

CANCELLED = "TransactionCanceledException"


@pytest.fixture
def batch(make_item):
    hours = [8, 9, 10, 11, 8, 9]
    return [
        make_item(tags=("a", f"t{hour}"), timestamp=f"2026-11-22T{hour:02d}:10:00Z")
        for hour in hours
    ]


@pytest.fixture
def publisher_of(client, table, clock):
    def build(meddle=None, sleep=clock.sleep, random=lambda: 0.5):
        meddled = MeddledClient(client, meddle)
        return DynamoDbPublisher(
            Table(meddled, table), clock, publisher_backoff(sleep, random)
        ), meddled

    return build


def run(publisher, items, clock, seconds=60):
    return publisher.publish(items, clock() + seconds)


def state(client, table, clock):
    """Returns all that a reader can see: the feed, and the metrics of all scopes."""
    feed = DynamoDbFeed(Table(client, table), clock)
    head = feed.head()
    entries = feed.after(head.cursor._replace(seq=0)).entries
    assert [entry.seq for entry in entries] == list(range(1, head.seq + 1))
    metrics = DynamoDbMetrics(Table(client, table), clock)
    windows = {
        scope: metrics.window(head.epoch, (scope,)) for scope in ("*", "AAPL", "MSFT", "TSLA")
    }
    snapshots = {scope: counts(window.snapshot(clock())) for scope, window in windows.items()}
    return [entry.item for entry in entries], snapshots


def assert_clean(client, table, clock, items):
    published, metrics = state(client, table, clock)
    assert sorted(published, key=lambda item: item.item_id) == sorted(
        items, key=lambda item: item.item_id
    )
    assert metrics["*"] == recount(items, clock())
    for ticker in ("AAPL", "MSFT", "TSLA"):
        assert metrics[ticker] == recount(items, clock(), [ticker])


def test_a_clean_run_takes_one_transaction(client, table, clock, batch, publisher_of):
    publisher, meddled = publisher_of()
    assert run(publisher, batch, clock).published == 6
    assert [name for name, _ in meddled.calls].count("transact_write_items") == 1
    assert_clean(client, table, clock, batch)


def test_a_batch_that_is_delivered_again_changes_nothing(client, table, clock, batch, publisher_of):
    publisher, _ = publisher_of()
    run(publisher, batch, clock)
    before = state(client, table, clock)
    outcome = run(publisher, batch[::-1], clock)
    assert (outcome.published, outcome.duplicates, outcome.failed) == (0, 6, {})
    assert state(client, table, clock) == before


def test_a_batch_that_overlaps_publishes_what_is_new(client, table, clock, batch, publisher_of):
    publisher, _ = publisher_of()
    run(publisher, batch[2:4], clock)
    outcome = run(publisher, batch, clock)
    assert (outcome.published, outcome.duplicates) == (4, 2)
    assert_clean(client, table, clock, batch)


def test_one_id_twice_in_a_batch_is_one_item(client, table, clock, batch, publisher_of):
    publisher, _ = publisher_of()
    outcome = run(publisher, [batch[0], batch[1], batch[0]], clock)
    assert (outcome.published, outcome.duplicates) == (2, 1)
    assert_clean(client, table, clock, batch[:2])


def test_an_item_that_is_written_again_keeps_its_place(
    client, table, clock, batch, publisher_of, make_item
):
    publisher, _ = publisher_of()
    run(publisher, batch, clock)
    run(publisher, [make_item(item_id=batch[0].item_id, sentiment="negative")], clock)
    assert_clean(client, table, clock, batch)


@pytest.mark.parametrize("after_it_took_effect", [False, True])
@pytest.mark.parametrize("at", range(1, 7))
def test_a_crash_at_any_call_is_healed_by_the_next_delivery(
    client, table, clock, batch, publisher_of, at, after_it_took_effect
):
    dying, meddled = publisher_of(
        failing_at(at, Crash(), after_it_took_effect=after_it_took_effect)
    )
    if at <= 5:  # get_item, put_item, get_item, batch_get_item, transact_write_items
        with pytest.raises(Crash):
            run(dying, batch, clock)
    else:
        run(dying, batch, clock)
        assert len(meddled.calls) == 5
    surviving, _ = publisher_of()
    assert run(surviving, batch, clock).failed == {}
    assert_clean(client, table, clock, batch)


@pytest.mark.parametrize(
    "error",
    [
        TableError("ThrottlingException"),
        TableError("InternalServerError"),
        TableError(CANCELLED, ["None", "TransactionConflict"]),
        TableError(CANCELLED, ["ThrottlingError", "None"]),
        ConnectionError("the response was lost"),
    ],
)
@pytest.mark.parametrize("after_it_took_effect", [False, True])
@pytest.mark.parametrize("at", range(1, 6))
def test_an_error_at_any_call_is_healed_by_trying_again(
    client, table, clock, batch, publisher_of, at, after_it_took_effect, error
):
    publisher, _ = publisher_of(failing_at(at, error, after_it_took_effect=after_it_took_effect))
    assert run(publisher, batch, clock).failed == {}
    assert_clean(client, table, clock, batch)


@pytest.mark.parametrize("at", range(1, 6))
@pytest.mark.parametrize("theirs", [slice(0, 6), slice(0, 3), slice(4, 6), slice(0, 0)])
def test_a_concurrent_run_before_any_call_leaves_one_clean_state(
    client, table, clock, batch, publisher_of, make_item, at, theirs
):
    other, _ = publisher_of()
    extra = make_item(ticker="TSLA", tags=("other",))
    publisher, _ = publisher_of(preceded_at(at, lambda: run(other, [extra, *batch[theirs]], clock)))
    assert run(publisher, batch, clock).failed == {}
    assert_clean(client, table, clock, [*batch, extra])


def test_two_runs_that_keep_overtaking_each_other_both_get_through(
    client, table, clock, publisher_of, make_item
):
    mine, theirs = [make_item() for _ in range(3)], [make_item() for _ in range(5)]
    other, _ = publisher_of()
    left = list(theirs)

    def overtake(number, name, call):
        if name == "transact_write_items" and left:
            run(other, [left.pop()], clock)
        return call()

    publisher, _ = publisher_of(overtake)
    assert run(publisher, mine, clock).failed == {}
    assert_clean(client, table, clock, mine + theirs)


def test_pauses_grow_and_are_cut_at_random(clock, batch, publisher_of):
    pauses = []

    def sleep(seconds):
        pauses.append(seconds)
        clock.advance(seconds)

    conflict = TableError(CANCELLED, ["TransactionConflict"])

    def always(number, name, call):
        if name == "transact_write_items":
            raise conflict
        return call()

    publisher, _ = publisher_of(always, sleep, random=lambda: 1.0)
    outcome = run(publisher, batch, clock)
    assert set(outcome.failed) == {item.item_id for item in batch}
    assert set(outcome.failed.values()) == {CANCELLED}
    assert pauses[:4] == [0.05, 0.1, 0.2, 0.4]
    assert max(pauses) == 2.0


def test_what_there_is_no_time_for_is_reported_and_not_lost(
    client, table, clock, publisher_of, make_item
):
    items = [make_item() for _ in range(100)]

    def slow(number, name, call):
        clock.advance(3)
        return call()

    publisher, _ = publisher_of(slow)
    outcome = run(publisher, items, clock, seconds=10)
    assert set(outcome.failed.values()) == {"out of time"}
    assert 0 < outcome.published < 100
    assert outcome.published + len(outcome.failed) == 100
    again, _ = publisher_of()
    assert run(again, items, clock).failed == {}
    assert_clean(client, table, clock, items)


def test_an_item_that_the_table_refuses_stops_none_of_the_others(
    client, table, clock, batch, publisher_of
):
    poison = batch[2].item_id

    def refuse(number, name, call):
        if name == "transact_write_items" and poison in str(meddled.calls[-1]):
            raise TableError("ValidationException")
        return call()

    publisher, meddled = publisher_of(refuse)
    assert run(publisher, batch, clock).failed == {poison: "ValidationException"}
    assert_clean(client, table, clock, [item for item in batch if item.item_id != poison])


def test_a_cancellation_that_nothing_can_be_learnt_from_is_a_failure(clock, batch, publisher_of):
    def refuse(number, name, call):
        if name == "transact_write_items":
            raise TableError(CANCELLED, ["ItemCollectionSizeLimitExceeded"])
        return call()

    publisher, _ = publisher_of(refuse)
    assert len(run(publisher, batch, clock).failed) == 6


def snapshot_of(client, table, clock, tickers=None):
    head = DynamoDbFeed(Table(client, table), clock).head()
    metrics = DynamoDbMetrics(Table(client, table), clock)
    return metrics.window(head.epoch, scopes_of(tickers)).snapshot(clock())


def put_full_record(client, table, epoch, scope="*", hour="2026-11-22T12"):
    """Puts an hourly record as an older version may have left it: with no byte to spare."""
    tags = {f"tag#{number:04d}{'x' * 90}": {"N": "1"} for number in range(4_090)}
    keys = {"PK": {"S": f"METRICS#{epoch}#{scope}"}, "SK": {"S": hour}}
    record = keys | tags | {"seq": {"N": "1"}, "neutral": {"N": "4090"}}
    room = LARGEST_ITEM_BYTES - item_bytes(record) - len("tag#") - 2
    client.put_item(TableName=table, Item=record | {"tag#" + "y" * room: {"N": "1"}})


def test_a_record_that_an_older_version_has_filled_stops_nothing(
    client, table, clock, feed, publish, publisher_of, make_item
):
    publish(make_item(ticker="MSFT"))
    put_full_record(client, table, feed.head().epoch)
    items = [
        make_item(ticker="AAPL", tags=tuple(f"{number}-{each}" for each in range(100)))
        for number in range(48)
    ]
    publisher, _ = publisher_of()
    outcome = run(publisher, [*items, make_item(ticker="AAPL")], clock)
    assert (outcome.published, outcome.failed) == (49, {})
    assert (outcome.uncounted, outcome.uncountable) == (49, {("*", "2026-11-22T12")})
    assert snapshot_of(client, table, clock, ["AAPL"])["total"] == 49
    assert snapshot_of(client, table, clock)["total"] == 4090  # as the full record has it


def test_distinct_tags_without_end_stop_nothing(client, table, clock, publisher_of, make_item):
    """48 items of 100 tags each, then an ordinary one."""
    items = [
        make_item(ticker="AAPL", tags=tuple(f"{number}-{each}-{'x' * 60}" for each in range(100)))
        for number in range(48)
    ]
    ordinary = make_item(ticker="AAPL")
    publisher, _ = publisher_of()
    for number in range(0, 48, 12):
        outcome = run(publisher, items[number : number + 12], clock)
        assert (outcome.failed, outcome.uncounted) == ({}, 0)
    assert run(publisher, [ordinary], clock).published == 1
    for tickers in (None, ["AAPL"]):
        snapshot = snapshot_of(client, table, clock, tickers)
        assert snapshot["total"] == 49
        assert len(snapshot["by_tag"]) == 51
        assert sum(snapshot["by_tag"].values()) == 4801
    for record in client.scan(TableName=table)["Items"]:
        assert item_bytes(record) < 40_000


def refusing_to_count(scope, client_of, error):
    """Lets transactions fail that write an hourly record of this scope."""

    def meddle(number, name, call):
        actions = client_of().calls[-1][1].get("TransactItems", [])
        counted = [
            action.get("Update", {}).get("Key", {}).get("PK", {}).get("S", "").endswith(scope)
            for action in actions
        ]
        if any(counted):
            raise error(counted)
        return call()

    return meddle


def cancelled_there(counted):
    return TableError(CANCELLED, ["ValidationError" if each else "None" for each in counted])


def refused_as_a_whole(_counted):
    return TableError("ValidationException")


@pytest.mark.parametrize("error", [cancelled_there, refused_as_a_whole])
@pytest.mark.parametrize("scope", ["#*", "#MSFT"])
def test_an_hour_that_cannot_be_counted_keeps_no_other_from_being_counted(
    client, table, clock, batch, publisher_of, scope, error
):
    publisher, meddled = publisher_of(refusing_to_count(scope, lambda: meddled, error))
    outcome = run(publisher, batch, clock)
    assert (outcome.published, outcome.failed) == (6, {})
    published, metrics = state(client, table, clock)
    assert published == batch
    refused = {"#*": "*", "#MSFT": "MSFT"}[scope]
    assert {each for each, _ in outcome.uncountable} == {refused}
    for ticker in {"AAPL", "MSFT", "TSLA"} - {refused}:
        assert metrics[ticker] == recount(batch, clock(), [ticker])
    if refused != "*":
        assert metrics["*"] == recount(batch, clock())
        assert outcome.uncounted == sum(item.ticker == refused for item in batch)
    assert metrics[refused]["total"] == 0


def test_what_a_record_does_not_count_is_not_counted_in_memory_either(
    client, table, clock, batch, publisher_of, feed
):
    start = feed.head().cursor
    window = DynamoDbMetrics(Table(client, table), clock).window(start.epoch, ("*",))
    publisher, meddled = publisher_of(refusing_to_count("#*", lambda: meddled, cancelled_there))
    run(publisher, batch[:3], clock)
    healthy, _ = publisher_of()
    run(healthy, batch[3:], clock)
    for entry in feed.after(start).entries:
        window.apply(entry)
    assert window.snapshot(clock()) == snapshot_of(client, table, clock)
    assert window.snapshot(clock())["total"] == 3


def test_an_hourly_record_that_nobody_can_read_stops_nothing(
    client, table, clock, feed, publish, publisher_of, make_item
):
    publish(make_item())
    broken = {"PK": {"S": f"METRICS#{feed.head().epoch}#AAPL"}, "SK": {"S": "2026-11-22T12"}}
    client.put_item(TableName=table, Item=broken | {"seq": {"N": "1"}, "minute#xx": {"N": "1"}})
    publisher, _ = publisher_of()
    outcome = run(publisher, [make_item(ticker="AAPL"), make_item(ticker="MSFT")], clock)
    assert (outcome.published, outcome.uncounted) == (2, 1)
    assert snapshot_of(client, table, clock)["total"] == 3


def test_an_item_that_changes_is_published_only_if_it_never_was(
    client, table, clock, batch, publisher_of
):
    publisher, meddled = publisher_of()
    run(publisher, batch[:3], clock)
    meddled.calls.clear()
    outcome = publisher.publish(batch, clock() + 60, changed=[item.item_id for item in batch])
    assert (outcome.published, outcome.duplicates, outcome.failed) == (3, 3, {})
    assert_clean(client, table, clock, batch)
    written = [arguments for name, arguments in meddled.calls if name == "transact_write_items"]
    assert len(written) == 1
    again = publisher.publish(batch, clock() + 60, changed=[item.item_id for item in batch])
    assert (again.published, again.duplicates) == (0, 6)


def test_an_item_that_changes_costs_a_read_and_no_write(clock, batch, publisher_of):
    publisher, meddled = publisher_of()
    run(publisher, batch, clock)
    meddled.calls.clear()
    publisher.publish(batch, clock() + 60, changed={item.item_id for item in batch})
    assert [name for name, _ in meddled.calls] == ["batch_get_item"]


@pytest.mark.parametrize(
    ("days", "inserted", "changed"), [(6.9, 0, 0), (7.1, 1, 0), (399, 1, 0), (500, 1, 0)]
)
def test_the_same_id_is_a_new_item_after_seven_days_if_it_is_inserted_and_never_if_it_changes(
    client, clock, table, publish, publisher_of, make_item, days, inserted, changed
):
    item = make_item()
    publish(item)
    clock.advance(days * 24 * 3600)
    publisher, _ = publisher_of()
    assert publisher.publish([item], clock() + 60, changed=[item.item_id]).published == changed
    assert publisher.publish([item], clock() + 60).published == inserted


def test_a_mark_of_an_older_version_holds_until_it_is_gone(
    client, clock, table, publisher_of, make_item
):
    item = make_item()
    mark = {"PK": {"S": f"ITEM#{item.item_id}"}, "SK": {"S": "PUBLISHED"}, "seq": {"N": "1"}}
    client.put_item(TableName=table, Item=mark)
    publisher, _ = publisher_of()
    assert publisher.publish([item], clock() + 60).published == 0
    assert publisher.publish([item], clock() + 60, changed=[item.item_id]).published == 0


def test_several_transactions_of_one_batch_read_the_table_once(
    client, table, clock, publisher_of, make_item
):
    items = [make_item() for _ in range(200)]
    publisher, meddled = publisher_of()
    run(publisher, items[:1], clock)
    meddled.calls.clear()
    run(publisher, items, clock)
    names = [name for name, _ in meddled.calls]
    assert names.count("transact_write_items") == 6  # the first is cancelled by the mark
    assert names.count("get_item") == 2
    assert names.count("batch_get_item") == 2
    assert_clean(client, table, clock, items)


def test_every_record_has_its_time_to_live(client, table, clock, batch, publisher_of):
    publisher, _ = publisher_of()
    run(publisher, batch, clock)
    records = client.scan(TableName=table)["Items"]
    ends = {
        record["SK"]["S"]: int(record["expires_at"]["N"])
        for record in records
        if "expires_at" in record
    }
    lifetimes = {name: at - int(clock()) for name, at in ends.items()}
    assert lifetimes["000000000001"] == 24 * 3600
    assert lifetimes["PUBLISHED"] == 400 * 24 * 3600
    assert lifetimes["2026-11-22T08"] == (26 + 1 - 4) * 3600
    assert [record["SK"]["S"] for record in records if "expires_at" not in record] == ["HEAD"]


def test_publishing_nothing_asks_for_nothing(clock, publisher_of):
    publisher, meddled = publisher_of()
    assert run(publisher, [], clock).published == 0
    assert meddled.calls == []
