"""What does an item cost that `sse` sends, by the way in which its source is read?

    PYTHONPATH=layers/streaming_runtime/python python benchmarks/sse.py

The contestants take turns in one process, so that a busy machine slows all alike; the median of
the rounds is shown, in microseconds of CPU, of all threads together.
"""

import asyncio
import statistics
from collections.abc import AsyncIterator, Callable, Iterator
from time import process_time_ns

from lambda_streaming import sse
from lambda_streaming.encoders import ag_ui, openai_chunks, ui_messages

ROUNDS = 9
ITEMS = 20_000
TOKEN = " token"


def blocking() -> Iterator[str]:
    for _ in range(ITEMS):
        yield TOKEN


async def asynchronous() -> AsyncIterator[str]:
    for _ in range(ITEMS):
        yield TOKEN


async def read_by_loop(body: object) -> None:
    async for _ in body:  # type: ignore[attr-defined]
        pass


def drain(body: object) -> None:
    for _ in body:  # type: ignore[attr-defined]
        pass


CONTESTANTS: dict[str, Callable[[], None]] = {
    "a generator, no heartbeats: no thread": lambda: drain(sse(blocking(), heartbeat_s=None)),
    "a generator, in a thread": lambda: drain(sse(blocking())),
    "an async generator, by the runtime": lambda: drain(sse(asynchronous())),
    "an async generator, by Starlette's loop": lambda: asyncio.run(
        read_by_loop(sse(asynchronous()))
    ),
    "a generator, by Starlette's loop": lambda: asyncio.run(read_by_loop(sse(blocking()))),
    "a list as OpenAI's chunks": lambda: drain(
        sse([TOKEN] * ITEMS, encoder=openai_chunks("model"))
    ),
    "a list as UI messages": lambda: drain(sse([TOKEN] * ITEMS, encoder=ui_messages())),
    "a list as AG-UI": lambda: drain(
        sse([TOKEN] * ITEMS, encoder=ag_ui(thread_id="t", run_id="r"))
    ),
}


def main() -> None:
    measured: dict[str, list[float]] = {name: [] for name in CONTESTANTS}
    for _ in range(ROUNDS):
        for name, run in CONTESTANTS.items():
            began_ns = process_time_ns()
            run()
            measured[name].append((process_time_ns() - began_ns) / 1_000 / ITEMS)
    for name, times_us in measured.items():
        print(f"{name:42} {statistics.median(times_us):6.1f}")


if __name__ == "__main__":
    main()
