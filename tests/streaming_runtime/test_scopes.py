"""Tests the scopes that surround the reading of a body."""

import json
from contextlib import contextmanager
from contextvars import ContextVar, copy_context

import pytest
from streaming_runtime.context import REQUEST_ID, deadline
from streaming_runtime.scopes import STREAM_SCOPES, after_response, at_end

from tests.support.fake_runtime_api import url_request

CURRENT = ContextVar("current", default="nothing")


@pytest.fixture
def seen():
    """Notes what happens, in its order. Scopes that a test adds are taken away after it."""
    before = [*STREAM_SCOPES]
    yield []
    STREAM_SCOPES[:] = before


def scope_of(seen, name="scope", enters=None, exits=None):
    @contextmanager
    def scope():
        if enters:
            raise enters
        seen.append(f"{name} entered")
        token = CURRENT.set(name)
        try:
            yield
        except BaseException as error:
            seen.append(f"{name} heard {type(error).__name__}")
            raise
        finally:
            CURRENT.reset(token)
            seen.append(f"{name} exited")
            if exits:
                raise exits

    STREAM_SCOPES.append(scope)


def streaming(seen, fails=None):
    def pieces():
        try:
            seen.append(f"first pull in {CURRENT.get()}")
            yield "a"
            if fails:
                raise fails
            yield "b"
        finally:
            seen.append("body closed")

    def handler(event, context):
        return {"statusCode": 200, "body": pieces()}

    return handler


def test_a_scope_lives_from_before_the_first_piece_until_after_the_bodys_end(serve, seen):
    scope_of(seen)

    (post,) = serve(streaming(seen), url_request())

    assert seen == ["scope entered", "first pull in scope", "body closed", "scope exited"]
    assert post.body.endswith(b"ab")
    assert post.trailers == {}


def test_a_scope_hears_the_error_that_ends_the_body(serve, seen):
    scope_of(seen)

    (post,) = serve(streaming(seen, fails=KeyError("gone")), url_request())

    assert seen[2:] == ["body closed", "scope heard KeyError", "scope exited"]
    assert post.trailers["lambda-runtime-function-error-type"] == "Function.KeyError"


def test_scopes_surround_a_body_that_is_collected(serve, seen):
    scope_of(seen)

    (post,) = serve(
        streaming(seen), url_request(), environ={"STREAMING_RUNTIME_RESPONSE_MODE": "buffered"}
    )

    assert seen == ["scope entered", "first pull in scope", "body closed", "scope exited"]
    assert json.loads(post.body)["body"] == "ab"


def test_the_first_scope_is_the_outermost(serve, seen):
    scope_of(seen, "outer")
    scope_of(seen, "inner")

    serve(streaming(seen), url_request())

    assert seen[:3] == ["outer entered", "inner entered", "first pull in inner"]
    assert seen[-2:] == ["inner exited", "outer exited"]


def test_a_scope_that_fails_at_the_end_is_an_error_after_the_whole_body(serve, seen):
    scope_of(seen, "outer")
    scope_of(seen, "inner", exits=OSError("exporter"))

    (post,) = serve(streaming(seen), url_request())

    assert post.body.endswith(b"ab")
    assert post.trailers["lambda-runtime-function-error-type"] == "Function.OSError"
    assert seen[-2:] == ["inner exited", "outer exited"]


def test_a_scope_that_cannot_be_entered_is_an_error_before_the_first_byte(serve, seen):
    scope_of(seen, "outer")
    scope_of(seen, "inner", enters=OSError("exporter"))

    (post,) = serve(streaming(seen), url_request())

    assert post.path.endswith("/error")
    assert seen == ["outer entered", "outer heard OSError", "outer exited"]


def test_a_body_that_is_whole_has_no_scope(serve, seen):
    scope_of(seen)

    serve(lambda event, context: {"statusCode": 200, "body": "text"}, url_request())

    assert seen == []


def put_off(seen, name, within=None):
    at_end(lambda error: seen.append(f"{name} ended with {type(error).__name__}"), within=within)


@contextmanager
def noted(seen, name):
    seen.append(f"{name} entered")
    try:
        yield
    finally:
        seen.append(f"{name} exited")


def test_what_a_handler_puts_off_comes_after_the_body_and_before_the_responses_end(serve, seen):
    body = streaming(seen)

    def handler(event, context):
        put_off(seen, "inner", within=lambda: noted(seen, "inner"))
        put_off(seen, "outer", within=lambda: noted(seen, "outer"))
        return body(event, context)

    scope_of(seen)
    (posted,) = serve(handler, url_request())

    assert posted.content == b"ab"
    assert seen == [
        "outer entered",
        "inner entered",
        "scope entered",
        "first pull in scope",
        "body closed",
        "scope exited",
        "inner exited",
        "outer exited",
        "inner ended with NoneType",
        "outer ended with NoneType",
    ]


@pytest.mark.parametrize(
    "result",
    [{"statusCode": 200, "body": "whole"}, {"a": 1}, b"bytes"],
    ids=["whole", "plain", "bytes"],
)
@pytest.mark.parametrize("payload", [url_request(), {"body": b"{}"}], ids=["url", "no front"])
def test_without_a_stream_it_comes_when_the_result_is_known(serve, seen, result, payload):
    def handler(event, context):
        put_off(seen, "tool", within=lambda: noted(seen, "tool"))
        return result

    (posted,) = serve(handler, payload)

    assert posted.kind == "response"
    assert seen == ["tool ended with NoneType"]


def test_it_hears_of_the_error_that_ended_the_body_before_and_after_the_first_byte(serve, seen):
    def handler(event, context):
        put_off(seen, "tool")
        if event["rawPath"] == "/handler":
            raise KeyError
        return streaming([], fails=ValueError())(event, context)

    paths = ["/handler", "/body", "/body"]
    posts = serve(handler, *[url_request(path=path) for path in paths])

    assert [post.kind for post in posts] == ["error", "response", "response"]
    assert seen == [f"tool ended with {name}" for name in ("KeyError", "ValueError", "ValueError")]


def test_it_hears_of_a_result_that_cannot_be_sent(serve, seen):
    def handler(event, context):
        put_off(seen, "tool")
        return {"statusCode": "many", "body": iter("ab")}

    (posted,) = serve(handler, url_request())

    assert posted.kind == "error"
    assert seen == ["tool ended with ValueError"]


def test_outside_of_an_invocation_it_comes_at_once(seen):
    copy_context().run(put_off_without_request, seen)

    assert seen == ["tool ended with NoneType"]


def put_off_without_request(seen):
    REQUEST_ID.set(None)
    put_off(seen, "tool")


def test_each_invocation_has_its_own(serve, seen):
    def handler(event, context):
        if event["rawPath"] == "/first":
            put_off(seen, "first")
        return streaming([])(event, context)

    serve(handler, url_request(path="/first"), url_request(path="/second"))

    assert seen == ["first ended with NoneType"]


def test_what_an_end_raises_is_the_invocations_error_and_keeps_no_other_end_away(serve, seen):
    def fail(_error):
        raise OSError("flush failed")

    def handler(event, context):
        at_end(fail)
        put_off(seen, "other")
        return streaming([])(event, context)

    (posted,) = serve(handler, url_request())

    assert posted.trailers["lambda-runtime-function-error-type"] == "Function.OSError"
    assert seen == ["other ended with NoneType"]


# --- after the response


@pytest.mark.parametrize("environ", [{}, {"STREAMING_RUNTIME_RESPONSE_MODE": "buffered"}])
@pytest.mark.parametrize("result", [{"statusCode": 200, "body": "whole"}, None])
def test_work_left_for_after_the_response_is_done_before_the_next_invocation(
    serve, seen, environ, result
):
    def handler(event, context):
        assert after_response(lambda: seen.append(f"posts: {len(serve.platform.posts)}"))
        return result or streaming(seen)(event, context)

    serve(handler, url_request(), url_request(), environ=environ)

    assert [each for each in seen if "posts" in each] == ["posts: 1", "posts: 2"]


def test_work_for_after_the_response_may_be_left_while_the_body_is_read(serve, seen):
    """Also by code with a copy of the context, as tasks have it."""

    def pieces():
        copy_context().run(after_response, lambda: seen.append(len(serve.platform.posts)))
        yield "a"

    serve(lambda event, context: {"statusCode": 200, "body": pieces()}, url_request())

    assert seen == [1]


def test_an_error_after_the_response_is_logged_and_the_other_work_is_done(serve, seen, capfd):
    def fails():
        raise KeyError("too late to tell")

    def handler(event, context):
        after_response(fails)
        after_response(lambda: seen.append("done"))
        raise ValueError("before it")

    (post,) = serve(handler, url_request())

    assert seen == ["done"]
    assert json.loads(post.body)["errorType"] == "ValueError"
    out = capfd.readouterr().out
    assert out.index("ValueError: before it") < out.index("KeyError: 'too late to tell'")


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt, GeneratorExit])
def test_no_exception_after_the_response_ends_the_environment(serve, kind, capfd):
    def handler(event, context):
        after_response(fails)
        return {"statusCode": 200, "body": "ok"}

    def fails():
        raise kind

    assert len(serve(handler, url_request(), url_request())) == 2
    assert capfd.readouterr().out.count(kind.__name__) >= 2


def test_outside_of_an_invocation_no_work_is_taken():
    assert not copy_context().run(after_response, lambda: None)


def test_the_deadline_of_the_running_invocation_can_be_asked_for(serve, seen):
    def handler(event, context):
        seen.append(deadline().remaining_ms() - context.get_remaining_time_in_millis())
        return "ok"

    serve(handler, {})

    assert abs(seen[0]) < 1_000
