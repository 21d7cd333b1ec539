"""Tests the scopes that surround the reading of a body."""

import json
from contextlib import contextmanager
from contextvars import ContextVar

import pytest
from streaming_runtime.scopes import STREAM_SCOPES

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
