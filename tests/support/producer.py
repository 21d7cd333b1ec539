"""Writes items as a producer does by the contract, knowing nothing of streams."""

from collections.abc import Iterable, Sequence
from typing import Any

import boto3

BATCH = 25  # the limit of one BatchWriteItem


def client_at(endpoint_url: str) -> Any:
    """Returns a client of a table on this machine, which accepts any credentials."""
    local = {"endpoint_url": endpoint_url, "region_name": "us-east-1"}
    return boto3.client("dynamodb", **local, aws_access_key_id="any", aws_secret_access_key="any")


def table_client(emulator: Any) -> Any:
    return client_at(emulator.dynamodb_url)


def record(item_id: str, tags: Iterable[str] | None = None, **texts: str) -> dict[str, Any]:
    usual = {"ticker": "AAPL", "sentiment": "neutral", "timestamp": "2026-11-22T12:00:00Z"}
    keys = {"PK": f"ITEM#{item_id}", "SK": "ITEM", "item_id": item_id}
    tagged = {} if tags is None else {"tags": {"L": [{"S": tag} for tag in tags]}}
    return (
        {name: {"S": text} for name, text in (keys | usual | texts).items()}
        | {"score": {"N": "0.5"}}
        | tagged
    )


def put(client: Any, table: str, records: Sequence[dict[str, Any]]) -> None:
    for start in range(0, len(records), BATCH):
        puts = [{"PutRequest": {"Item": each}} for each in records[start : start + BATCH]]
        client.batch_write_item(RequestItems={table: puts})
