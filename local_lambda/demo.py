"""A demo producer: a plausible history first, then an item every second or two, with bursts.

`python -m local_lambda.demo --endpoint URL --table NAME`. The one module here that knows the dashboard's item format
(docs/data.md); a program like any other that can write to the table. Imports nothing of the emulator.
"""

import argparse
import random
import sys
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

TICKERS = {"AAPL": 0.62, "AMZN": 0.55, "GOOG": 0.58, "META": 0.45, "MSFT": 0.66, "NVDA": 0.72, "TSLA": 0.38}
TAGS = ("earnings", "guidance", "analyst", "product", "lawsuit", "macro", "insider")
HEADLINES = ("{} beats expectations", "{} under pressure", "Analysts split over {}", "What {} said last night")
HISTORY_ITEMS = 300
HISTORY_HOURS = 6
BURST_CHANCE = 0.06


def item(ticker: str, at: datetime, chance: random.Random) -> dict[str, Any]:
    """One item as a producer writes it, in DynamoDB's own notation."""
    item_id = uuid.UUID(int=chance.getrandbits(128), version=4).hex
    score = min(0.99, max(0.01, chance.gauss(TICKERS[ticker], 0.22)))
    tags = [ticker, *chance.sample(TAGS, chance.choice((0, 1, 1, 2)))]
    return {
        "PK": {"S": f"ITEM#{item_id}"},
        "SK": {"S": "ITEM"},
        "item_id": {"S": item_id},
        "ticker": {"S": ticker},
        "sentiment": {"S": sentiment(score)},
        "score": {"N": f"{score:.2f}"},
        "timestamp": {"S": at.isoformat(timespec="milliseconds").replace("+00:00", "Z")},
        "tags": {"L": [{"S": tag} for tag in tags]},
        "title": {"S": chance.choice(HEADLINES).format(ticker)},
    }


def sentiment(score: float) -> str:
    if score >= 0.6:
        return "positive"
    return "negative" if score < 0.4 else "neutral"


def history(now: datetime, chance: random.Random) -> Iterator[dict[str, Any]]:
    """Items of the last hours, oldest first, denser towards now."""
    ages = sorted((chance.betavariate(1, 1.6) * HISTORY_HOURS for _ in range(HISTORY_ITEMS)), reverse=True)
    for age_hours in ages:
        yield item(chance.choice(tuple(TICKERS)), now - timedelta(hours=age_hours), chance)


def live(chance: random.Random) -> Iterator[tuple[dict[str, Any], float]]:
    """An item and how many intervals to wait after it, for ever."""
    while True:
        burst = chance.random() < BURST_CHANCE
        ticker = chance.choice(tuple(TICKERS))
        for _ in range(chance.randint(5, 20) if burst else 1):
            yield item(ticker, datetime.now(UTC), chance), 0.05 if burst else chance.uniform(0.6, 1.4)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m local_lambda.demo", description=__doc__.splitlines()[0])
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--table", required=True)
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument("--interval", type=float, default=1.5, help="seconds between items, about")
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
        write_history(dynamodb, arguments.table, chance)
        for one, intervals in live(chance):
            dynamodb.put_item(TableName=arguments.table, Item=one)
            time.sleep(intervals * arguments.interval)
    except KeyboardInterrupt:
        return 0
    except (BotoCoreError, ClientError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    return 0


def write_history(dynamodb: Any, table: str, chance: random.Random) -> None:
    items = list(history(datetime.now(UTC), chance))
    for start in range(0, len(items), 25):  # what BatchWriteItem takes at most
        requests = [{"PutRequest": {"Item": one}} for one in items[start : start + 25]]
        while requests:
            answer = dynamodb.batch_write_item(RequestItems={table: requests})
            requests = answer.get("UnprocessedItems", {}).get(table, [])


if __name__ == "__main__":
    sys.exit(main())
