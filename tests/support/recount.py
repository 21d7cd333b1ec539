"""Computes the expected metrics from the items, independently of the code under test."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any


def recount(
    items: Iterable[Any],
    now: float,
    tickers: Collection[str] | None = None,
    minutes_told: int = 60,
) -> dict[str, Any]:
    """Returns the metrics of these items at the moment `now`, in epoch seconds.

    The items come in the order in which they were published: it decides which tags an hour names.
    """
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
        "by_tag": most_frequent(tags_by_name(window, by_ticker=tickers is not None)),
        "rate_last_hour": len(last_hour),
        "rate_last_24h": len(window),
        "minutes": minutes(followed, now, minutes_told),
    }


def minutes(items: Iterable[Any], now: float, count: int = 60) -> dict[str, list[float]]:
    """Returns `minutes` of a `metrics` event, of the last `count` minutes."""
    last = int(now // 60)
    each: dict[int, list[Any]] = {at: [] for at in range(last - count + 1, last + 1)}
    for item in items:
        at = int(datetime.fromisoformat(item.timestamp).timestamp() // 60)
        if at in each:
            each[at].append(item)
    told: dict[str, list[float]] = {
        sentiment: [sum(item.sentiment == sentiment for item in found) for found in each.values()]
        for sentiment in ("positive", "neutral", "negative")
    }
    sums = [sum(Decimal(f"{item.score:.6f}") for item in found) for found in each.values()]
    return told | {"score_sum": [float(score_sum) for score_sum in sums]}


def tags_by_name(items: Iterable[Any], *, by_ticker: bool) -> Counter[str]:
    """Counts tags as docs/data.md has it: an hour of a scope names 500, in 16,000 bytes."""
    hours: dict[tuple[str, str], Counter[str]] = {}
    lengths: Counter[tuple[str, str]] = Counter()
    for item in items:
        at = (item.ticker if by_ticker else "*", item.timestamp[:13])
        named = hours.setdefault(at, Counter())
        for tag in item.tags:
            length = len(tag.encode())
            fits = length <= 100 and len(named) < 500 and lengths[at] + length <= 16_000
            if tag not in named and tag != "(other)" and fits:
                lengths[at] += length
                named[tag] = 0
            named[tag if tag in named else "(other)"] += 1
    return sum(hours.values(), Counter())


def most_frequent(tags: Counter[str]) -> dict[str, int]:
    """Names 50 tags. The tests that use this have short ones, for which an event has room."""
    named = sorted(tags.keys() - {"(other)"}, key=lambda tag: (-tags[tag], tag))[:50]
    shown = {tag: tags[tag] for tag in named}
    rest = tags.total() - sum(shown.values())
    return shown | ({"(other)": rest} if rest else {})


def by_ticker(items: Iterable[Any], now: float) -> list[dict[str, Any]]:
    """Returns what `GET /api/v2/tickers` tells of each ticker, most items first."""
    of: dict[str, list[Any]] = {}
    for item in items:
        of.setdefault(item.ticker, []).append(item)
    told = []
    for ticker, published in of.items():
        figures = recount(published, now)
        sentiments = {name: figures[name] for name in ("positive", "neutral", "negative")}
        each = minutes(published, now, 120)
        by_minute = [
            sum(values)
            for values in zip(each["positive"], each["neutral"], each["negative"], strict=True)
        ]
        told.append(
            {"ticker": ticker, "total": figures["total"]}
            | sentiments
            | {
                "items_by_minute": by_minute[60:],
                "last_hour": sum(by_minute[60:]),
                "hour_before": sum(by_minute[:60]),
            }
        )
    shown = [each for each in told if each["total"]]
    return sorted(shown, key=lambda each: (-each["total"], each["ticker"]))


def topics(items: Iterable[Any], now: float) -> dict[str, int]:
    """Returns `topics`: `by_tag` of items without the tags that name their own ticker."""
    without = [
        replace(item, tags=tuple(tag for tag in item.tags if tag != item.ticker)) for item in items
    ]
    told: dict[str, int] = recount(without, now)["by_tag"]
    return told


def counts(snapshot: dict[str, Any]) -> dict[str, Any]:
    """Returns the metrics without their timestamp."""
    return {name: value for name, value in snapshot.items() if name != "timestamp"}
