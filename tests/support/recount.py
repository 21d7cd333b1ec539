"""Computes the expected metrics from the items, independently of the code under test."""

from collections import Counter
from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any


def recount(
    items: Iterable[Any], now: float, tickers: Collection[str] | None = None
) -> dict[str, Any]:
    """Returns the metrics of these items at the moment `now`, in epoch seconds."""
    this_minute = datetime.fromtimestamp(now, UTC).replace(second=0, microsecond=0)
    this_hour = this_minute.replace(minute=0)
    followed = [item for item in items if tickers is None or item.ticker in tickers]
    moments = {item: datetime.fromisoformat(item.timestamp) for item in followed}
    window = [
        item
        for item, moment in moments.items()
        if this_hour - timedelta(hours=23) <= moment < this_hour + timedelta(hours=1)
    ]
    last_hour = [
        item
        for item, moment in moments.items()
        if this_minute - timedelta(minutes=59) <= moment < this_minute + timedelta(minutes=1)
    ]
    sentiments = Counter(item.sentiment for item in window)
    return {
        "total": len(window),
        "positive": sentiments["positive"],
        "neutral": sentiments["neutral"],
        "negative": sentiments["negative"],
        "by_tag": dict(Counter(tag for item in window for tag in item.tags)),
        "rate_last_hour": len(last_hour),
        "rate_last_24h": len(window),
    }


def counts(snapshot: dict[str, Any]) -> dict[str, Any]:
    """Returns the metrics without their timestamp."""
    return {name: value for name, value in snapshot.items() if name != "timestamp"}
