"""opened: a test takes a stream piece by piece, while the function waits."""

import asyncio

import pytest
from lambda_streaming.testing import context, function_url, http_api, opened
from streaming_runtime.context import request_id
from streaming_runtime.runtime_api import PlatformGone
from streaming_runtime.scopes import after_response

from tests.support.waiting import eventually


def handler_of(body):
    return lambda payload, context: {
        "statusCode": 201,
        "headers": {"Content-Type": "text/event-stream"},
        "cookies": ["a=1"],
        "body": body(),
    }


def test_the_function_stands_still_at_a_piece_until_the_next_one_is_wanted():
    done = []

    def body():
        for number in range(3):
            yield f"{number}"
            done.append(number)

    with opened(handler_of(body), function_url()) as stream:
        assert (stream.status, stream.headers["content-type"]) == (201, "text/event-stream")
        assert stream.cookies == ["a=1"]
        assert next(stream) == b"0"
        assert done == []
        assert next(stream) == b"1"
        assert done == [0]
        assert stream.read() == b"2"
        with pytest.raises(StopIteration):
            next(stream)

    assert done == [0, 1, 2]
    assert stream.reply.ended_well
    assert stream.reply.pieces == [b"0", b"1", b"2"]


def test_the_platform_hangs_up_and_the_body_is_closed():
    order = []

    def body():
        try:
            yield "a"
            yield "b"
        finally:
            order.append("closed")

    def handler(payload, context):
        after_response(lambda: order.append("late"))
        return handler_of(body)(payload, context)

    with opened(handler) as stream:
        assert next(stream) == b"a"
        reply = stream.close()
        assert order == ["closed", "late"]

    assert reply is stream.reply
    assert reply.pieces == [b"a"]
    assert isinstance(reply.error, PlatformGone)
    assert "runtime.response_broken" in reply.log


def test_an_asynchronous_body_is_cancelled():
    order = []

    async def body():
        try:
            while True:
                yield "a"
                await asyncio.sleep(0)
        finally:
            order.append("closed")

    async def handler(payload, context):
        return handler_of(body)(payload, context)

    with opened(handler) as stream:
        assert [next(stream), next(stream)] == [b"a", b"a"]

    assert order == ["closed"]


def test_events_are_read_as_they_come():
    done = []

    def body():
        yield "data: a\n\nda"
        done.append("a")
        yield "ta: b\n\n"

    with opened(handler_of(body)) as stream:
        events = stream.events()
        assert next(events).data == "a"
        assert done == []
        assert next(events).data == "b"
        assert list(events) == []


def test_sigterm_closes_the_body_at_its_next_piece():
    order = []

    def body():
        try:
            yield "a"
            yield "b"
            yield "never"
        finally:
            order.append("closed")

    with opened(handler_of(body)) as stream:
        next(stream)
        stream.shut_down()
        assert stream.read() == b""

    assert order == ["closed"]
    assert stream.reply.error_type == "Function.Shutdown"


def test_the_deadline_comes_when_the_test_says_so():
    def body():
        while True:
            yield "a"

    ours = context(timeout_s=10)
    with opened(handler_of(body), context=ours) as stream:
        next(stream)
        ours.advance(9.5)
        stream.read()

    assert stream.reply.error_type == "Runtime.DeadlineExceeded"


def test_a_front_that_cannot_stream_gives_one_piece():
    with opened(handler_of(lambda: iter(["a", "b"])), http_api()) as stream:
        assert (stream.status, list(stream)) == (201, [b"ab"])


def test_a_failure_before_the_first_piece_is_in_the_reply():
    def body():
        raise ValueError("no")
        yield

    with opened(handler_of(body)) as stream:
        assert stream.status == 502
        stream.read()

    assert isinstance(stream.reply.error, ValueError)


def test_several_streams_are_read_at_the_same_time():
    def handler(payload, context):
        def body():
            yield payload
            yield request_id()

        return body()

    one, two = context(aws_request_id="id-1"), context(aws_request_id="id-2")
    with opened(handler, "one", one) as first, opened(handler, "two", two) as second:
        assert (next(first), next(second)) == (b"one", b"two")
        assert (next(first), next(second)) == (b"id-1", b"id-2")


def test_a_piece_that_does_not_come_is_a_timeout():
    async def body():
        await asyncio.Event().wait()
        yield "never"

    ours = context(timeout_s=30)
    with opened(handler_of(body), context=ours, within_s=0.05) as stream:
        with pytest.raises(TimeoutError, match=r"no piece came within 0\.05 s"):
            next(stream)
        with pytest.raises(TimeoutError, match="the function has not ended within"):
            stream.close()
        ours.set_remaining_s(0.9)  # now the runtime cancels what the body waits for
        eventually(stream.close, retry_on=TimeoutError)

    assert stream.reply.error_type == "Runtime.DeadlineExceeded"


def test_the_reply_is_there_when_the_function_has_ended():
    with opened(handler_of(lambda: iter(["a"]))) as stream:
        with pytest.raises(RuntimeError, match="has not ended"):
            _ = stream.reply
        stream.read()

    assert stream.reply.pieces == [b"a"]


def test_a_failed_assertion_is_not_hidden_by_the_end():
    with pytest.raises(AssertionError, match="mine"):  # noqa: SIM117
        with opened(handler_of(lambda: iter(["a"]))):
            raise AssertionError("mine")


def test_without_its_block_nothing_is_invoked():
    stream = opened(handler_of(lambda: iter(["a"])))
    with pytest.raises(RuntimeError, match="with opened"):
        next(stream)
    with stream:
        assert stream.read() == b"a"
    with pytest.raises(RuntimeError, match="again"), stream:
        pass
