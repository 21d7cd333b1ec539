"""Tests what adaptations use to have tools last until a stream's end."""

import io
from contextlib import aclosing, contextmanager

import pytest
from streaming_runtime.adaptations.lasting import (
    goes_on,
    hold,
    hold_back,
    is_failure,
    lasting,
    let_go,
    require,
    tool_at_end,
    users_traceback,
)
from streaming_runtime.errors import RuntimeFault, Shutdown
from streaming_runtime.runtime_api import PlatformGone, Stalled

from tests.support.fake_runtime_api import url_request


async def piece():
    return "a"


async def pieces():
    yield "a"


@pytest.mark.parametrize(
    "body", [iter("ab"), ["a", "b"], pieces(), io.BytesIO(b"a"), aclosing(pieces())]
)
def test_a_body_that_is_read_later_goes_on(body):
    assert goes_on({"statusCode": 200, "body": body})


@pytest.mark.parametrize("body", ["a", b"a", bytearray(b"a"), memoryview(b"a"), None, 1])
def test_a_body_that_is_whole_does_not(body):
    assert not goes_on({"statusCode": 200, "body": body})
    assert not goes_on({"statusCode": 200})


def test_a_handler_that_is_a_generator_or_a_coroutine_goes_on():
    coroutine = piece()
    assert goes_on(coroutine)
    assert goes_on(iter("ab"))
    assert goes_on(pieces())
    assert not goes_on("text")
    coroutine.close()


def test_the_end_of_the_process_and_of_the_client_are_no_failures_of_the_function():
    assert is_failure(ValueError())
    assert is_failure(RuntimeFault("Runtime.DeadlineExceeded", "over"))
    for other in (None, Shutdown(), PlatformGone(), Stalled(), KeyboardInterrupt()):
        assert not is_failure(other)


def test_a_traceback_begins_with_the_users_first_frame(serve):
    heard = []

    def body():
        yield "a"
        raise ValueError

    def handler(event, context):
        tool_at_end(lambda error: heard.append(users_traceback(error)))
        return {"statusCode": 200, "body": body()}

    serve(handler, url_request())

    assert heard[0].tb_frame.f_code is body.__code__
    assert users_traceback(ValueError()) is None


class Span:
    def __init__(self):
        self.ends = 0

    def end(self):
        self.ends += 1


@pytest.fixture
def span():
    method = Span.end
    hold_back(Span, "end")
    yield Span()
    Span.end = method


def test_what_is_held_ends_when_it_is_let_go_and_nothing_else_is_held(span):
    other = Span()
    assert hold(span)
    assert not hold(span)
    span.end()
    other.end()
    assert (span.ends, other.ends) == (0, 1)

    let_go(span)
    span.end()
    assert span.ends == 1


def test_a_tool_that_fails_at_the_end_is_logged_and_the_response_is_as_ever(serve, caplog):
    def fail(_error=None):
        raise OSError("no network")

    def handler(event, context):
        tool_at_end(fail)
        return {"statusCode": 200, "body": iter(["a", "b"])}

    (posted,) = serve(lasting(handler, fail), url_request())

    assert posted.content == b"ab"
    assert posted.trailers == {}
    assert [record.message for record in caplog.records] == [
        "a tool cannot last until the end of a stream"
    ] * 2
    assert "no network" in caplog.text


def test_an_async_handler_runs_in_what_a_tool_has_last(serve):
    seen = []

    @contextmanager
    def within():
        seen.append("entered")
        try:
            yield
        finally:
            seen.append("exited")

    async def handler(event, context):
        seen.append("handled")
        return "plain"

    (posted,) = serve(lasting(handler, lambda: within), url_request())

    assert posted.body == b'"plain"'
    assert seen == ["entered", "handled", "exited"]


def test_a_result_that_is_whole_lets_a_tool_end_as_ever(serve):
    asked = []
    (posted,) = serve(lasting(lambda event, context: "whole", lambda: asked.append(1)), {})

    assert posted.body == b'"whole"'
    assert asked == []


def test_a_name_that_a_release_lacks_is_named():
    require(Span, "end")
    with pytest.raises(AttributeError, match="finish"):
        require(Span, "end", "finish")
