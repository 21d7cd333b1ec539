"""Reads the output of processes: lines, in order, and at once when that is asked for."""

import asyncio
import os

from hypothesis import given
from hypothesis import strategies as st

from local_lambda.environments.output import Output


def read(pieces):
    """Returns the lines of an output that is drained after each piece."""

    async def run():
        lines = []
        read_end, write_end = os.pipe()
        output = Output(read_end, lines.append)
        for piece in pieces:
            os.write(write_end, piece)
            output.drain()
        os.close(write_end)
        output.close()
        assert output.is_over
        return lines

    return asyncio.run(run())


@given(st.lists(st.sampled_from([b"a", b"\n", b"bc\n", "é\n".encode(), b"\xff"]), max_size=12))
def test_lines_do_not_depend_on_how_their_bytes_arrive(pieces):
    whole = b"".join(pieces)
    lines = whole.split(b"\n")
    expected = lines if lines[-1] else lines[:-1]
    assert read(pieces) == [line.decode("utf-8", "replace") for line in expected]


def test_a_carriage_return_ends_a_line():
    assert read([b"a\rb\r\nc"]) == ["a", "b", "c"]


def test_a_line_without_an_end_is_handed_on_when_it_is_too_long():
    assert [len(line) for line in read([b"x" * 60_000] * 5)] == [300_000]


def test_between_invocations_a_line_needs_no_end():
    async def run():
        lines = []
        read_end, write_end = os.pipe()
        output = Output(read_end, lines.append)
        os.write(write_end, b"Traceback\nKeyError: 'k'")
        output.drain()
        assert lines == ["Traceback"]
        output.drain(is_whole=True)
        assert lines == ["Traceback", "KeyError: 'k'"]
        os.write(write_end, b"next\n")
        output.drain(is_whole=True)
        os.close(write_end)
        output.close()
        return lines

    assert asyncio.run(run()) == ["Traceback", "KeyError: 'k'", "next"]


def test_a_line_is_read_by_the_loop_too():
    async def run():
        lines = []
        arrived = asyncio.Event()
        read_end, write_end = os.pipe()
        output = Output(read_end, lambda line: (lines.append(line), arrived.set()))
        os.write(write_end, b"one\n")
        await asyncio.wait_for(arrived.wait(), 5)
        os.close(write_end)
        output.close()
        return lines

    assert asyncio.run(run()) == ["one"]
