"""Tests the pieces of a streamed reply between the Runtime API and a front."""

import asyncio

import pytest

from local_lambda.environments.invocation import StreamClosed, Streamed, StreamEnd


async def _offered():
    stream = Streamed("text/plain")
    offers = [stream.offer(b"one"), stream.offer(b"two")]
    pieces = stream.pieces()
    taken = [await anext(pieces)]
    offers.append(stream.offer(b"two"))  # the first is still being sent
    rest = asyncio.ensure_future(anext(pieces))
    await asyncio.sleep(0)
    offers.append(stream.offer(b"two"))
    taken.append(await rest)
    await pieces.aclose()
    return offers, taken, stream


def test_a_piece_is_taken_at_once_only_when_the_one_before_it_is_sent():
    offers, taken, stream = asyncio.run(_offered())

    assert offers == [True, False, False, True]
    assert taken == [b"one", b"two"]
    assert stream.size_bytes == 6


def test_nothing_is_added_after_the_end():
    async def ended():
        stream = Streamed("text/plain")
        stream.close(StreamEnd())
        stream.offer(b"late")

    with pytest.raises(StreamClosed):
        asyncio.run(ended())
