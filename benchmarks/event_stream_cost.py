"""What does an event cost to encode and to decode, beside the shortest code that would do?

    PYTHONPATH=layers/dashboard/python python benchmarks/event_stream_cost.py

The contestants of a row take turns in one process, so that a busy machine slows all alike; the
median of the rounds is shown. The naive encoder checks nothing; the naive decoder needs the whole
body, LF line ends and three fixed fields.
"""

import json
import statistics
import sys
from collections.abc import Callable
from time import process_time_ns

from event_stream import Decoder, encode

ROUNDS = 31
EVENTS = 2_000

ITEM = json.dumps({"id": 123456, "metric": "orders", "text": "x" * 170})
PAGE = "\n".join([ITEM] * 20)
EURO = json.dumps({"price": "10 \u20ac", "text": "x" * 195}, ensure_ascii=False)


def naive_encode(data: str, *, event: str, id: str) -> bytes:
    return f"event: {event}\ndata: {data}\nid: {id}\n\n".encode()


def naive_encode_lines(data: str, *, event: str, id: str) -> bytes:
    lines = "".join([f"data: {line}\n" for line in data.split("\n")])
    return f"event: {event}\n{lines}id: {id}\n\n".encode()


def naive_decode(body: bytes) -> list[tuple[str, str, str]]:
    events = []
    for block in body.decode().split("\n\n")[:-1]:
        event, id, data = block.split("\n")
        events.append((event[7:], data[6:], id[4:]))
    return events


def encode_all(encoder: Callable[..., bytes], data: str) -> Callable[[], object]:
    return lambda: [encoder(data, event="item", id="1234567890") for _ in range(EVENTS)]


def decode_all(body: bytes, chunk_bytes: int) -> Callable[[], object]:
    chunks = [body[start : start + chunk_bytes] for start in range(0, len(body), chunk_bytes)]

    def run() -> int:
        decoder = Decoder()
        return sum([len(decoder.feed(chunk)) for chunk in chunks])

    return run


def us_per_event(contestants: dict[str, Callable[[], object]]) -> dict[str, float]:
    measured: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(ROUNDS):
        for name, run in contestants.items():
            start = process_time_ns()
            run()
            measured[name].append((process_time_ns() - start) / EVENTS / 1000)
    return {name: statistics.median(values) for name, values in measured.items()}


def show(title: str, naive: str, contestants: dict[str, Callable[[], object]]) -> None:
    medians = us_per_event(contestants)
    print(title)
    for name, cost_us in medians.items():
        rate = 1e6 / cost_us
        ratio = cost_us / medians[naive]
        print(f"  {name:28} {cost_us:8.2f} us {rate:12,.0f} events/s {ratio:6.2f} x naive")


def main() -> None:
    version = sys.version.split()[0]
    print(f"Python {version}, CPU time, median of {ROUNDS} rounds of {EVENTS} events")
    for title, data in (
        ("one line, ASCII", ITEM),
        ("one line, not ASCII", EURO),
        ("20 lines", PAGE),
    ):
        naive = naive_encode_lines if "\n" in data else naive_encode
        contestants = {"naive": encode_all(naive, data), "encode": encode_all(encode, data)}
        show(f"encode {len(data)} characters, {title}", "naive", contestants)
    frame = encode(ITEM, event="item", id="1234567890")
    body = frame * EVENTS
    contestants = {
        "naive, whole body": lambda: naive_decode(body),
        "feed, whole body": decode_all(body, len(body)),
        "feed, 64 KiB chunks": decode_all(body, 65536),
        "feed, one event a chunk": decode_all(body, len(frame)),
        "feed, 100 byte chunks": decode_all(body, 100),
    }
    show(f"decode events of {len(frame)} bytes", "naive, whole body", contestants)


if __name__ == "__main__":
    main()
