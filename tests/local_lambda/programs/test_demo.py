"""Tests the items that the demo writes."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import takewhile

import pytest

from local_lambda.programs import demo


def test_the_demo_writes_what_a_producer_writes():
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    items = list(demo.history(now, random.Random(1)))
    assert len({item["item_id"]["S"] for item in items}) == len(items) > 200
    stamps = [item["timestamp"]["S"] for item in items]
    assert stamps == sorted(stamps)
    for item in items:
        assert item["PK"]["S"] == f"ITEM#{item['item_id']['S']}"
        assert item["sentiment"]["S"] in ("positive", "neutral", "negative")
        assert 0 <= float(item["score"]["N"]) <= 1
        assert item["timestamp"]["S"].endswith("Z")


def test_the_demo_has_an_hour_behind_it_with_quiet_and_busy_minutes_that_goes_on():
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    stamps = [item["timestamp"]["S"] for item in demo.history(now, random.Random(1))]
    minutes = Counter(stamp[:16] for stamp in stamps if stamp >= "2026-11-22T11:00")
    story = takewhile(
        lambda each: each[0] < now + timedelta(hours=1), demo.story(now, 1.5, random.Random(2))
    )

    assert len(minutes) > 55
    assert max(minutes.values()) > 5 * min(minutes.values())
    assert sum(minutes.values()) == pytest.approx(len(list(story)), rel=0.2)
    assert max(stamps) < now.isoformat()


def test_the_demo_writes_of_some_tickers_and_tags_more_than_of_others():
    items = list(demo.history(datetime(2026, 11, 22, 12, tzinfo=UTC), random.Random(1)))
    tags = Counter(tag["S"] for item in items for tag in item["tags"]["L"])

    assert tags["NVDA"] > 4 * tags["GOOG"]
    assert tags["earnings"] > 4 * tags["insider"]
    assert len({item["sentiment"]["S"] for item in items}) == 3
