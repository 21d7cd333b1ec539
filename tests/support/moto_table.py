"""Provides one moto for all tests, and one table for each test."""

import threading
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import boto3
import pytest
from dashboard_data import DynamoDbFeed, DynamoDbPublisher, Item, Table, publisher_backoff
from dashboard_data.times import utc_text
from moto import mock_aws

from local_lambda.programs.moto_process import correct_moto
from tests.support.fakes import FakeClock

KEYS = (("PK", "HASH"), ("SK", "RANGE"))


class OneCallAtATime:
    """A client of moto whose calls wait for each other, also those of different threads.

    moto has no lock: a transaction that fails would undo what another thread wrote meanwhile.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._lock = threading.Lock()

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._client, name)
        if not callable(attribute):
            return attribute

        def call(*positional: Any, **named: Any) -> Any:
            with self._lock:
                return attribute(*positional, **named)

        return call


@pytest.fixture(scope="session")
def client() -> Iterator[Any]:
    """Returns a client of moto, corrected as in the emulator: closer to DynamoDB, and quicker."""
    correct_moto()
    with mock_aws():
        yield OneCallAtATime(
            boto3.client(
                "dynamodb",
                region_name="eu-central-1",
                aws_access_key_id="none",
                aws_secret_access_key="none",
            )
        )


@pytest.fixture(scope="session")
def new_table(client: Any) -> Callable[[], str]:
    numbers = count(1)

    def create() -> str:
        name = f"table-{next(numbers)}"
        client.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": each, "KeyType": kind} for each, kind in KEYS],
            AttributeDefinitions=[
                {"AttributeName": each, "AttributeType": "S"} for each, _ in KEYS
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        return name

    return create


@pytest.fixture
def table(new_table: Callable[[], str]) -> str:
    return new_table()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def feed(client: Any, table: str, clock: FakeClock) -> DynamoDbFeed:
    return DynamoDbFeed(Table(client, table), clock)


@pytest.fixture
def publisher(client: Any, table: str, clock: FakeClock) -> DynamoDbPublisher:
    return DynamoDbPublisher(
        Table(client, table), clock, publisher_backoff(clock.sleep, lambda: 0.5)
    )


@pytest.fixture
def publish(publisher: DynamoDbPublisher, clock: FakeClock) -> Callable[..., None]:
    def publish_items(*items: Item) -> None:
        assert publisher.publish(items, clock() + 60).failed == {}

    return publish_items


@pytest.fixture
def make_item(clock: FakeClock) -> Callable[..., Item]:
    numbers = count(1)

    def make(**changed: Any) -> Item:
        number = next(numbers)
        fields = {
            "item_id": f"item-{number}",
            "ticker": ("AAPL", "MSFT", "TSLA")[number % 3],
            "sentiment": ("positive", "neutral", "negative")[number % 3],
            "score": 0.25,
            "timestamp": utc_text(clock()),
            "written_at": clock(),
        } | changed
        fields.setdefault("tags", (fields["ticker"],))
        return Item(**fields)

    return make
