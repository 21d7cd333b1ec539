"""Reads what has been published, as the truth that clients are compared with."""

import time
from typing import Any

from dashboard_data import Cursor, DynamoDbFeed, Table


def published(dynamodb: Any, table: str) -> list[str]:
    """Returns the ids of all published items, in the feed's order."""
    feed = DynamoDbFeed(Table(dynamodb, table), time.time)
    cursor = Cursor(feed.head().epoch, 0)
    order: list[str] = []
    while (page := feed.after(cursor)).entries:
        cursor = page.cursor
        order += [entry.item.item_id for entry in page.entries]
    return order
