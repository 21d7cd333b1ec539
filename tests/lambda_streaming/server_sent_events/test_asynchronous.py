"""How are asynchronous sources read, by the runtime and where an event loop runs already?"""

import asyncio
import threading
from contextlib import asynccontextmanager

import pytest
from lambda_streaming import sse

from tests.lambda_streaming.server_sent_events.reading import events, threads, until_error
from tests.support.waiting import eventually

END = ("end", '{"reason":"done"}')
FOR_EVER_S = 30


async def letters():
    yield "a"
    await asyncio.sleep(0)
    yield "b"


class AsyncStream:
    """Like the stream objects of async SDKs: an iterator and a context manager in one."""

    def __init__(self):
        self.closed = 0

    def __aiter__(self):
        return letters()

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        await self.close()

    async def close(self):
        await asyncio.sleep(0)
        self.closed += 1


@asynccontextmanager
async def managed():
    yield letters()


async def giving(source):
    await asyncio.sleep(0)
    return source()


SOURCES = [
    letters,
    AsyncStream,
    managed,
    lambda: giving(letters),
    lambda: giving(AsyncStream),
    lambda: giving(lambda: ["a", "b"]),
]


async def read(body):
    return [piece async for piece in body]


@pytest.mark.parametrize("make", SOURCES)
def test_every_kind_is_read_by_the_runtimes_loop(make):
    assert events(sse(make())) == [("message", "a"), ("message", "b"), END]


@pytest.mark.parametrize("make", [*SOURCES, lambda: ["a", "b"], lambda: iter("ab")])
def test_every_kind_is_read_by_a_loop_that_runs_already(make):
    async def main():
        return await read(sse(make()))

    assert events(asyncio.run(main())) == [("message", "a"), ("message", "b"), END]
    assert threads() == []


def test_a_coroutine_that_gives_no_source_is_an_error_with_a_sentence():
    with pytest.raises(TypeError, match=r"sse\(\) takes a source of items"):
        list(sse(giving(lambda: 7)))


def test_a_body_cannot_be_read_by_for_where_a_loop_runs():
    async def main():
        body = sse(letters())
        with pytest.raises(RuntimeError, match="async for"):
            next(body)
        return await read(body)

    assert events(asyncio.run(main())) == [("message", "a"), ("message", "b"), END]


def test_one_task_reads_it_all_so_that_timeouts_may_stay_open():
    async def source():
        async with asyncio.timeout(0.1):
            yield "a"
            await asyncio.sleep(FOR_EVER_S)

    async def main():
        pieces = aiter(sse(source()))
        seen = [await anext(pieces), await anext(pieces)]
        with pytest.raises(TimeoutError):
            await anext(pieces)
        return seen

    for pieces in (until_error(sse(source()))[0], asyncio.run(main())):
        assert [kind for kind, _ in events(pieces)] == ["message", "error"]


def test_silence_has_heartbeats_while_the_loop_goes_on():
    async def main():
        go_on = asyncio.Event()

        async def source():
            yield "a"
            await go_on.wait()
            yield "b"

        seen = []
        async for piece in sse(source(), heartbeat_s=0.05):
            seen.append(piece)
            if len(seen) == 3:
                go_on.set()
        return seen

    seen = asyncio.run(main())
    assert seen[:3] == [b"data: a\n\n", b":\n", b":\n"]
    assert b"" not in seen


def test_a_blocking_source_does_not_block_the_loop():
    go_on = threading.Event()

    def source():
        yield "a"
        go_on.wait(FOR_EVER_S)
        yield "b"

    async def main():
        seen = []
        async for piece in sse(source(), heartbeat_s=0.05):
            seen.append(piece)
            if piece == b":\n":
                go_on.set()
        return seen

    assert events(asyncio.run(main())) == [("message", "a"), ("message", "b"), END]
    assert threads() == []


@pytest.mark.parametrize("heartbeat_s", [15, None])
def test_whoever_stops_reading_closes_the_source(heartbeat_s):
    closed = []

    async def source():
        try:
            yield "a"
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            closed.append("async")

    def blocking():
        try:
            while True:
                yield "a"
        finally:
            closed.append("blocking")

    async def main():
        for each in (source(), blocking()):
            pieces = aiter(sse(each, heartbeat_s=heartbeat_s))
            await anext(pieces)
            await pieces.aclose()

    asyncio.run(main())
    assert closed == ["async", "blocking"]
    assert threads() == []


def test_a_reader_that_is_cancelled_closes_the_source():
    closed = []

    async def source():
        try:
            yield "a"
            await asyncio.Event().wait()
        finally:
            closed.append(True)

    async def main():
        task = asyncio.create_task(read(sse(source())))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert closed == [True]


@pytest.mark.parametrize("read_before", [0, 1])
def test_closing_the_body_closes_an_async_source(read_before):
    closed = []

    class Source(AsyncStream):
        async def close(self):
            closed.append(True)

    body = sse(Source())
    for _ in range(read_before):
        next(body)
    body.close()
    assert closed


def test_a_source_that_cancels_itself_ends_the_stream():
    async def source():
        yield "a"
        raise asyncio.CancelledError

    async def main():
        with pytest.raises(asyncio.CancelledError):
            await read(sse(source()))

    asyncio.run(main())


def test_a_loop_that_ended_before_its_source_leaves_no_thread():
    let_go = threading.Event()

    def source():
        yield "a"
        let_go.wait(FOR_EVER_S)

    async def main():
        pieces = aiter(sse(source(), heartbeat_s=0.05))
        await anext(pieces)
        await anext(pieces)

    asyncio.run(main())
    let_go.set()
    eventually(lambda: not threads())
