"""Tests that no item is lost or doubled while real processes are killed at random."""

import os
import random
import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import requests
from dashboard_data import Cursor, DynamoDbFeed, Item, Table

from local_lambda import Emulator
from tests.support import producer
from tests.support.derived import derived_template
from tests.support.recount import counts, recount
from tests.support.waiting import eventually
from tests.system.chaos.follower import Follower

pytestmark = pytest.mark.e2e
SEED = int(os.environ.get("CHAOS_SEED") or secrets.randbelow(10**6))
ITEMS = 2_000
GLOBAL_STREAMS, CONFIGURATION_STREAMS = 7, 3
TICKERS, FOLLOWED = ("AAPL", "MSFT", "TSLA", "NFLX"), ("AAPL", "TSLA")
SENTIMENTS = ("positive", "neutral", "negative")
LIFE_S, LEASE_S = 5, 8
PUBLISHER_DIES = 0.3
MOST_WAITING = 250  # written items that are not published yet


@pytest.fixture(scope="module")
def emulator(tmp_path_factory):
    template = derived_template(
        tmp_path_factory.mktemp("chaos"), variables={"DASHBOARD_LEASE_S": str(LEASE_S)}
    )
    slots = {
        "MaxConnections": "40",
        "ClientConnections": "40",
    }  # moto is slow to look at many records
    parameters = {"StreamLifeSeconds": str(LIFE_S), **slots}
    with Emulator(template, parameters=parameters) as running:
        yield running


@pytest.fixture(scope="module")
def dynamodb(emulator):
    return producer.table_client(emulator)


def test_every_stream_gets_every_item_once_in_order_whatever_dies(emulator, dynamodb):
    print(f"to see it again: CHAOS_SEED={SEED}")  # pytest shows this when the test fails
    dice = random.Random(SEED)
    items = [_item(number, dice) for number in range(ITEMS)]
    written = []
    everything, configured = _open_streams(emulator)
    for follower in (
        everything + configured
    ):  # a stream without a position has missed nothing when the first item comes
        follower.wait_for("heartbeat")
    with ThreadPoolExecutor(2) as deliveries:
        while len(written) < ITEMS:
            written += (
                burst := items[len(written) : len(written) + dice.choice([1, 25, 100, 200])]
            )
            _write(emulator, dynamodb, burst, again=dice.random() < 0.3)
            deliveries.submit(
                _deliver_again, emulator, [dice.choice(written) for _ in range(dice.randrange(30))]
            )
            for _ in range(dice.randrange(3)):
                time.sleep(dice.uniform(0, 0.5))
                _kill_somebody(emulator, dice)
            _wait_for(emulator, dynamodb, len(written) - MOST_WAITING)
    _wait_for(emulator, dynamodb, ITEMS)

    order = _feed(emulator, dynamodb)
    assert sorted(order) == sorted(item.item_id for item in items)
    for followers, tickers in ((everything, None), (configured, FOLLOWED)):
        wanted = [
            item_id for item_id in order if tickers is None or item_id.partition("-")[0] in tickers
        ]
        for follower in followers:
            calmly(
                lambda follower=follower, wanted=wanted: len(follower.item_ids()) >= len(wanted),
                within_s=20,
            )
            assert follower.item_ids() == wanted
            assert not follower.of_type("reset")
            assert len({event.id for event in follower.events}) == len(follower.events)
            assert follower.connections > 1

            def last_metrics(follower=follower):
                return follower.of_type("metrics")[-1]

            calmly(
                lambda read=last_metrics, tickers=tickers: _counted(read(), items, tickers),
                within_s=10,
            )
    assert _counted(_get(emulator, "api/v2/metrics"), items)
    assert sum(follower.cuts for follower in everything + configured) > 2
    _check_that_the_slots_come_back(emulator, everything + configured)


def _check_that_the_slots_come_back(emulator, followers):
    """Slots free themselves after all clients left silently and all environments died."""
    for follower in followers:
        follower.leave()
    for environment in emulator.environments("StreamFunction"):
        emulator.kill_environment(environment["pid"])
    assert _get(emulator, "api/v2/stream/status")["connections"] > 0
    within_s = LEASE_S + 2 * LIFE_S  # a stream that had just begun may live on
    calmly(lambda: _get(emulator, "api/v2/stream/status")["connections"] == 0, within_s)
    for follower in followers:
        follower.wait()


def calmly(attempt, within_s):
    """Waits like `eventually`, but longer, for a busy machine."""
    return eventually(lambda: attempt() or time.sleep(0.3), within_s)


def _item(number, dice):
    ticker = dice.choice(TICKERS)
    late = dice.random() < 0.01  # each further hour costs moto two more updates
    moment = datetime.now(UTC) - timedelta(seconds=dice.randrange(26 * 3600) if late else 0)
    return Item(
        item_id=f"{ticker}-{number}",
        ticker=ticker,
        tags=tuple(dice.sample(["chips", "cloud", "cars"], dice.randrange(3))) or (ticker,),
        sentiment=dice.choice(SENTIMENTS),
        score=0.5,
        timestamp=moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    )


def _record(item):
    texts = {name: getattr(item, name) for name in ("ticker", "sentiment", "timestamp")}
    return producer.record(item.item_id, item.tags, **texts)


def _change(item, number):
    """Returns the record as the table's stream has it."""
    record = _record(item)
    keys = {name: record[name] for name in ("PK", "SK")}
    change = {"Keys": keys, "NewImage": record, "SequenceNumber": str(number)}
    return {"eventName": "INSERT", "eventSource": "aws:dynamodb", "dynamodb": change}


def _open_streams(emulator):
    fronts = [emulator.dashboard_url.rstrip("/"), emulator.url("stream").rstrip("/")]
    token = requests.post(f"{fronts[0]}/api/v2/auth/anonymous", timeout=20).json()["token"]
    signed_in = {"Authorization": f"Bearer {token}"}
    sent = {"name": "chaos", "tickers": list(FOLLOWED)}
    created = requests.post(
        f"{fronts[0]}/api/v2/configurations", json=sent, headers=signed_in, timeout=20
    ).json()
    one = f"/api/v2/configurations/{created['config_id']}/stream"
    everything = [
        Follower(f"{fronts[n % 2]}/api/v2/stream", {}, SEED + 10 + n) for n in range(GLOBAL_STREAMS)
    ]
    configured = [
        Follower(fronts[n % 2] + one, signed_in, SEED + 50 + n)
        for n in range(CONFIGURATION_STREAMS)
    ]
    return everything, configured


def _write(emulator, dynamodb, burst, again):
    producer.put(dynamodb, emulator.table, [_record(item) for item in burst])
    if again:
        dynamodb.put_item(TableName=emulator.table, Item=_record(burst[0]))


def _kill_somebody(emulator, dice):
    """Kills at the pace of the items, so that a slow machine suffers no more than a fast one."""
    known = [each for each in emulator.environments() if each["pid"]]
    living = [each for each in known if each["state"] in ("busy", "starting")]
    publishers = [each for each in living if each["logical_id"] == "PublishFunction"]
    streams = [each for each in living if each["logical_id"] == "StreamFunction"]
    if victims := publishers if publishers and dice.random() < PUBLISHER_DIES else streams:
        emulator.kill_environment(dice.choice(victims)["pid"])


def _deliver_again(emulator, items):
    """Delivers the records of the table's stream again, reordered, and some of them twice."""
    emulator.invoke(
        "PublishFunction", {"Records": [_change(item, n) for n, item in enumerate(items)]}
    )


def _head(emulator, dynamodb):
    return DynamoDbFeed(Table(dynamodb, emulator.table), time.time).head()


def _wait_for(emulator, dynamodb, published):
    calmly(lambda: _head(emulator, dynamodb).seq >= published, within_s=40)


def _feed(emulator, dynamodb):
    """Returns the ids of all items, in the order of the table."""
    feed = DynamoDbFeed(Table(dynamodb, emulator.table), time.time)
    cursor = Cursor(_head(emulator, dynamodb).epoch, 0)
    order = []
    while (page := feed.after(cursor)).entries:
        cursor = page.cursor
        order += [entry.item.item_id for entry in page.entries]
    return order


def _counted(snapshot, items, tickers=None):
    """Tells whether this `metrics` equals a recount of the items at its own moment."""
    moment = datetime.fromisoformat(snapshot["timestamp"]).timestamp()
    shown = {
        name: value
        for name, value in snapshot.items()
        if name not in ("recent_items", "items_by_minute")
    }
    told = len(snapshot["minutes"]["positive"])
    return counts(shown) == recount(items, moment, tickers, minutes_told=told)


def _get(emulator, path):
    return requests.get(emulator.dashboard_url + path, timeout=20).json()
