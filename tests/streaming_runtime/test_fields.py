"""Tests each field of a proxy result: the right thing is sent, or an error names it."""

import decimal
import enum
import http
import json
from collections import UserDict, namedtuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel
from streaming_runtime.plan import (
    HTTP_INTEGRATION,
    PRELUDE_END,
    Buffered,
    Front,
    Plain,
    Streamed,
    front_of,
    plan,
)

from tests.support.fake_runtime_api import api_request, url_request

URL = Front("2.0", "GET", streams=True)
API = Front("1.0", "GET", streams=True)
HANDLER = "package/app.handler"


def prelude_of(result, front=URL):
    """Returns the prelude that a front gets for `result`."""
    planned = plan(result, front, buffered=False, handler=HANDLER)
    assert planned.prelude.endswith(PRELUDE_END)
    return json.loads(planned.prelude.removesuffix(PRELUDE_END))


def pieces():
    yield b"piece"


def refused(serve, result):
    """Returns the error that `result` becomes."""
    (post,) = serve(
        lambda event, context: result, url_request(), environ={"_HANDLER": "app.handler"}
    )
    assert post.kind == "error"
    assert post.error["errorMessage"].startswith("app.handler: ")
    return post.error["errorMessage"]


class Coloured(str, enum.Enum):  # noqa: UP042  (the older kind, whose str is another)
    RED = "red"


class Status(enum.IntEnum):
    MADE = 201


Point = namedtuple("Point", "x y")


class Model(BaseModel):
    a: int = 1


# --- status


@pytest.mark.parametrize(
    ("status", "sent"),
    [
        (200, 200),
        ("404", 404),
        (200.0, 200),
        (decimal.Decimal(201), 201),
        (http.HTTPStatus.NOT_FOUND, 404),
        (Status.MADE, 201),
        (599, 599),
    ],
)
def test_a_status_of_any_type_of_number_is_sent_as_one(status, sent):
    assert prelude_of({"statusCode": status, "body": pieces()})["statusCode"] == sent


@pytest.mark.parametrize(
    "status", [100, 101, 103, 199, 0, 99, 600, -200, "200 OK", "", None, True, 200.5, [], b"200"]
)
def test_any_other_status_is_an_error_that_names_the_field(serve, status):
    message = refused(serve, {"statusCode": status, "body": pieces()})

    assert message.startswith("app.handler: statusCode ")
    if status in (100, 101, 103, 199) and status is not True:
        assert "announces a response" in message


def test_a_body_of_pieces_needs_no_status(serve):
    posts = serve(lambda event, context: {"body": pieces()}, url_request(), api_request())

    assert [post.prelude["statusCode"] for post in posts] == [200, 200]
    assert [post.content for post in posts] == [b"piece", b"piece"]


@pytest.mark.parametrize("body", ["text", ["a"], {"a": 1}, None, 5])
def test_any_other_dict_without_a_status_is_a_plain_result_as_with_the_stock_client(body):
    assert plan({"body": body}, URL, buffered=False).body == json.dumps({"body": body}).encode()


# --- headers and cookies


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        (b"by\xe4tes", "by\xe4tes"),
        (5, "5"),
        (2.5, "2.5"),
        (True, "true"),
        (False, "false"),
        (None, ""),
        (decimal.Decimal("1.50"), "1.50"),
        (Coloured.RED, "red"),
        (Status.MADE, "201"),
        (["a", b"b", 3], "a, b, 3"),
        (("a",), "a"),
        ([], None),
        ("Gr\u00fc\u00dfe \u20ac \U0001f600", "Gr\u00fc\u00dfe \u20ac \U0001f600"),
        ("tab\tinside", "tab\tinside"),
    ],
)
def test_a_header_value_of_any_plain_type_is_sent_as_text(value, sent):
    headers = {"X-Any": value, "Content-Type": "text/plain"}
    found = prelude_of({"statusCode": 200, "headers": headers, "body": "x"})["headers"]

    assert found.get("X-Any") == sent


@pytest.mark.parametrize("value", [{"a": 1}, {1}, object(), [["a"]], [{"a": 1}], pieces])
def test_any_other_header_value_is_an_error_that_names_the_header(serve, value):
    message = refused(serve, {"statusCode": 200, "headers": {"X-Any": value}, "body": "x"})

    assert message.startswith("app.handler: X-Any: ")


@pytest.mark.parametrize(
    "name", ["X Any", "X-Any:", "", "Ünicode", "X\n", "a,b", "(a)", 'a"b', "a/b", "\ud800", None]
)
def test_what_cannot_be_the_name_of_a_header_is_an_error(serve, name):
    message = refused(serve, {"statusCode": 200, "headers": {name: "x"}, "body": "x"})

    assert message.startswith("app.handler: header names: ")


def test_names_may_be_bytes():
    headers = {b"Content-Type": "text/plain"}

    assert prelude_of({"statusCode": 200, "headers": headers, "body": "x"})["headers"] == {
        "Content-Type": "text/plain"
    }


@pytest.mark.parametrize("group", ["headers", "multiValueHeaders"])
@pytest.mark.parametrize("value", [[("a", "b")], "a: b", 5, True, ()])
def test_headers_that_are_no_object_are_an_error_that_names_the_field(serve, group, value):
    message = refused(serve, {"statusCode": 200, group: value, "body": "x"})

    assert message.startswith(f"app.handler: {group} must be an object")


def test_headers_may_be_missing_or_any_mapping():
    for headers in (None, {}, UserDict({"X-A": "1"})):
        sent = prelude_of({"statusCode": 200, "headers": headers, "body": pieces()})["headers"]
        assert sent == dict(headers or {})


@pytest.mark.parametrize(
    ("cookies", "sent"),
    [
        ("a=1; Path=/", ["a=1; Path=/"]),
        (b"a=1", ["a=1"]),
        (["a=1", b"b=2"], ["a=1", "b=2"]),
        (("a=1", "b=2"), ["a=1", "b=2"]),
        (None, None),
        ([], None),
        ((cookie for cookie in ["a=1"]), ["a=1"]),
    ],
)
def test_cookies_are_a_list_and_a_text_is_one_cookie(cookies, sent):
    assert prelude_of({"statusCode": 200, "cookies": cookies, "body": "x"}).get("cookies") == sent


def test_one_cookie_as_text_becomes_one_header_of_a_rest_api():
    sent = prelude_of({"statusCode": 200, "cookies": "a=1", "body": "x"}, API)

    assert sent["multiValueHeaders"] == {"Set-Cookie": ["a=1"]}


@pytest.mark.parametrize("cookies", [{"a": "1"}, 5, True, [5], [None], [["a=1"]], ["a\r\nb"]])
def test_any_other_cookies_are_an_error_that_names_the_field(serve, cookies):
    message = refused(serve, {"statusCode": 200, "cookies": cookies, "body": "x"})

    assert message.startswith("app.handler: cookies")


TOKEN = st.text("!#$%&'*+.^_`|~-0123456789abcXYZ", min_size=1, max_size=20)
VALUE = st.text(max_size=50) | st.binary(max_size=50) | st.integers() | st.booleans() | st.none()


@settings(max_examples=40)
@given(st.dictionaries(TOKEN | st.text(max_size=10), VALUE, max_size=5))
def test_headers_are_sent_as_text_or_refused_with_an_error_that_names_the_handler(headers):
    refusal = f"{HANDLER}: "
    sent = {}
    try:
        sent = prelude_of({"statusCode": 200, "headers": headers, "body": pieces()})["headers"]
    except (TypeError, ValueError) as error:
        refusal = str(error)
    assert refusal.startswith(f"{HANDLER}: ")
    for name, value in sent.items():
        assert isinstance(value, str)
        assert not set(value) & set("\r\n\0")
        assert not set(name) & set(" :\r\n\0")


# --- body


@pytest.mark.parametrize("piece", [{"a": 1}, ["a"], None, 5, 2.5, True, Model(), Point(1, 2)])
def test_a_piece_of_another_type_is_an_error_that_says_which_piece_it_was(serve, piece):
    message = refused(serve, {"statusCode": 200, "body": iter([b"", b"", piece])})

    assert message == (
        f"app.handler: piece 3 of the body is a {type(piece).__name__}; a body yields bytes or str"
    )


def test_text_that_utf_8_cannot_say_names_its_piece(serve):
    (post,) = serve(
        lambda event, context: {"statusCode": 200, "body": iter(["", "\ud800"])},
        url_request(),
        environ={"_HANDLER": "app.handler"},
    )

    assert "surrogates not allowed (piece 2 of the body of app.handler)" in str(post.error)


def generator_function():
    yield b"x"


class Iterated:
    def __iter__(self):
        return iter([b"x"])


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"a": 1}, "body must be"),
        (UserDict(a=1), "body must be"),
        (5, "body must be"),
        (2.5, "body must be"),
        (True, "body must be"),
        (object(), "body must be"),
        (generator_function, "a call is missing"),
        (lambda: "x", "a call is missing"),
        (Iterated, "not the class Iterated"),
        ({b"a", b"b"}, "a set has no order"),
        (frozenset([b"a"]), "a set has no order"),
        (range(3), "piece 1 of the body is a int"),
        (zip([b"a"], [b"b"], strict=True), "piece 1 of the body is a tuple"),
        ([{"a": 1}], "piece 1 of the body is a dict"),
        (Model(), "piece 1 of the body is a tuple"),
    ],
)
def test_a_body_of_another_type_is_an_error_that_names_the_field(serve, body, says):
    assert says in refused(serve, {"statusCode": 200, "body": body})


@pytest.mark.parametrize(
    "body",
    [
        [b"a", "b"],
        (b"a", b"b"),
        {1: b"a", 2: b"b"}.values(),
        map(str, ["a", "b"]),
        (each for each in "ab"),
        filter(None, [b"a", b"", b"b"]),
    ],
    ids=lambda body: type(body).__name__,
)
def test_any_iterable_with_an_order_is_a_body(serve, body):
    (post,) = serve(lambda event, context: {"statusCode": 200, "body": body}, url_request())

    assert post.pieces[1:] == [b"a", b"b"]


def test_a_result_that_cannot_be_sent_has_its_body_closed():
    closed = []

    class Body:
        def __iter__(self):
            return self

        def close(self):
            closed.append(True)

    with pytest.raises(ValueError, match="statusCode"):
        plan({"statusCode": 42, "body": Body()}, URL, buffered=False)
    assert closed


@pytest.mark.parametrize("value", ["true", "false", "", 2, []])
def test_whether_a_body_is_base64_is_said_by_true_or_false(serve, value):
    message = refused(serve, {"statusCode": 200, "isBase64Encoded": value, "body": "eA=="})

    assert message.startswith("app.handler: isBase64Encoded must be")


# --- the type that nobody named


@pytest.mark.parametrize("body", ["x", b"x", "", None])
@pytest.mark.parametrize("front", [URL, API])
def test_a_whole_body_without_a_type_gets_the_one_that_a_buffered_response_would_get(body, front):
    sent = prelude_of({"statusCode": 200, "headers": {"X": "1"}, "body": body}, front)

    assert sent["headers"] == {"X": "1", "Content-Type": "application/json"}


@pytest.mark.parametrize(
    "result",
    [
        {"statusCode": 200, "body": pieces()},
        {"statusCode": 204},
        {"statusCode": 304, "body": "x"},
    ],
)
def test_pieces_and_responses_without_a_body_get_no_type(result):
    headers = prelude_of(result)["headers"]

    assert "content-type" not in {name.lower() for name in headers}


@pytest.mark.parametrize("headers", ["headers", "multiValueHeaders"])
def test_a_type_that_is_named_is_kept_in_any_spelling(headers):
    sent = prelude_of({"statusCode": 200, headers: {"CONTENT-type": ["text/csv"]}, "body": "x"})

    assert sent["headers"] == {"CONTENT-type": "text/csv"}


# --- who asks

WEB_SOCKET = {"requestContext": {"connectionId": "a", "routeKey": "$default"}}
LATTICE_1 = {"raw_path": "/", "method": "GET", "headers": {}}
LATTICE_2 = {"version": "2.0", "path": "/", "requestContext": {"serviceNetworkArn": "arn"}}


@pytest.mark.parametrize("payload", [WEB_SOCKET, LATTICE_1, LATTICE_2])
def test_fronts_of_other_kinds_get_the_pieces_collected(serve, payload):
    def handler(event, context):
        return {"statusCode": 200, "body": pieces()}

    (post,) = serve(handler, {"body": json.dumps(payload).encode()})

    assert json.loads(post.body) == {"statusCode": 200, "body": "piece", "isBase64Encoded": False}


@pytest.mark.parametrize("payload", [{}, {"Records": []}, [], "text", None, {"a": 1}])
def test_a_program_that_calls_the_function_gets_its_stream(serve, payload):
    result = {"statusCode": 201, "headers": {"X": "1"}, "cookies": ["a=1"], "body": pieces()}
    (post,) = serve(lambda event, context: result, {"body": json.dumps(payload).encode()})

    assert post.headers["content-type"] == HTTP_INTEGRATION
    assert post.prelude == {"statusCode": 201, "headers": {"X": "1"}, "cookies": ["a=1"]}
    assert post.content == b"piece"


def test_where_nothing_can_stream_it_gets_the_pieces_collected(serve):
    environ = {"STREAMING_RUNTIME_RESPONSE_MODE": "buffered"}
    result = {"statusCode": 201, "body": pieces()}
    (post,) = serve(lambda event, context: result, {"body": b"{}"}, environ=environ)

    assert json.loads(post.body)["body"] == "piece"


@pytest.mark.parametrize(
    "body", ["text", b"text", None, {"a": 1}, [1, 2], ["a", "b"], 5, decimal.Decimal("1.5")]
)
def test_without_a_stream_it_gets_what_the_stock_client_would_say(body):
    result = {"statusCode": 200, "body": body}
    planned = plan(result, front_of({"any": "payload"}), buffered=False)

    assert isinstance(planned, Plain)


def test_the_kinds_of_plans_for_one_result():
    def planned(front, *, buffered=False):
        return type(plan({"statusCode": 200, "body": pieces()}, front, buffered=buffered))

    assert planned(URL) is planned(API) is planned(None) is Streamed
    assert planned(Front("1.0", "GET", streams=False)) is Buffered
    assert planned(None, buffered=True) is Buffered
