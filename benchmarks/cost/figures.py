"""The other figures of docs/cost.md: those that stand in sentences.

Each has the words that it stands with in the document, and its dollars. A test finds the words and
compares the amounts behind them, in their order.
"""

from dataclasses import replace

from benchmarks.cost.model import Assumptions, gb_hour, instance_month, on_instances, standard
from benchmarks.cost.peers import METRICS_CALL, Peers, break_even, fargate
from benchmarks.cost.prices import GB, MONTH_S, price
from benchmarks.cost.units import (
    KB,
    Units,
    ending,
    index_reads,
    opening,
    read_units,
    refusal,
    survey,
)

MILLION = 1_000_000
KEPT_DAYS = 400  # marks of published items
TICKERS_OF_BATCH = 4
BATCH = 20
ALARMS = 29
METRICS = 36


def producing(batch: int, tickers: int, all_kb: float, ticker_kb: float) -> float:
    """Returns dollars for producing a million items.

    `batch`: items in one transaction; `all_kb`, `ticker_kb`: sizes of the hourly records of all
    tickers and of one ticker.
    """
    item = Units(writes=1 + 2 + 2)  # itself, its mark, its feed entry
    records = 2 * all_kb + tickers * 2 * ticker_kb
    reads = 1 + read_units(all_kb * KB) + tickers * read_units(ticker_kb * KB)
    of_batch = Units(reads=reads, writes=2 + records)
    return item.times(MILLION).dollars + of_batch.times(MILLION / batch).dollars


def _lambda_s(seconds: float, memory_mb: int = 128) -> float:
    return seconds / 3_600 * gb_hour(memory_mb, "arm64")


def replay() -> dict[str, float]:
    """Returns dollars for a thousand replays of 10,000 items, by what they are for."""
    return {
        "table": Units(reads=400).dollars * 1_000,
        "lambda": _lambda_s(14) * 1_000,
        "data": 3e6 * 1_000 / GB * price("data out"),
    }


def _rest() -> dict[str, list[float]]:
    a = Assumptions()
    usual = [producing(BATCH, TICKERS_OF_BATCH, 3, 2), producing(1, 1, 3, 2)]
    large = [producing(BATCH, TICKERS_OF_BATCH, 33, 24), producing(1, 1, 33, 24)]
    marks = MILLION * 200 / GB * KEPT_DAYS / 30.4 * price("table storage")
    publishing = MILLION / 10 * (price("lambda request") + _lambda_s(0.2))
    return {
        "producing 1 million items": usual,
        "the same while producers invent tags": large,
        "marks of published items": [price("table storage"), marks],
        "1 million changes": [0.5 * MILLION * price("read unit")],
        "invocations of `publish`": [publishing],
        "REST API: each opened stream": [a.openings * price("rest api request")],
        "Function URL instead": [0],
        "alarms (": [price("alarm"), ALARMS * price("alarm")],
        "the service's metrics": [price("metric"), METRICS * price("metric")],
        "a record in the log": [price("logs"), MILLION * 400 / GB * price("logs")],
        "the CloudWatch dashboard": [price("dashboard")],
        "So an idle stack costs": [
            ALARMS * price("alarm"),
            ALARMS * price("alarm") + METRICS * price("metric") + price("dashboard"),
        ],
    }


def _calls() -> dict[str, list[float]]:
    served = Assumptions().served
    stream = ending() + opening(served)
    of_user = ending(user=True) + opening(served, user=True)
    return {
        "A million of each, beside": [
            price("rest api request") * MILLION,
            price("lambda request") * MILLION,
            _lambda_s(0.05) * MILLION,
        ],
        "a new anonymous session": [Units(writes=1).for_a_million],
        "any call with a token": [Units(reads=1).for_a_million],
        "a goodbye by connection id": [Units(writes=2).for_a_million],
        "a goodbye by the client's own key": [Units(writes=3).for_a_million],
        "a stream that opens and closes": [stream.for_a_million, of_user.for_a_million],
        "a refused stream": [
            refusal(served).for_a_million,
            refusal(served, waits=True).for_a_million,
        ],
        "`GET /api/v2/metrics` |": [METRICS_CALL.for_a_million],
        "`GET /api/v2/metrics?ticker=`": [Units(reads=5 * 25 + 20 + 1).for_a_million],
    }


def _prose() -> dict[str, list[float]]:
    a = Assumptions()
    replays = replay()
    of_all = sum(replays.values())
    of_day = 100 * 86_400 / 14 / 1_000 * of_all
    rest_calls = 100 * MONTH_S
    return {
        "A hundred around the clock cost": [standard(a).total],
        "One `c7g.large` costs": [instance_month("c7g.large")],
        "10,000 items of 300 bytes": [replays["table"], replays["lambda"], replays["data"]],
        "So a thousand replays": [of_all],
        "around the clock, cost about": [of_day],
        "In a whole month those are": [rest_calls * price("rest api request")],
        "A ceiling of 1,000 read": [Units(reads=1_000 * MONTH_S).dollars],
    }


def amounts() -> dict[str, list[float]]:
    """Returns dollars by the words that stand before them in the document."""
    return _rest() | _calls() | _prose()


def counts() -> dict[str, float]:
    """Returns the document's figures that are no dollars, by the words around them.

    `{}` is the figure's place.
    """
    a = Assumptions()
    two = replace(a, instances=1)
    waited = index_reads(100) + 6 * survey(100, 100).reads
    always = standard(a).total
    return {
        "A month has {} million seconds": MONTH_S / 1e6,
        "{} times as much as a small container": always / fargate(a).total,
        "From about {} viewers who never leave": break_even(standard, on_instances, a) or 0,
        "Break-even: about {} viewers": break_even(standard, on_instances, a) or 0,
        "against three `c7g.large`, {} against one": break_even(standard, on_instances, two) or 0,
        "a container is cheaper from {} viewers": break_even(standard, fargate, a) or 0,
        "is late, {} s on average": Peers().polling_s / 2,
        "up to {} read units when 100 streams are open": waited,
        "In a whole month those are {} million": 100 * MONTH_S / 1e6,
    }
