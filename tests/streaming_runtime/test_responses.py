"""Tests the response for each kind of result, byte by byte, as the Runtime API receives it."""

import base64
import datetime
import enum
import gzip
import io
import json
import zlib
from collections import namedtuple
from decimal import Decimal

import pytest
from awslambdaric.lambda_runtime_exception import FaultException
from awslambdaric.lambda_runtime_marshaller import LambdaMarshaller
from streaming_runtime.plan import HTTP_INTEGRATION, PRELUDE_LIMIT_BYTES

from tests.support.fake_runtime_api import api_request, url_request
from tests.support.waiting import eventually

HTML = {"Content-Type": "text/html"}
AS_BUFFERED = {"Content-Type": "application/json"}  # the type that fronts give to a buffered result


def alb_request():
    return {
        "body": json.dumps(
            {"httpMethod": "GET", "requestContext": {"elb": {"targetGroupArn": "arn"}}}
        ).encode()
    }


def http_api_request():
    """Returns format 2.0: the payload of a Function URL except for the domain."""
    return url_request(domainName="x.execute-api.eu-west-1.amazonaws.com")


def own_domain_request():
    """Returns the payload of an HTTP API whose clients come through a custom domain."""
    return url_request(
        domainName="api.example.com", domainPrefix="api", apiId="a1b2c3d4e5", routeKey="$default"
    )


def named_route_request():
    return url_request(domainName="127.0.0.1:8000", routeKey="GET /", stage="$default")


def local_request():
    """Returns the payload of an HTTP API under the emulator, where domains say nothing."""
    return url_request(
        domainName="127.0.0.1:8000",
        domainPrefix="httpapi",
        apiId="httpapi",
        accountId="123456789012",
        authorizer={"jwt": {}},
    )


def iam_request():
    """Returns the payload of a Function URL whose caller IAM knows, without its own domain."""
    return url_request(
        domainName="127.0.0.1:8000",
        domainPrefix="url",
        apiId="url",
        accountId="123456789012",
        authorizer={"iam": {"userId": "u"}},
        routeKey="$default",
        stage="$default",
    )


def http_api_request_1():
    """Returns format 1.0: the payload of a REST API except for the version."""
    return {"body": json.dumps({**json.loads(api_request()["body"]), "version": "1.0"}).encode()}


def returning(result):
    return lambda event, context: result


def test_a_caller_that_iam_knows_makes_no_http_api_of_a_function_url(serve):
    (post,) = serve(returning({"statusCode": 200, "body": iter("ab")}), iam_request())

    assert post.pieces[1:] == [b"a", b"b"]


def test_a_streamed_answer_has_the_four_headers_the_prelude_and_the_pieces(serve):
    def handler(event, context):
        return {"statusCode": 200, "headers": HTML, "body": iter([b"one", "zwei ü", b"three"])}

    (post,) = serve(handler, url_request())

    assert post.path == "invocation/request-1/response"
    assert post.headers["lambda-runtime-function-response-mode"] == "streaming"
    assert post.headers["transfer-encoding"] == "chunked"
    assert (
        post.headers["content-type"]
        == HTTP_INTEGRATION
        == "application/vnd.awslambda.http-integration-response"
    )
    assert (
        post.headers["trailer"]
        == "Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body"
    )
    assert post.pieces == [
        b'{"statusCode":200,"headers":{"Content-Type":"text/html"}}' + bytes(8),
        b"one",
        "zwei ü".encode(),
        b"three",
    ]
    assert post.complete
    assert post.trailers == {}


@pytest.mark.parametrize(
    "body", [b"\x00\xff bytes", "täxt", bytearray(b"array"), memoryview(b"view")]
)
def test_a_body_that_is_whole_goes_out_in_one_piece(serve, body):
    (post,) = serve(returning({"statusCode": 201, "body": body}), url_request())

    assert post.prelude == {"statusCode": 201, "headers": AS_BUFFERED}
    assert post.pieces[1:] == [body.encode() if isinstance(body, str) else bytes(body)]


def test_a_base64_body_goes_out_as_the_bytes_it_stands_for(serve):
    result = {
        "statusCode": 200,
        "isBase64Encoded": True,
        "body": base64.b64encode(b"\x89PNG\x00\xff").decode(),
    }
    (post,) = serve(returning(result), api_request())

    assert post.content == b"\x89PNG\x00\xff"


@pytest.mark.parametrize("body", [None, "", b"", iter(()), iter([b"", ""])])
def test_an_answer_never_has_zero_bytes_of_body(serve, body):
    (post,) = serve(returning({"statusCode": 200, "headers": HTML, "body": body}), url_request())

    assert post.content == b"\n"
    assert "content-length" not in post.prelude["headers"]


@pytest.mark.parametrize("request_of", [url_request, api_request])
@pytest.mark.parametrize(
    ("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304), ("HEAD", 404)]
)
def test_an_answer_that_may_have_no_body_says_so_and_closes_the_iterator_unread(
    serve, request_of, method, status
):
    closed = []

    class Body:
        def __iter__(self):
            return self

        def __next__(self):
            raise AssertionError("nobody may read this")

        def close(self):
            closed.append(True)

    (post,) = serve(
        returning({"statusCode": status, "headers": {"Content-Length": "5"}, "body": Body()}),
        request_of(method),
    )

    assert post.prelude["headers"] == {"content-length": "0"}
    assert post.content == b""
    assert closed


def test_an_empty_yield_never_ends_the_stream(serve):
    body = iter([b"", b"a", b"", "", b"b"])
    (post,) = serve(returning({"statusCode": 200, "body": body}), url_request())

    assert post.pieces[1:] == [b"a", b"b"]
    assert post.complete


def test_eight_zero_bytes_inside_the_body_are_body(serve):
    (post,) = serve(
        returning({"statusCode": 200, "body": iter([bytes(8), b"x" + bytes(9)])}), url_request()
    )

    assert post.content == bytes(8) + b"x" + bytes(9)


def test_any_iterable_object_is_a_body(serve):
    body = {"line 1\n": 1, "line 2": 2}.keys()
    (post,) = serve(returning({"statusCode": 200, "body": body}), url_request())

    assert post.pieces[1:] == [b"line 1\n", b"line 2"]


def test_the_iterator_is_closed_after_its_end(serve):
    file = io.BytesIO(b"x")
    serve(returning({"statusCode": 200, "body": file}), url_request())

    assert file.closed


def test_framing_headers_are_dropped_in_any_spelling(serve):
    headers = {
        "Content-Length": "3",
        "transfer-encoding": "chunked",
        "CONNECTION": "close",
        "Keep-Alive": "timeout=5",
        "Content-Encoding": "identity",
        "X-Kept": "yes",
    }
    (post,) = serve(
        returning({"statusCode": 200, "headers": headers, "body": "abc"}), url_request()
    )

    assert post.prelude["headers"] == {"X-Kept": "yes", **AS_BUFFERED}


@pytest.mark.parametrize(
    ("name", "compress"), [("gzip", gzip.compress), ("deflate", zlib.compress)]
)
def test_a_compressed_body_is_sent_uncompressed(serve, name, compress):
    encoded = {"isBase64Encoded": True, "body": base64.b64encode(compress(b"plain")).decode()}
    (post,) = serve(
        returning({"statusCode": 200, "headers": {"Content-Encoding": name}, **encoded}),
        url_request(),
    )

    assert post.content == b"plain"
    assert post.prelude["headers"] == AS_BUFFERED


def test_an_encoding_that_is_said_twice_is_undone_once(serve):
    said = {
        "headers": {"Content-Encoding": "gzip"},
        "multiValueHeaders": {"content-encoding": ["GZIP"]},
    }
    (post,) = serve(
        returning({"statusCode": 200, **said, "body": gzip.compress(b"plain")}), url_request()
    )

    assert post.content == b"plain"


def test_all_members_of_a_gzip_body_are_sent(serve):
    body = gzip.compress(b"one ") + gzip.compress(b"two")
    (post,) = serve(
        returning({"statusCode": 200, "headers": {"Content-Encoding": "gzip"}, "body": body}),
        url_request(),
    )

    assert post.content == b"one two"


@pytest.mark.parametrize(
    ("name", "compress"), [("gzip", gzip.compress), ("deflate", zlib.compress)]
)
def test_a_compressed_body_that_is_cut_short_is_an_error_and_no_shorter_answer(
    serve, name, compress
):
    body = compress(b"plain text" * 1_000)[:-9]
    (post,) = serve(
        returning({"statusCode": 200, "headers": {"Content-Encoding": name}, "body": body}),
        url_request(),
    )

    assert post.kind == "error"


@pytest.mark.parametrize("request_of", [alb_request, http_api_request, http_api_request_1])
@pytest.mark.parametrize("iterate", [False, True])
def test_a_front_that_cannot_stream_gets_a_compressed_body_as_it_is(serve, request_of, iterate):
    packed = gzip.compress(b"plain")
    headers = {"Content-Encoding": "gzip", "X-Kept": "yes"}
    result = {
        "statusCode": 200,
        "headers": headers,
        "body": iter([packed[:9], packed[9:]]) if iterate else packed,
    }
    (post,) = serve(returning(result), request_of())

    response = json.loads(post.body)
    assert response["headers"] == headers
    assert response["isBase64Encoded"]
    assert gzip.decompress(base64.b64decode(response["body"])) == b"plain"


def test_a_function_url_gets_single_headers_and_the_cookies_apart(serve):
    result = {
        "statusCode": "200",
        "headers": {"Content-Type": "text/plain", "X-Flag": True, "X-None": None},
        "multiValueHeaders": {"Vary": ["Origin", "Accept"], "Set-Cookie": ["a=1", "b=2; Path=/"]},
        "cookies": ["c=3"],
        "body": "x",
    }
    (post,) = serve(returning(result), url_request())

    assert post.prelude == {
        "statusCode": 200,
        "headers": {
            "Vary": "Origin, Accept",
            "Content-Type": "text/plain",
            "X-Flag": "true",
            "X-None": "",
        },
        "cookies": ["c=3", "a=1", "b=2; Path=/"],
    }


def test_api_gateway_gets_lists_only_where_there_are_several_values(serve):
    result = {
        "statusCode": 200,
        "headers": {"content-type": "text/plain", "Set-Cookie": "d=4"},
        "multiValueHeaders": {"Content-Type": ["text/plain"], "Vary": ["Origin", "Accept"]},
        "cookies": ["c=3"],
        "body": "x",
    }
    (post,) = serve(returning(result), api_request())

    assert post.prelude == {
        "statusCode": 200,
        "headers": {"Content-Type": "text/plain"},
        "multiValueHeaders": {"Vary": ["Origin", "Accept"], "Set-Cookie": ["c=3", "d=4"]},
    }


def test_a_prelude_up_to_the_limit_passes_and_one_byte_more_does_not(serve):
    overhead = len(b'{"statusCode":200,"headers":{"X":""}}') + 8

    def result(length):
        return {"statusCode": 200, "headers": {"X": "x" * length}, "body": iter(["b"])}

    fits = PRELUDE_LIMIT_BYTES - overhead
    results = iter([result(fits), result(fits + 1)])

    first, second = serve(lambda event, context: next(results), url_request(), url_request())

    assert len(first.pieces[0]) == PRELUDE_LIMIT_BYTES == 16_000
    assert second.kind == "error"
    assert "16000" in second.error["errorMessage"]


@pytest.mark.parametrize(
    ("result", "says"),
    [
        ({"statusCode": 99}, "statusCode"),
        ({"statusCode": 600}, "statusCode"),
        ({"statusCode": True}, "statusCode"),
        ({"statusCode": None}, "statusCode"),
        ({"statusCode": 200, "headers": {"X": "a\r\nSet-Cookie: evil=1"}}, "X"),
        ({"statusCode": 200, "headers": {"X\n": "a"}}, "header names"),
        ({"statusCode": 200, "cookies": ["a=1\r\nX: y"]}, "cookies"),
        ({"statusCode": 200, "body": 5}, "body must be"),
        ({"statusCode": 200, "body": {"a": 1}}, "body must be"),
        ({"statusCode": 200, "body": iter([1])}, "yields bytes or str"),
        ({"statusCode": 200, "body": iter([None])}, "yields bytes or str"),
        ({"statusCode": 200, "body": iter(["\ud800"])}, "surrogates"),
        ({"statusCode": 200, "body": "no base64!", "isBase64Encoded": True}, "base64"),
        (
            {"statusCode": 200, "body": iter([b"xx"]), "headers": {"Content-Encoding": "gzip"}},
            "Content-Encoding gzip",
        ),
    ],
)
def test_a_result_that_is_no_http_answer_is_an_invocation_error_that_names_the_place(
    serve, result, says
):
    results = [{}, result]
    bad, good = serve(lambda event, context: results.pop(), url_request(), url_request())

    assert bad.path == "invocation/request-1/error"
    assert says.lower() in bad.error["errorMessage"].lower()
    assert good.kind == "response"


class Word(enum.StrEnum):
    ONE = "one"


Pair = namedtuple("Pair", "first second")
LOOP = []
LOOP.append(LOOP)


def of_the_stock_client(result):
    """Returns its call, the content type, and the body or the type of the error."""
    try:
        body, content_type = LambdaMarshaller().marshal_response(result)
    except FaultException as fault:
        return "error", "application/vnd.aws.lambda.error+json", fault.exception_type
    return "response", content_type, body if isinstance(body, bytes) else body.encode()


@pytest.mark.parametrize(
    "result",
    [
        *({"a": [1, None, 2.5, True]}, "text", 5, None, [], (1, 2), float("nan")),
        *(
            Decimal("3"),
            Decimal("3.10"),
            Decimal("1E+2"),
            Decimal("-0"),
            Decimal("NaN"),
            Decimal("-Infinity"),
        ),
        {"digits": [Decimal("12345678901234567890.123456789")]},
        *(b"7", b"\x00\xff", {"a": b"7"}, {b"k": 1}, {"a": b"\xff"}, bytearray(b"x")),
        *({1: 1, None: 2, False: 3, 1.5: 4}, {Decimal(1): 1}, {(1, 2): 3}),
        *(Pair(1, [Pair(2, Decimal(3))]), {"word": Word.ONE}, 10**30),
        *('Кириллица \u2028 \x01 \x7f "quoted" \\ /', {"ключ": "\U0001f600"}),
        *({1, 2}, object(), datetime.date(2026, 1, 1), {"x": iter([1])}, LOOP),
    ],
)
def test_a_plain_result_is_answered_byte_for_byte_as_the_stock_client_does(
    serve, monkeypatch, result
):
    monkeypatch.setenv("AWS_EXECUTION_ENV", "AWS_Lambda_python3.13")
    (post,) = serve(returning(result), {"body": b'{"any": "payload"}'})

    told = post.error["errorType"] if post.kind == "error" else post.body
    assert (post.kind, post.headers["content-type"], told) == of_the_stock_client(result)
    assert "lambda-runtime-function-response-mode" not in post.headers


def test_a_plain_result_to_an_http_request_is_buffered_too(serve):
    (post,) = serve(returning({"hello": "world"}), url_request())

    assert post.body == b'{"hello": "world"}'


def test_what_json_cannot_say_is_a_marshal_error(serve):
    (post,) = serve(returning({"x": object()}), {})

    assert post.error["errorType"] == "Runtime.MarshalError"
    assert post.headers["lambda-runtime-function-error-type"] == "Runtime.MarshalError"


@pytest.mark.parametrize(
    "request_of",
    [
        alb_request,
        http_api_request,
        http_api_request_1,
        own_domain_request,
        named_route_request,
        local_request,
    ],
)
def test_fronts_that_cannot_stream_get_buffered_proxy_json(serve, request_of):
    bodies = [[b"\xff\xfe"], [b"a", "b"]]

    def handler(event, context):
        return {"statusCode": 200, "body": iter(bodies.pop())}

    text, binary = serve(handler, request_of(), request_of())

    assert json.loads(text.body) == {"statusCode": 200, "body": "ab", "isBase64Encoded": False}
    assert json.loads(binary.body) == {"statusCode": 200, "body": "//4=", "isBase64Encoded": True}


@pytest.mark.parametrize("request_of", [alb_request, http_api_request, http_api_request_1])
def test_a_handler_that_is_a_generator_gives_them_proxy_json_too(serve, request_of):
    def handler(event, context):
        yield b"a"
        yield "b"

    (post,) = serve(handler, request_of())

    assert json.loads(post.body) == {
        "statusCode": 200,
        "headers": {"Content-Type": "application/octet-stream"},
        "body": "ab",
        "isBase64Encoded": False,
    }


def test_a_proxy_result_to_something_that_is_no_request_passes_as_it_is(serve):
    result = {"statusCode": 200, "body": "x", "extra": 1}
    (post,) = serve(returning(result), {"body": b'{"Records": []}'})

    assert json.loads(post.body) == result


def test_the_buffered_setting_answers_http_requests_with_proxy_json(serve):
    result = {"statusCode": 200, "headers": HTML, "cookies": ["a=1"], "body": iter([b"a", b"b"])}
    environ = {"STREAMING_RUNTIME_RESPONSE_MODE": "buffered"}
    (post,) = serve(returning(result), url_request(), environ=environ)

    assert json.loads(post.body) == {
        "statusCode": 200,
        "headers": HTML,
        "cookies": ["a=1"],
        "body": "ab",
        "isBase64Encoded": False,
    }


def test_a_handler_that_is_a_generator_streams_its_raw_bytes(serve):
    def handler(event, context):
        yield b"a"
        yield "b"

    raw, http = serve(handler, {"body": b'"any"'}, url_request())

    assert raw.headers["content-type"] == "application/octet-stream"
    assert raw.pieces == [b"a", b"b"]
    assert http.prelude == {
        "statusCode": 200,
        "headers": {"Content-Type": "application/octet-stream"},
    }
    assert http.content == b"ab"


def test_each_piece_is_on_the_wire_at_once_in_one_write(serve):
    """Yields each piece only after the platform has read the one before.

    A piece that is held back would block this for ever.
    """
    reads = []

    def has_pieces(count):
        posts = serve.platform.posts
        return posts and len(posts[0].pieces) == count

    def body():
        for number in range(5):
            yield b"piece %d" % number
            eventually(lambda: has_pieces(number + 2))  # noqa: B023
            reads.append(len(serve.platform.posts[0].reads))

    posts = serve(lambda event, context: {"statusCode": 200, "body": body()}, url_request())
    assert posts[0].pieces[1:] == [b"piece %d" % number for number in range(5)]
    assert reads == list(range(reads[0], reads[0] + 5))  # one more read for each piece, never two
