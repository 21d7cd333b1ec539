"""Writes a history of demo items at once, then further items as time passes.

There are quiet minutes, busy minutes and bursts. Run it with
`python -m local_lambda.programs.demo --endpoint URL --table NAME`. This is the only module here
that knows the dashboard's item format (docs/data.md). Imports nothing of the emulator.
"""

import argparse
import math
import random
import sys
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

# For each ticker its share of the items and its mean score.
TICKERS = {
    "NVDA": (31, 0.68),
    "TSLA": (24, 0.41),
    "AAPL": (16, 0.60),
    "MSFT": (11, 0.64),
    "AMZN": (8, 0.55),
    "META": (6, 0.44),
    "GOOG": (4, 0.57),
}
TAGS = {
    "earnings": 34,
    "product": 22,
    "analyst": 16,
    "guidance": 11,
    "macro": 8,
    "lawsuit": 6,
    "insider": 3,
}
HEADLINES = (
    "{} beats expectations",
    "{} under pressure",
    "Analysts split over {}",
    "What {} said last night",
)
LAST_HOUR = timedelta(hours=1)  # as dense as the items that follow
EARLIER = timedelta(hours=5)
EARLIER_PACE = 0.04
BURST_CHANCE = 0.02
INTERVAL_S = 1.5


def item(ticker: str, at: datetime, chance: random.Random) -> dict[str, Any]:
    """Returns an item as a producer writes it, in DynamoDB's own notation."""
    item_id = uuid.UUID(int=chance.getrandbits(128), version=4).hex
    _, mean = TICKERS[ticker]
    # The mood changes within an hour or two.
    mood = 0.13 * math.sin(at.timestamp() / 900 + mean * 40)
    score = min(0.99, max(0.01, chance.gauss(mean + mood, 0.19)))
    count = chance.choice((0, 1, 1, 2))
    tags = dict.fromkeys(chance.choices(tuple(TAGS), tuple(TAGS.values()), k=count))
    return {
        "PK": {"S": f"ITEM#{item_id}"},
        "SK": {"S": "ITEM"},
        "item_id": {"S": item_id},
        "ticker": {"S": ticker},
        "sentiment": {"S": sentiment(score)},
        "score": {"N": f"{score:.2f}"},
        "timestamp": {"S": at.isoformat(timespec="milliseconds").replace("+00:00", "Z")},
        "tags": {"L": [{"S": tag} for tag in (ticker, *tags)]},
        "title": {"S": chance.choice(HEADLINES).format(ticker)},
    }


def sentiment(score: float) -> str:
    if score >= 0.6:
        return "positive"
    return "negative" if score < 0.4 else "neutral"


def pace(at: datetime) -> float:
    """Returns the number of items for each interval, which differs from minute to minute."""
    minute = at.timestamp() / 60
    return 0.46 + 0.16 * math.sin(minute / 3.1) + 0.12 * math.sin(minute / 1.2)


def story(
    start: datetime, interval_s: float, chance: random.Random
) -> Iterator[tuple[datetime, dict[str, Any]]]:
    """Yields items from `start` on and their moments, without end.

    Now and then there is a burst of items with the same ticker.
    """
    at = start
    shares = [share for share, _ in TICKERS.values()]
    while True:
        (ticker,) = chance.choices(tuple(TICKERS), shares)
        count = chance.randint(4, 12) if chance.random() < BURST_CHANCE else 1
        for left in reversed(range(count)):
            yield at, item(ticker, at, chance)
            intervals = chance.uniform(0.05, 0.4) if left else chance.uniform(0.6, 1.4) / pace(at)
            at += timedelta(seconds=interval_s * intervals)


def history(
    now: datetime, chance: random.Random, interval_s: float = INTERVAL_S
) -> Iterator[dict[str, Any]]:
    """Yields the items of the last hours, oldest first: few at first, then a usual hour."""
    last_hour = now - LAST_HOUR
    earlier = story(last_hour - EARLIER, interval_s / EARLIER_PACE, chance)
    yield from _until(last_hour, earlier)
    yield from _until(now, story(last_hour, interval_s, chance))


def _until(
    end: datetime, written: Iterator[tuple[datetime, dict[str, Any]]]
) -> Iterator[dict[str, Any]]:
    for at, one in written:
        if at >= end:
            return
        yield one


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m local_lambda.programs.demo", description="Writes demo items into a table."
    )
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--table", required=True)
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument(
        "--interval", type=float, default=INTERVAL_S, help="seconds between items in a busy minute"
    )
    arguments = parser.parse_args()
    dynamodb = boto3.client(
        "dynamodb",
        endpoint_url=arguments.endpoint,
        region_name=arguments.region,
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    chance = random.Random()
    try:
        now = datetime.now(UTC)
        write_history(dynamodb, arguments.table, history(now, chance, arguments.interval))
        for at, one in story(now, arguments.interval, chance):
            time.sleep(max(0.0, (at - datetime.now(UTC)).total_seconds()))
            dynamodb.put_item(TableName=arguments.table, Item=one)
    except KeyboardInterrupt:
        return 0
    except (BotoCoreError, ClientError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    return 0


def write_history(dynamodb: Any, table: str, items: Iterator[dict[str, Any]]) -> None:
    while batch := list(islice(items, 25)):  # BatchWriteItem accepts no more
        requests = [{"PutRequest": {"Item": one}} for one in batch]
        while requests:
            response = dynamodb.batch_write_item(RequestItems={table: requests})
            requests = response.get("UnprocessedItems", {}).get(table, [])


if __name__ == "__main__":
    sys.exit(main())
