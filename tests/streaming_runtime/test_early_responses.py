"""Tests responses that begin before their handler returns: `begin_response`, and WSGI's `write`."""

import contextlib
import time

import pytest
from lambda_streaming import Wsgi
from streaming_runtime.errors import RuntimeFault
from streaming_runtime.scopes import begin_response

from tests.support.fake_runtime_api import api_request, url_request
from tests.support.waiting import eventually

HEADERS = {"Content-Type": "text/plain"}


def result(body=(), **fields):
    return {"statusCode": 201, "headers": HEADERS, "body": iter(body), **fields}


def begun(body=(b"three",), **fields):
    """Returns a handler that writes two pieces, and returns the rest."""

    def handler(event, context):
        found = result(body, **fields)
        write = begin_response(lambda: found)
        write(b"one ")
        write(b"two ")
        return found

    return handler


def test_a_piece_arrives_before_the_handler_returns(serve):
    seen = []

    def handler(event, context):
        found = result([b"two"])
        begin_response(lambda: found)(b"one ")
        seen.append(eventually(lambda: serve.platform.posts and serve.platform.posts[0].content))
        return found

    (post,) = serve(handler, url_request())
    assert seen == [b"one "]
    assert post.prelude["statusCode"] == 201
    assert (post.content, post.trailers) == (b"one two", {})


def test_the_rest_of_the_body_follows_what_was_written(serve):
    (post,) = serve(begun([b"three ", b"", b"four"]), url_request())
    assert post.content == b"one two three four"
    assert post.prelude == {"statusCode": 201, "headers": HEADERS}


def test_a_body_may_be_all_written(serve):
    (post,) = serve(begun([]), url_request())
    assert (post.content, post.trailers) == (b"one two ", {})


def failing(error):
    def handler(event, context):
        begin_response(lambda: result())(b"one")
        raise error

    return handler


@pytest.mark.parametrize("error", [KeyError("late"), SystemExit(3)])
def test_what_the_handler_raises_then_stands_in_the_trailers(serve, error, capfd):
    posts = serve(failing(error), url_request(), url_request())
    assert len(posts) == 2
    for post in posts:
        assert (post.kind, post.content) == ("response", b"one")
        assert (
            post.trailers["lambda-runtime-function-error-type"]
            == f"Function.{type(error).__name__}"
        )
    assert type(error).__name__ in capfd.readouterr().out


def test_a_handler_that_returns_something_else_then_is_an_error(serve):
    def handler(event, context):
        begin_response(lambda: result())(b"one")
        return "something else"

    (post,) = serve(handler, url_request())
    assert post.content == b"one"
    assert post.trailers["lambda-runtime-function-error-type"] == "Function.TypeError"


def noting(found, **fields):
    def handler(event, context):
        response = {**result([b"x"]), **fields}
        found.append(begin_response(lambda: response))
        return response

    return handler


@pytest.mark.parametrize(
    ("payload", "environ", "fields"),
    [
        (url_request("HEAD"), {}, {}),
        (url_request(), {}, {"statusCode": 204}),
        (url_request(), {}, {"isBase64Encoded": True, "body": iter([b"eA=="])}),
        (url_request(), {"STREAMING_RUNTIME_RESPONSE_MODE": "buffered"}, {}),
        (url_request(domainName="abc.execute-api.eu-west-1.amazonaws.com"), {}, {}),
    ],
)
def test_a_response_that_does_not_stream_as_it_is_cannot_be_begun(serve, payload, environ, fields):
    found = []
    (post,) = serve(noting(found, **fields), payload, environ=environ)
    assert found == [None]
    assert post.kind == "response"


def test_without_a_handler_of_this_runtime_there_is_nothing_to_begin():
    assert begin_response(lambda: pytest.fail("asked for a result")) is None


def test_a_body_cannot_begin_a_response(serve):
    found = []

    def pieces():
        found.append(begin_response(result))
        yield b"x"

    serve(lambda event, context: result(pieces()), url_request())
    assert found == [None]


def test_a_write_after_the_time_is_over_fails(serve):
    found = []

    def handler(event, context):
        write = begin_response(lambda: result())
        write(b"one")
        try:
            while True:
                time.sleep(0.01)
                write(b".")
        except RuntimeFault as fault:
            found.append(fault.error_type)
            raise

    (post,) = serve(handler, {**url_request(), "timeout_ms": 300})
    assert found == ["Runtime.DeadlineExceeded"]
    assert post.trailers["lambda-runtime-function-error-type"] == "Runtime.DeadlineExceeded"


@pytest.mark.parametrize("make", [lambda app: app, Wsgi], ids=["begin_response", "Wsgi"])
def test_a_write_that_failed_ends_the_stream_though_its_caller_caught_that(serve, make):
    def handler(first, second):
        begin = {Wsgi: lambda: second("200 OK", [])}
        write = begin.get(make, lambda: begin_response(lambda: result()))()
        write(b"one")
        time.sleep(0.3)
        for piece in (b"two", b"three"):
            with contextlib.suppress(RuntimeFault):
                write(piece)
        return [b"four"] if make is Wsgi else result([b"four"])

    (post,) = serve(make(handler), {**url_request(), "timeout_ms": 300})
    assert post.content == b"one"
    assert post.trailers["lambda-runtime-function-error-type"] == "Runtime.DeadlineExceeded"


def test_a_piece_that_a_content_length_had_no_room_for_is_not_forgotten(serve):
    def app(environ, start_response):
        write = start_response("200 OK", [("Content-Length", "4")])
        write(b"one")
        with contextlib.suppress(ValueError):
            write(b"two")
        return [b"x"]

    (post,) = serve(Wsgi(app), url_request())
    assert post.content == b"one"
    assert post.trailers["lambda-runtime-function-error-type"] == "Function.ValueError"


def test_what_a_wsgi_application_writes_goes_out_at_once(serve):
    seen = []

    def app(environ, start_response):
        write = start_response("201 Created", [("Content-Type", "text/plain")])
        write(b"one ")
        seen.append(eventually(lambda: serve.platform.posts and serve.platform.posts[0].content))
        write(b"two ")
        return [b"three"]

    (post,) = serve(Wsgi(app), url_request())
    assert seen == [b"one "]
    assert (post.content, post.trailers) == (b"one two three", {})
    assert post.prelude["statusCode"] == 201


def test_a_wsgi_application_that_fails_after_a_write_ends_its_stream(serve):
    def app(environ, start_response):
        start_response("200 OK", [])(b"one")
        raise KeyError("late")

    (post,) = serve(Wsgi(app), url_request())
    assert post.content == b"one"
    assert post.trailers["lambda-runtime-function-error-type"] == "Function.KeyError"


@pytest.mark.parametrize("written", [b"onetwo", b"one"])
def test_a_wsgi_application_that_writes_more_or_less_than_its_length_fails(serve, written):
    def app(environ, start_response):
        write = start_response("200 OK", [("Content-Length", "4")])
        write(b"x")
        write(written)
        return []

    (post,) = serve(Wsgi(app), url_request())
    fails = written == b"onetwo"
    assert post.content == (b"x" if fails else b"xone")
    assert post.trailers.get("lambda-runtime-function-error-type") == (
        "Function.ValueError" if fails else None
    )


@pytest.mark.parametrize(
    "payload",
    [url_request("HEAD"), url_request(domainName="abc.execute-api.eu-west-1.amazonaws.com")],
)
def test_what_a_wsgi_application_writes_is_kept_where_it_cannot_be_sent(serve, payload):
    def app(environ, start_response):
        start_response("200 OK", [])(b"one ")
        return [b"two"]

    (post,) = serve(Wsgi(app), payload)
    if "HEAD" in str(payload):
        assert post.content == b""
    else:
        assert post.error["body"] == "one two"


def test_an_api_streams_what_was_written(serve):
    (post,) = serve(begun(), api_request())
    assert post.content == b"one two three"
