"""What do the pure parts of dashboard_data cost a stream?

Prints CPU microseconds for each event, without the DynamoDB client and the table.

    PYTHONPATH=layers/dashboard/python python benchmarks/data.py
"""

import subprocess
import sys
import time
from collections.abc import Callable
from statistics import median

from dashboard_data import (
    Cursor,
    Item,
    MetricsWindow,
    event_id,
    is_signed_with,
    parse_event_id,
    parse_item,
)
from dashboard_data.feed.feed import FeedEntry, entry_from_record, entry_record

NOW = 1_795_348_800.0
ITEM = Item(
    item_id="item-1",
    ticker="AAPL",
    tags=("earnings", "chips"),
    sentiment="positive",
    score=0.75,
    timestamp="2026-11-22T12:00:00Z",
    written_at=NOW,
)
CURSOR = Cursor("0123456789", 123_456)
IMAGE = {
    "PK": {"S": "ITEM#item-1"},
    "SK": {"S": "ITEM"},
    "item_id": {"S": "item-1"},
    "ticker": {"S": "AAPL"},
    "sentiment": {"S": "positive"},
    "score": {"N": "0.75"},
    "timestamp": {"S": "2026-11-22T12:00:00Z"},
    "tags": {"L": [{"S": "earnings"}, {"S": "chips"}]},
}
# Prints the CPU seconds of the import.
IMPORT = """
import time
started = time.process_time()
import dashboard_data
print(time.process_time() - started)
"""


def cpu_us(work: Callable[[], object], times: int = 20_000, runs: int = 7) -> float:
    spent = []
    for _ in range(runs):
        started = time.process_time()
        for _ in range(times):
            work()
        spent.append((time.process_time() - started) / times * 1e6)
    return median(spent)


def typical_window() -> MetricsWindow:
    window = MetricsWindow(("*",))
    for seq in range(2_000):
        stamp = f"2026-11-22T{seq % 24:02d}:{seq % 60:02d}:00Z"
        item = Item(
            item_id=f"i{seq}",
            ticker="AAPL",
            tags=(f"t{seq % 50}",),
            sentiment="neutral",
            score=0.5,
            timestamp=stamp,
        )
        window.apply(FeedEntry(seq + 1, item))
    return window


def import_ms() -> float:
    spent = []
    for _ in range(7):
        printed = subprocess.check_output([sys.executable, "-c", IMPORT])
        spent.append(float(printed) * 1e3)
    return median(spent)


def main() -> None:
    secret = b"x" * 32
    window = typical_window()
    record = entry_record(CURSOR.epoch, FeedEntry(CURSOR.seq, ITEM), NOW)
    text = event_id(CURSOR, secret, "n1")
    print(f"{'import of dashboard_data':40} {import_ms():8.1f} ms")
    for name, work in {
        "read a feed entry": lambda: entry_from_record(record),
        "write an event id": lambda: event_id(CURSOR, secret),
        "parse and check an event id": lambda: is_signed_with(secret, parse_event_id(text)),
        "validate a stream record": lambda: parse_item(IMAGE, NOW),
        "count an entry that is counted already": lambda: window.apply(FeedEntry(1, ITEM)),
    }.items():
        print(f"{name:40} {cpu_us(work):8.2f} us")
    snapshot_us = cpu_us(lambda: window.snapshot(NOW), times=500)
    print(f"{'metrics snapshot, 24 h, 50 tags':40} {snapshot_us:8.2f} us")


if __name__ == "__main__":
    main()
