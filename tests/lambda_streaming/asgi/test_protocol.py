"""Tests what each message of an application becomes, and what happens to those that are none.

Where uvicorn's client sees something, it is the measure.
"""

import asyncio
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lambda_streaming import Asgi
from lambda_streaming.http_request import NotAnHttpRequest
from lambda_streaming.response_start import framed_length, response_start

from tests.lambda_streaming.asgi.servers import (
    FRONTS,
    Request,
    function_url,
    in_process,
    over_a_socket,
    uvicorn_of,
)

START = {"type": "http.response.start", "status": 200}
END = {"type": "http.response.body"}


def body(piece, more=False):
    return {"type": "http.response.body", "body": piece, "more_body": more}


def start(status=200, *headers):
    return {"type": "http.response.start", "status": status, "headers": headers}


def sends(*messages, then=None):
    """An application that sends these messages, and then raises `then`."""

    async def app(scope, receive, send):
        assert scope["type"] == "http"
        for message in messages:
            await send(message)
        if then is not None:
            raise then

    return app


def swallows(*messages):
    """An application that goes on after each error."""

    async def app(scope, receive, send):
        assert scope["type"] == "http"
        for message in messages:
            try:
                await send(message)
            except Exception:
                continue

    return app


LENGTH_5 = (b"content-length", b"5")
SAME = {
    "a whole response": sends(start(201, (b"X-A", b"b")), body(b"hello")),
    "no headers": sends(START, body(b"hello")),
    "pieces": sends(START, body(b"a", True), body(b"", True), body(b"b", True), END),
    "an empty body": sends(START, END),
    "a body of a bytearray": sends(START, body(bytearray(b"hello"))),
    "a body of a memoryview": sends(START, body(memoryview(b"hello"))),
    "no start": sends(body(b"hello")),
    "no message": sends(),
    "nothing after the start": sends(START),
    "no end": sends(START, body(b"a", True)),
    "two starts": sends(START, START, body(b"x")),
    "a start after a piece": sends(START, body(b"a", True), START, END),
    "a piece after the end": sends(START, body(b"a"), body(b"b")),
    "a start after the end": sends(START, body(b"a"), START),
    "an error before the start": sends(then=ValueError("x")),
    "an error after the start": sends(START, then=ValueError("x")),
    "an error after a piece": sends(START, body(b"a", True), then=ValueError("x")),
    "an error after the end": sends(START, body(b"a"), then=ValueError("x")),
    "a cancellation before the start": sends(then=asyncio.CancelledError()),
    "an exit before the start": sends(then=SystemExit(3)),
    "an unknown message": sends({"type": "http.response.unknown"}),
    "an unknown message after the start": sends(START, {"type": "http.response.unknown"}, END),
    "a message without a type": sends({"status": 200}),
    "a piece of text": sends(START, body("hello")),
    "a piece of None": sends(START, body(None)),
    "a length": sends(start(200, LENGTH_5), body(b"hello")),
    "a length in two pieces": sends(start(200, LENGTH_5), body(b"hel", True), body(b"lo")),
    "a body that is too long": sends(start(200, LENGTH_5), body(b"hello!")),
    "a body that becomes too long": sends(start(200, LENGTH_5), body(b"hello", True), body(b"!")),
    "a body that is too short": sends(start(200, LENGTH_5), body(b"hell")),
    "a length and no body": sends(start(200, LENGTH_5), END),
    "a chunked body": sends(start(200, (b"transfer-encoding", b"chunked")), body(b"hello")),
    "204": sends(start(204), END),
    "304": sends(start(304, (b"etag", b"x")), END),
    "status 599": sends(start(599), body(b"x")),
    "cookies": sends(start(200, (b"set-cookie", b"a=1"), (b"Set-Cookie", b"b=2")), END),
    "repeated headers": sends(start(200, (b"x-a", b"1"), (b"X-A", b"2")), END),
    "a header of text": sends(start(200, ("x-a", "b")), END),
    "a header of Latin-1": sends(start(200, (b"x-a", b"caf\xe9")), END),
    "an empty header": sends(start(200, (b"x-a", b"")), END),
    "headers in tuples of lists": sends({**START, "headers": ([b"x-a", b"b"],)}, END),
    "errors that are swallowed": swallows(body(b"x"), START, START, body(b"a", True), START, END),
}


async def chosen(scope, receive, send):
    """Is the application of the case that the path names by its number."""
    assert scope["type"] == "http"
    app = [*SAME.values()][int(scope["path"].rpartition("/")[2])]
    await app(scope, receive, send)


@pytest.fixture(scope="module")
def server():
    with uvicorn_of(chosen) as address:
        yield address


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize("number", range(len(SAME)), ids=SAME.keys())
def test_messages_become_what_uvicorn_makes_of_them(number, method, server):
    request = Request(method, f"/{number}")
    theirs = over_a_socket(server, request)
    handler = Asgi(chosen)

    for front in FRONTS.values():
        ours = in_process(handler, request, front)
        if theirs.is_broken:
            assert ours.is_broken
            assert ours.body.startswith(theirs.body) or theirs.body.startswith(ours.body)
        else:
            assert ours == theirs


# --- where uvicorn breaks the connection before the first byte, and ours is an honest error


REFUSED = {
    "status 600": start(600),
    "status 199": start(199),
    "status of text": start("200"),
    "no status": {"type": "http.response.start"},
    "a name with a line end": start(200, (b"x-a\r\nx-b", b"c")),
    "a name with a blank": start(200, (b"x a", b"c")),
    "no name": start(200, (b"", b"c")),
    "a value with a line end": start(200, (b"x-a", b"b\r\nx-c: d")),
    "a value with a zero byte": start(200, (b"x-a", b"b\0")),
    "a name of umlauts": start(200, ("x-\xe4", b"b")),
    "a value of a number": start(200, (b"x-a", 5)),
    "two lengths": start(200, LENGTH_5, (b"content-length", b"6")),
    "a length that is no number": start(200, (b"content-length", b"five")),
    "headers that are no pairs": start(200, b"x-a"),
}


@pytest.mark.parametrize("message", REFUSED.values(), ids=REFUSED.keys())
def test_a_start_that_cannot_be_sent_is_an_error_in_the_application(message, caplog):
    caught = []

    async def app(scope, receive, send):
        try:
            await send(message)
        except Exception as error:
            caught.append(error)
            raise

    with uvicorn_of(app, lifespan="off") as server:
        assert over_a_socket(server, Request()).is_broken
    ours = in_process(Asgi(app, lifespan="off"), Request())

    assert len(caught) == 2
    assert (ours.status, ours.body) == (500, b"Internal Server Error")
    assert "asgi.application_failed" in caplog.text


def test_an_exception_without_a_text_is_a_status_500_too():
    class Unprintable(Exception):
        def __str__(self):
            raise ValueError("no text")

        __repr__ = __str__

    async def app(scope, receive, send):
        raise Unprintable

    ours = in_process(Asgi(app, lifespan="off"), Request())

    assert (ours.status, ours.body) == (500, b"Internal Server Error")


def test_after_a_start_that_was_refused_there_can_be_a_better_one():
    app = swallows(start(200, (b"x a", b"b")), start(201), body(b"x"))
    assert in_process(Asgi(app), Request()).status == 201


@pytest.mark.parametrize("value", [b" b ", b"b\t", b" "])
def test_blanks_around_the_value_of_a_header_are_no_part_of_it(value):
    """As RFC 9110 has it, and every client does. One of uvicorn's two parsers refuses it."""
    response = in_process(Asgi(sends(start(200, (b"x-a", value)), END)), Request())
    assert response.header("x-a") == [value.decode().strip()]


IGNORED = {
    "http.response.push": {"path": "/style.css", "headers": []},
    "http.response.early_hint": {"links": [b"</style.css>; rel=preload"]},
    "http.response.trailers": {"headers": [], "more_trailers": False},
    "http.response.debug": {"info": {}},
}


@pytest.mark.parametrize("kind", IGNORED)
def test_messages_of_extensions_that_are_not_offered_are_left_out(kind):
    message = {"type": kind, **IGNORED[kind]}
    trailing = {**START, "trailers": True}
    app = sends(message, trailing, message, body(b"a", True), message, body(b"b"), message)

    response = in_process(Asgi(app), Request())

    assert response.body == b"ab"
    assert not response.is_broken


@pytest.mark.parametrize("kind", ["http.response.zerocopysend", "http.response.pathsend"])
def test_messages_that_hold_a_body_are_not_left_out(kind):
    response = in_process(Asgi(sends(START, {"type": kind, "path": "/etc/hosts"})), Request())
    assert kind in str(response.error)


# --- the scope


async def scope_as_json(scope, receive, send):
    """Responds with the scope of the request, and with all that `receive` gives."""
    if scope["type"] != "http":
        raise NotImplementedError
    message = await receive()
    said = {
        **{name: value for name, value in scope.items() if not name.startswith("aws.")},
        "raw_path": scope["raw_path"].decode("latin-1"),
        "query_string": scope["query_string"].decode("latin-1"),
        "headers": [[name.decode(), value.decode("latin-1")] for name, value in scope["headers"]],
        "body": message["body"].decode("latin-1"),
        "more_body": message["more_body"],
    }
    await send(start(200, (b"content-type", b"application/json")))
    await send(body(json.dumps(said).encode()))


TARGETS = [
    "/",
    "/a/b?x=1&x=2",
    "/a%2Fb/%C3%A9%20?q=%26+x&z",
    "//double//slash?",
    "/caf%E9",
    "/a;b=c/@:!$&'()*+,=~?a=/?:@",
]
FRONTS_HEADERS = {"x-forwarded-for", "x-forwarded-port", "x-forwarded-proto", "x-amzn-trace-id"}


@pytest.fixture(scope="module")
def scopes():
    with uvicorn_of(scope_as_json) as address:
        yield address


def said_by(response):
    said = response.json
    for name in ("client", "server", "scheme", "extensions"):
        said.pop(name, None)
    said["headers"] = [each for each in said["headers"] if each[0] not in FRONTS_HEADERS]
    said["headers"].sort()
    return said


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_the_scope_is_the_one_that_uvicorn_makes(method, target, scopes):
    headers = (("x-a", "caf\xe9"), ("cookie", "a=b; c=d"), ("x-empty", ""))
    request = Request(method, target, headers, b"" if method == "GET" else b"\0\xff body")

    ours = in_process(Asgi(scope_as_json), request, function_url)

    assert said_by(ours) == said_by(over_a_socket(scopes, request))


@pytest.mark.parametrize("front", FRONTS.values(), ids=FRONTS.keys())
def test_the_scope_tells_what_a_front_knows(front):
    scopes = []

    async def app(scope, receive, send):
        scopes.append(scope)
        await sends(START, END)(scope, receive, send)

    context = object()
    payload = front(Request("GET", "/a"))
    Asgi(app, lifespan="off")(payload, context)["body"].close()
    (scope,) = scopes

    assert scope["scheme"] == dict(scope["headers"])[b"x-forwarded-proto"].decode()
    assert scope["server"] == ("shop.example", 443)
    assert scope["client"][0] == "127.0.0.1"
    assert scope["aws.event"] is payload
    assert scope["aws.context"] is context
    assert scope["asgi"] == {"version": "3.0", "spec_version": "2.3"}
    assert scope["extensions"] == {}


def test_a_base_path_is_the_root_path():
    handler = Asgi(scope_as_json, base_path="/shop")
    said = in_process(handler, Request("GET", "/shop/a")).json
    assert (said["root_path"], said["path"]) == ("/shop", "/shop/a")


# --- what is no application, and no request


class ApplicationClass:
    def __init__(self, scope, receive, send):
        self._send = send

    def __await__(self):
        return sends(START, body(b"class"))({"type": "http"}, None, self._send).__await__()


class ApplicationObject:
    async def __call__(self, scope, receive, send):
        await sends(START, body(b"object"))(scope, receive, send)


@pytest.mark.parametrize(
    ("app", "content"), [(ApplicationClass, b"class"), (ApplicationObject(), b"object")]
)
def test_classes_and_objects_are_applications(app, content):
    assert in_process(Asgi(app, lifespan="off"), Request()).body == content


class DoubleCallable:
    def __init__(self, scope):
        pass

    async def __call__(self, receive, send):
        pass


@pytest.mark.parametrize(
    ("app", "says"),
    [
        (None, "is callable"),
        ("module:app", "is callable"),
        (DoubleCallable, "ASGI 2"),
        (lambda environ, start_response: [], "lambda_streaming.Wsgi"),
        (lambda: None, "no ASGI application"),
        (lambda a, b, c, d: None, "no ASGI application"),
    ],
)
def test_anything_else_is_refused_with_a_sentence(app, says):
    with pytest.raises(TypeError, match=says):
        Asgi(app)


def test_a_lifespan_that_there_is_not_is_refused():
    with pytest.raises(ValueError, match="auto, on, off"):
        Asgi(scope_as_json, lifespan="yes")


WEB_SOCKET = {
    "requestContext": {"routeKey": "$connect", "eventType": "CONNECT", "connectionId": "x"},
}


@pytest.mark.parametrize("payload", [WEB_SOCKET, {"Records": []}, {}, None, [1], "text"])
def test_a_payload_that_is_no_request_is_refused_with_a_sentence(payload):
    with pytest.raises(NotAnHttpRequest):
        Asgi(scope_as_json)(payload, None)


# --- anything

NAMES = st.one_of(st.binary(max_size=8), st.text(max_size=8), st.none(), st.integers())


@given(st.lists(st.tuples(NAMES, NAMES), max_size=4), st.integers(0, 700))
@settings(max_examples=50)
def test_any_start_is_taken_or_refused(headers, status):
    """It never fails later, where nobody can see what was wrong."""
    message = {"type": "http.response.start", "status": status, "headers": headers}
    try:
        taken, pairs = response_start(message)
        framed_length("GET", taken, pairs)
    except (TypeError, ValueError):
        app = sends(message)
        assert in_process(Asgi(app, lifespan="off"), Request()).status == 500
    else:
        response = in_process(Asgi(sends(message, END), lifespan="off"), Request())
        assert response.status == taken or response.is_broken


@given(st.lists(st.binary(max_size=20), max_size=6))
@settings(max_examples=50)
def test_any_pieces_are_the_body(pieces):
    app = sends(START, *[body(piece, True) for piece in pieces], END)
    response = in_process(Asgi(app, lifespan="off"), Request())
    assert response.pieces == [piece for piece in pieces if piece]
