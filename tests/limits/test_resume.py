"""How long does a client that missed five hundred items wait for them? Through real sockets."""

import json
import time
from contextlib import contextmanager

import boto3
import pytest
import requests
from dashboard_data import DynamoDbFeed
from event_stream import Decoder

from local_lambda import Emulator
from tests.limits.derived import ROOT
from tests.waiting import eventually

pytestmark = pytest.mark.e2e
MISSED = 500


@pytest.fixture(scope="module")
def emulator():
    with Emulator(ROOT / "template.yaml") as running:
        yield running


@contextmanager
def opened(emulator, last_event_id=""):
    """The events of a new stream, one by one. It says goodbye, so that its environment is there for the next."""
    headers = {"Last-Event-ID": last_event_id} if last_event_id else {}
    with requests.get(f"{emulator.url('stream')}api/v2/stream", headers=headers, stream=True, timeout=20) as response:
        decoder, chunks = Decoder(), response.iter_content(None)
        yield (event for chunk in chunks for event in decoder.feed(chunk))
        connection_id = response.headers["X-Connection-Id"]
        requests.post(f"{emulator.dashboard_url}api/v2/stream/connections/{connection_id}/close", timeout=20)
        for _ in chunks:
            pass


def table_client(emulator):
    local = {"endpoint_url": emulator.dynamodb_url, "region_name": "us-east-1"}
    return boto3.client("dynamodb", **local, aws_access_key_id="any", aws_secret_access_key="any")


def record(item_id):
    texts = {"PK": f"ITEM#{item_id}", "SK": "ITEM", "item_id": item_id, "ticker": "AAPL", "sentiment": "neutral"}
    texts["timestamp"] = "2026-11-22T12:00:00Z"
    return {name: {"S": value} for name, value in texts.items()} | {"score": {"N": "0.5"}}


def resumed(emulator, position):
    """The items that a client gets which comes back, and how long the last of them took."""
    started_at, item_ids = time.monotonic(), []
    with opened(emulator, position) as stream:
        while len(item_ids) < MISSED:
            event = next(stream)
            if event.type == "new_item":
                item_ids.append(json.loads(event.data)["item_id"])
        return item_ids, time.monotonic() - started_at


def test_five_hundred_missed_items_come_within_a_second_of_reconnecting(emulator):
    client, missed = table_client(emulator), [f"item-{number}" for number in range(MISSED)]
    with opened(emulator) as stream:
        position = next(stream).id
    for start in range(0, MISSED, 25):
        puts = [{"PutRequest": {"Item": record(item_id)}} for item_id in missed[start : start + 25]]
        client.batch_write_item(RequestItems={emulator.table: puts})
    feed = DynamoDbFeed(client, emulator.table, time.time)
    eventually(lambda: feed.head().seq == MISSED or time.sleep(0.3), 60)
    attempts = [resumed(emulator, position) for _ in range(5)]  # this machine may have other things to do

    assert all(sorted(item_ids) == sorted(missed) for item_ids, _ in attempts)
    assert min(took_s for _, took_s in attempts) < 1
