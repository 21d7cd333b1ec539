"""Streams a CSV file of any size: a page of rows is read, sent, and forgotten."""

import csv
import io
import os
from collections.abc import Iterable, Iterator
from typing import Any

COLUMNS = ("order_id", "ordered_at", "customer", "city", "item", "quantity", "price", "comment")
DEFAULT_ROWS = 1_000_000  # 100 MB
LARGEST_ROWS = 1_900_000  # 190 MB: AWS ends a response at 200 MB
PIECE_BYTES = 65_536
PAGE_ROWS = 1_000


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    parameters = event.get("queryStringParameters") or {}
    try:
        rows = int(parameters.get("rows", DEFAULT_ROWS))
    except ValueError:
        rows = -1
    if not 0 <= rows <= LARGEST_ROWS:
        return problem(f"rows must be a number from 0 to {LARGEST_ROWS}")
    table = os.environ.get("TABLE_NAME")
    pages = pages_of(table_of(table)) if table else made_up_pages(rows)
    return {
        "statusCode": 200,
        "headers": {
            "Content-Type": "text/csv; charset=utf-8",
            "Content-Disposition": 'attachment; filename="orders.csv"',
            "Cache-Control": "no-store",
        },
        "body": csv_pieces(pages),
    }


def problem(text: str) -> dict[str, Any]:
    headers = {"Content-Type": "text/plain; charset=utf-8"}
    return {"statusCode": 400, "headers": headers, "body": f"{text}\n"}


def csv_pieces(pages: Iterable[Iterable[dict[str, Any]]]) -> Iterator[bytes]:
    """Yields the file in pieces of some 64 KB.

    The last line counts the rows. A response that fails midway ends for the client as if it were
    complete, so a file without this line is one that was cut short.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(COLUMNS)
    count = 0
    for page in pages:
        for row in page:
            writer.writerow([row.get(column, "") for column in COLUMNS])
            count += 1
            if buffer.tell() >= PIECE_BYTES:
                yield taken(buffer)
    buffer.write(f"# rows: {count}\r\n")
    yield taken(buffer)


def taken(buffer: io.StringIO) -> bytes:
    """Returns what is in the buffer, and empties it."""
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode()


def made_up_pages(rows: int) -> Iterator[list[dict[str, Any]]]:
    """Yields orders that nobody made, as many as wanted. Only the ids differ between pages."""
    page = [made_up_row(number) for number in range(min(rows, PAGE_ROWS))]
    for first in range(0, rows, PAGE_ROWS):
        yield [
            {**row, "order_id": f"order-{number:09}"}
            for number, row in enumerate(page[: rows - first], first)
        ]


def made_up_row(number: int) -> dict[str, Any]:
    return {
        "order_id": f"order-{number:09}",
        "ordered_at": f"2026-{number % 12 + 1:02}-{number % 28 + 1:02}T12:00:00Z",
        "customer": f"customer-{number * 7919 % 100_000:05}",
        "city": ("Malmö", "Kraków", "Nairobi", "Recife")[number % 4],
        "item": f"item {number % 500:03}",
        "quantity": number % 9 + 1,
        "price": f"{number % 10_000 / 100:.2f}",
        "comment": 'said "today", please' if number % 3 else "leave it at the door",
    }


def table_of(name: str) -> Any:
    """Returns a DynamoDB table."""
    import boto3  # only here, since it costs a cold start a third of a second

    return boto3.resource("dynamodb").Table(name)


def pages_of(table: Any) -> Iterator[list[dict[str, Any]]]:
    """Yields the items of a DynamoDB table, a page (1 MB at most) at a time."""
    arguments: dict[str, Any] = {}
    while True:
        page = table.scan(**arguments)
        yield page["Items"]
        if "LastEvaluatedKey" not in page:
            return
        arguments["ExclusiveStartKey"] = page["LastEvaluatedKey"]
