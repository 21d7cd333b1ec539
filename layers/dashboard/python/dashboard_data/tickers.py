"""Which tickers have the most items, and which topics are there besides? Pure.

The record of all tickers says for each hour which tickers it counted. What it does not name, since
an hour names only so many or older code counted it, is among the others.
"""

from collections import Counter
from collections.abc import Iterable
from heapq import nsmallest
from typing import Any, NamedTuple

from dashboard_data.hourly import OTHER_TAGS, HourlyMetrics
from dashboard_data.packed import TickerSplit, ticker_split

MOST_TICKERS_SHOWN = 20
HOURS_OF_A_TREND = 3  # two times 60 minutes lie in the current clock hour and the two before it


class Ranking(NamedTuple):
    """The tickers with the most items, those first; the number of all others' items; topics."""

    tickers: dict[str, TickerSplit]
    others: int
    topics: Counter[str]


def ranked(hours: Iterable[HourlyMetrics]) -> Ranking:
    """Adds up hours of all tickers. Of tickers with as many items those come first by name."""
    total = 0
    packed: Counter[str] = Counter()
    topics: Counter[str] = Counter()
    for hourly in hours:
        total += hourly.total
        packed.update(hourly.tickers)
        topics.update(hourly.topics())
    splits = {name: ticker_split(each) for name, each in packed.items() if name != OTHER_TAGS}
    most = nsmallest(MOST_TICKERS_SHOWN, splits, key=lambda name: (-splits[name].total, name))
    tickers = {name: splits[name] for name in most}
    return Ranking(tickers, total - sum(split.total for split in tickers.values()), topics)


def shown_ticker(ticker: str, split: TickerSplit, by_minute: list[int]) -> dict[str, Any]:
    """Returns what is shown of a ticker. `by_minute`: the items of its last 120 minutes."""
    half = len(by_minute) // 2
    return {
        "ticker": ticker,
        "total": split.total,
        "positive": split.positive,
        "neutral": split.neutral,
        "negative": split.negative,
        "items_by_minute": by_minute[half:],
        "last_hour": sum(by_minute[half:]),
        "hour_before": sum(by_minute[:half]),
    }
