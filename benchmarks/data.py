"""What do the pure parts of dashboard_data cost a stream? CPU microseconds for each event, client and table left out.

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
    genuine,
    parse_event_id,
    parse_item,
)
from dashboard_data.feed.feed import FeedEntry, entry_from_record, entry_record

NOW = 1_795_348_800.0
ITEM = Item("item-1", "AAPL", ("earnings", "chips"), "positive", 0.75, "2026-11-22T12:00:00Z", NOW)
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
        window.apply(
            FeedEntry(seq + 1, Item(f"i{seq}", "AAPL", (f"t{seq % 50}",), "neutral", 0.5, stamp))
        )
    return window


def import_ms() -> float:
    spent = []
    for _ in range(7):
        program = "import time; t = time.process_time(); import dashboard_data; print(time.process_time() - t)"
        spent.append(float(subprocess.check_output([sys.executable, "-c", program])) * 1e3)
    return median(spent)


def main() -> None:
    secret = b"x" * 32
    window, record = typical_window(), entry_record(CURSOR, ITEM, NOW)
    text = event_id(CURSOR, secret, "n1")
    print(f"{'import of dashboard_data':40} {import_ms():8.1f} ms")
    for name, work in {
        "read a feed entry": lambda: entry_from_record(record),
        "write an event id": lambda: event_id(CURSOR, secret),
        "parse and check an event id": lambda: genuine(parse_event_id(text), secret),
        "validate a stream record": lambda: parse_item(IMAGE),
        "count an entry that is counted already": lambda: window.apply(FeedEntry(1, ITEM)),
    }.items():
        print(f"{name:40} {cpu_us(work):8.2f} us")
    print(
        f"{'metrics snapshot, 24 h, 50 tags':40} {cpu_us(lambda: window.snapshot(NOW), 500):8.2f} us"
    )


if __name__ == "__main__":
    main()
