"""Tests that one record which somebody has damaged is missing, and breaks no response.

The fuzz target `stored_records` tries any damage; these are the kinds of records, one by one.
"""

import pytest
from dashboard_data import DynamoDbFeed, Table
from dashboard_data.dynamodb import key_of
from dashboard_data.feed.head import TRIES

from tests.support.functions import CONFIGURATIONS

DAMAGES = {
    "no item": lambda record: record.pop("item"),
    "not JSON": lambda record: record.update(item={"S": "{"}),
    "a list": lambda record: record.update(item={"S": "[]"}),
    "no text": lambda record: record.update(item={"N": "1"}),
    "tags that are none": lambda record: record.update(
        item={"S": record["item"]["S"].replace('"tags":["', '"tags":7,"x":["')}
    ),
    "no end": lambda record: record.update(expires_at={"L": []}),
}


@pytest.fixture
def damage(client, table):
    """Changes one record in the table. `kind` is how its partition begins, `within` how it ends."""

    def damage(kind, change, sort="", within=""):
        found = client.scan(TableName=table)["Items"]
        record = next(
            each
            for each in sorted(found, key=key_of)
            if each["PK"]["S"].startswith(kind)
            and each["PK"]["S"].endswith(within)
            and each["SK"]["S"].startswith(sort)
        )
        change(record)
        client.put_item(TableName=table, Item=record)

    return damage


@pytest.mark.parametrize("change", DAMAGES.values(), ids=DAMAGES)
@pytest.mark.parametrize("asked", [{}, {"query": {"ticker": "AAPL"}}], ids=["all", "one ticker"])
def test_of_recent_items_the_damaged_one_is_missing(api, publish, make_item, damage, change, asked):
    items = [make_item(ticker="AAPL") for _ in range(3)]
    publish(*items)
    damage("FEED#", change, sort="000000000002")
    response = api("GET", "/api/v2/metrics", **asked)

    assert response.status == 200
    shown = [each["item_id"] for each in response.json()["recent_items"]]
    assert shown == [items[2].item_id, items[0].item_id]


@pytest.mark.parametrize("path", ["/api/v2/metrics", "/api/v2/tickers"])
@pytest.mark.parametrize("name", ["seq", "positive"])
def test_a_damaged_hour_breaks_neither_metrics_nor_tickers(
    api, publish, make_item, damage, path, name
):
    publish(make_item(ticker="AAPL"))
    for kind in ("*", "AAPL"):
        damage("METRICS#", lambda record: record.update({name: {"S": "x"}}), within=f"#{kind}")

    assert api("GET", path).status == 200


def test_of_configurations_the_damaged_one_is_missing_and_is_not_found(api, service, damage):
    session, headers = service.sign_in()
    made = [service.configurations.create(session.user_id, name, ["AAPL"]) for name in "abc"]
    lost = made[1].config_id
    damage("USER#", lambda record: record.pop("tickers"), sort=f"CONFIG#{lost}")
    response = api("GET", CONFIGURATIONS, **headers)

    assert response.status == 200
    listed = {each["config_id"] for each in response.json()["configurations"]}
    assert listed == {each.config_id for each in made} - {lost}
    assert api("GET", f"{CONFIGURATIONS}/{lost}", **headers).status == 404


@pytest.mark.parametrize("name", ["user_id", "expires_at"])
def test_a_session_whose_record_is_damaged_is_none(api, service, damage, name):
    _, headers = service.sign_in()
    damage("SESSION#", lambda record: record.update({name: {"L": []}}))

    assert api("GET", CONFIGURATIONS, **headers).status == 401


@pytest.mark.parametrize("path", ["/api/v2/metrics", "/api/v2/tickers", "/health"])
def test_a_damaged_head_is_an_outage(api, publish, make_item, damage, path):
    publish(make_item())
    damage("FEED", lambda record: record.pop("secret"), sort="HEAD")

    assert api("GET", path).status == 503


def test_whoever_asks_for_it_is_told_of_each_unreadable_record(
    client, table, clock, publish, make_item, damage
):
    publish(make_item(), make_item())
    damage("FEED#", lambda record: record.pop("item"))
    told = []
    feed = DynamoDbFeed(Table(client, table, unreadable=told.append), clock)

    assert len(feed.recent(feed.head().cursor, 20)) == 1
    assert told == ["FEED"]


@pytest.mark.parametrize("path", ["/api/v2/metrics", "/health"])
def test_a_head_that_is_never_kept_is_an_outage_and_no_loop(api, service, path):
    """So it is behind something that says 200 and `{}` to everything."""
    asked = []

    def say_nothing(number, name, call):
        asked.append(name)
        assert len(asked) < 50, "it asks without end"
        return {}

    service.table._meddle = say_nothing

    assert api("GET", path).status == 503
    assert asked == ["get_item", "put_item"] * TRIES
