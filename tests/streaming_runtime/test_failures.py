"""Tests every way to fail: the report, `finally` blocks, and the next invocation."""

import base64
import json
import threading
import time

import pytest
from streaming_runtime.runtime_api import last_chunk

from tests.streaming_runtime.handlers import OK, first_then_fine
from tests.support.fake_runtime_api import url_request

TRAILER_LIMIT_BYTES = 4_000  # 4,096 destroys a response, so keep a margin
TYPE = "lambda-runtime-function-error-type"
BODY = "lambda-runtime-function-error-body"


def fails():
    raise LookupError("no such thing")


def trailer_error(post):
    return json.loads(base64.b64decode(post.trailers[BODY], validate=True))


def test_an_error_before_the_first_byte_is_an_honest_invocation_error(serve):
    bad, good = serve(first_then_fine(fails), url_request(), url_request())

    assert bad.path == "invocation/request-1/error"
    assert bad.headers[TYPE] == "Function.LookupError"
    assert bad.headers["content-type"] == "application/vnd.aws.lambda.error+json"
    assert bad.error["errorMessage"] == "no such thing"
    assert bad.error["errorType"] == "LookupError"
    assert bad.error["requestId"] == "request-1"
    assert 'in fails\n    raise LookupError("no such thing")' in bad.error["stackTrace"][-1]
    assert not [frame for frame in bad.error["stackTrace"] if "/streaming_runtime/python/" in frame]
    assert good.content == b"fine"


def test_an_iterator_that_fails_before_it_yields_is_one_too(serve):
    def body():
        yield b""
        fails()

    bad, good = serve(
        first_then_fine(lambda: {"statusCode": 200, "body": body()}), url_request(), url_request()
    )

    assert bad.kind == "error"
    assert bad.error["errorType"] == "LookupError"
    assert good.content == b"fine"


def test_a_handler_that_fails_midway_says_so_in_the_trailers(serve):
    def body():
        yield b"half"
        fails()

    bad, good = serve(
        first_then_fine(lambda: {"statusCode": 200, "body": body()}), url_request(), url_request()
    )

    assert bad.kind == "response"
    assert bad.complete
    assert bad.content == b"half"
    assert bad.trailers[TYPE] == "Function.LookupError"
    assert trailer_error(bad)["errorMessage"] == "no such thing"
    assert "in fails" in trailer_error(bad)["stackTrace"][-1]
    assert good.content == b"fine"


@pytest.mark.parametrize("yielded", [5, None, "\ud800", object()])
def test_a_piece_that_is_no_bytes_ends_a_begun_stream_with_trailers(serve, yielded):
    body = iter([b"half", yielded])
    bad, good = serve(
        first_then_fine(lambda: {"statusCode": 200, "body": body}), url_request(), url_request()
    )

    assert bad.content == b"half"
    assert bad.trailers[TYPE] in ("Function.TypeError", "Function.UnicodeEncodeError")
    assert good.content == b"fine"


@pytest.mark.parametrize("character", ["x", "ü", "\U0001f600", "\x00", '"'])
def test_a_huge_error_message_stays_within_what_trailers_bear(serve, character):
    def body():
        yield b"half"
        raise ValueError(character * 1_000_000)

    bad, good = serve(
        first_then_fine(lambda: {"statusCode": 200, "body": body()}), url_request(), url_request()
    )
    block = f"{TYPE}: {bad.trailers[TYPE]}\r\n{BODY}: {bad.trailers[BODY]}\r\n\r\n"

    assert len(block) <= TRAILER_LIMIT_BYTES
    assert trailer_error(bad)["errorMessage"].startswith(character * 100)
    assert trailer_error(bad)["errorMessage"].endswith(" [cut]")
    assert good.content == b"fine"


def test_a_deep_stack_trace_keeps_its_inner_end(serve):
    def deeper(depth):
        return deeper(depth - 1) if depth else fails()

    def body():
        yield b"half"
        deeper(200)

    (bad, _) = serve(
        first_then_fine(lambda: {"statusCode": 200, "body": body()}), url_request(), url_request()
    )

    assert trailer_error(bad)["errorMessage"] == "no such thing"
    assert "in fails" in trailer_error(bad)["stackTrace"][-1]


def test_the_longest_error_type_and_body_stay_within_the_limit():
    assert (
        len(last_chunk("Function." + "x" * 100, b"x" * 2_790)) - len(b"0\r\n")
        <= TRAILER_LIMIT_BYTES
    )


def test_a_huge_error_before_the_first_byte_is_cut_but_told(serve):
    def fail():
        raise ValueError("m" * 10_000_000)

    bad, good = serve(first_then_fine(fail), url_request(), url_request())

    assert len(bad.body) <= 262_144
    assert bad.error["errorMessage"].startswith("mmm")
    assert good.content == b"fine"


def test_an_error_type_cannot_inject_a_header(serve):
    error = type("Evil\r\nX: y", (Exception,), {})

    def fail():
        raise error("x")

    bad, _ = serve(first_then_fine(fail), url_request(), url_request())

    assert bad.headers[TYPE] == "Function.Evil??X:?y"
    assert "x" not in bad.headers


def test_an_error_that_cannot_be_printed_is_still_told(serve):
    class Mute(Exception):
        def __str__(self):
            raise RuntimeError("no")

    def fail():
        raise Mute

    bad, good = serve(first_then_fine(fail), url_request(), url_request())

    assert bad.error["errorMessage"] == "<no message: __str__ raised RuntimeError>"
    assert good.content == b"fine"


def test_sys_exit_in_a_handler_is_an_error_of_that_invocation(serve):
    def leave():
        raise SystemExit(3)

    bad, good = serve(first_then_fine(leave), url_request(), url_request())

    assert bad.error["errorType"] == "SystemExit"
    assert good.content == b"fine"


def test_a_payload_that_is_not_json_is_an_error_of_that_invocation(serve):
    bad, good = serve(lambda event, context: OK, {"body": b"{nonsense"}, url_request())

    assert bad.error["errorType"] == "Runtime.UnmarshalError"
    assert good.content == b"fine"


def test_a_generator_that_ignores_being_closed_is_told_in_the_trailers(serve):
    def body():
        while True:
            try:
                yield b"x"
            except GeneratorExit:
                yield b"never"

    handler = first_then_fine(lambda: {"statusCode": 200, "body": body()})
    bad, good = serve(handler, {**url_request(), "timeout_ms": 500}, url_request())

    assert bad.complete
    assert b"never" not in bad.content
    assert trailer_error(bad)["errorMessage"] == "generator ignored GeneratorExit"
    assert good.content == b"fine"


def test_an_error_in_the_generators_finally_is_told(serve):
    def body():
        try:
            yield b"half"
        finally:
            fails()

    bad, good = serve(
        first_then_fine(lambda: {"statusCode": 200, "body": body()}), url_request(), url_request()
    )

    assert bad.content == b"half"
    assert bad.trailers[TYPE] == "Function.LookupError"
    assert good.content == b"fine"


def test_an_iterator_whose_time_is_up_is_closed_between_pieces_and_ends_with_whole_pieces(serve):
    left = []

    def body(context):
        try:
            while True:
                yield b"[whole piece]"
                time.sleep(0.002)  # a reader that keeps up needs no more time than this
        finally:
            left.append(context.get_remaining_time_in_millis())

    def handler(event, context):
        return OK if left else {"statusCode": 200, "body": body(context)}

    bad, good = serve(handler, {**url_request(), "timeout_ms": 2_000}, url_request())

    assert bad.complete
    assert bad.content.replace(b"[whole piece]", b"") == b""
    assert bad.trailers[TYPE] == "Runtime.DeadlineExceeded"
    assert 0 < left[0] <= 250  # a tenth of a short timeout is reserved for closing
    assert good.content == b"fine"


def test_a_silent_iterator_whose_time_is_up_is_an_invocation_error(serve):
    def body():
        while True:
            time.sleep(0.01)
            yield b""

    script = {**url_request(), "timeout_ms": 500}
    bad, good = serve(
        first_then_fine(lambda: {"statusCode": 200, "body": body()}), script, url_request()
    )

    assert bad.kind == "error"
    assert bad.headers[TYPE] == "Runtime.DeadlineExceeded"
    assert good.content == b"fine"


@pytest.mark.parametrize(
    "deadline_ms", [None, "", "0", "1", str(10**18), "9" * 5_000, "soon", "-1", "1e3"]
)
def test_a_deadline_that_cannot_be_true_counts_as_fifteen_minutes(serve, deadline_ms):
    left = []

    def handler(event, context):
        left.append(context.get_remaining_time_in_millis())
        return OK

    (post,) = serve(
        handler, {**url_request(), "headers": {"Lambda-Runtime-Deadline-Ms": deadline_ms}}
    )

    assert post.content == b"fine"
    assert 890_000 < left[0] <= 900_000


def test_a_deadline_that_has_just_passed_leaves_no_time(serve):
    left = []

    def handler(event, context):
        left.append(context.get_remaining_time_in_millis())
        return {"statusCode": 200, "body": iter([b"one", b"two"])}

    (post,) = serve(handler, {**url_request(), "timeout_ms": -5})

    assert left == [0]
    assert post.content == b"one"
    assert post.trailers[TYPE] == "Runtime.DeadlineExceeded"


@pytest.mark.parametrize("verdict", [400, 403, 410, 413])
@pytest.mark.parametrize("streamed", [True, False])
def test_an_answer_that_the_platform_refuses_is_not_fatal(serve, capfd, verdict, streamed):
    payload = url_request() if streamed else {"body": b"1"}
    serve(lambda event, context: OK, payload, payload, verdicts={0: verdict})

    assert [call for call in serve.platform.calls if call[0] == "GET"] == [
        ("GET", "invocation/next")
    ] * 3
    assert len(serve.platform.posts) == 2
    assert f"runtime.refused: {verdict}" in capfd.readouterr().out


def test_a_500_to_an_answer_ends_the_process_at_once(serve):
    serve(lambda event, context: OK, url_request(), url_request(), url_request(), verdicts={1: 500})

    assert len(serve.platform.posts) == 2


@pytest.mark.parametrize("streamed", [True, False])
def test_a_connection_lost_before_the_verdict_is_not_fatal(serve, streamed):
    payload = url_request() if streamed else {"body": b"1"}
    posts = serve(lambda event, context: OK, payload, payload, verdicts={0: None})

    assert len(posts) == 2
    assert posts[1].complete


def test_a_write_that_fails_ends_that_invocation_only_and_runs_its_finally(serve, capfd):
    ended = threading.Event()

    def body():
        try:
            while True:
                yield b"x" * 100_000
        finally:
            ended.set()

    posts = serve(
        first_then_fine(lambda: {"statusCode": 200, "body": body()}),
        url_request(),
        url_request(),
        verdicts={0: None},
    )

    assert ended.is_set()
    assert not posts[0].complete
    assert posts[1].content == b"fine"
    log = capfd.readouterr().out
    assert "runtime.response_broken: writing: " in log
    assert "runtime.platform_gone: reading: " in log


def in_pieces():
    while True:
        yield b"x" * 1_000_000


def with_failing_finally():
    try:
        yield from in_pieces()
    finally:
        fails()


# More than the socket buffers, so that the platform responds while the runtime still writes.
TOO_LARGE = {
    "pieces": (url_request(), lambda: {"statusCode": 200, "body": in_pieces()}),
    "pieces, and then the finally fails": (
        url_request(),
        lambda: {"statusCode": 200, "body": with_failing_finally()},
    ),
    "whole": (url_request(), lambda: {"statusCode": 200, "body": b"x" * 50_000_000}),
    "buffered": ({"body": b"1"}, lambda: "x" * 50_000_000),
}


@pytest.mark.parametrize("response", TOO_LARGE)
@pytest.mark.parametrize("verdict", [413, 500])
def test_a_verdict_that_comes_while_the_runtime_still_writes_is_obeyed(
    serve, capfd, response, verdict
):
    payload, result = TOO_LARGE[response]
    posts = serve(
        first_then_fine(result), payload, url_request(), verdicts={0: (verdict, 3_000_000)}
    )

    assert f"runtime.refused: {verdict}" in capfd.readouterr().out
    assert [post.content for post in posts[1:]] == ([b"fine"] if verdict == 413 else [])
    assert serve.platform.calls.count(("GET", "invocation/next")) == (3 if verdict == 413 else 1)


def test_an_oserror_of_the_handlers_own_is_not_mistaken_for_a_lost_platform(serve):
    def body():
        yield b"half"
        raise ConnectionResetError("the database hung up")

    bad, good = serve(
        first_then_fine(lambda: {"statusCode": 200, "body": body()}), url_request(), url_request()
    )

    assert trailer_error(bad)["errorMessage"] == "the database hung up"
    assert good.content == b"fine"


def test_next_refused_is_asked_again_after_a_pause_that_doubles(serve):
    pauses = []
    refusals = [
        {"status": 403},
        {"close": True},
        {"raw": b"nonsense\r\n\r\n"},
        {"raw": b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx"},
    ]
    (post,) = serve(lambda event, context: OK, *refusals, url_request(), pauses=pauses)

    assert post.content == b"fine"
    assert pauses[:4] == [0.1, 0.2, 0.4, 0.8]


def test_next_refused_without_end_lets_the_process_exit(serve):
    pauses = []
    serve(lambda event, context: OK, *[{"status": 403}] * 20, pauses=pauses)

    assert len(pauses) == 9  # between ten attempts
    assert max(pauses) == 5


def test_a_500_to_next_ends_the_process_without_a_pause(serve):
    pauses = []
    serve(lambda event, context: OK, url_request(), {"status": 500}, url_request(), pauses=pauses)

    assert pauses == []
    assert len(serve.platform.posts) == 1


def test_a_large_payload_in_chunks_arrives_whole(serve):
    payload = {"body": json.dumps({"text": "x" * 3_000_000}).encode()}
    (post,) = serve(lambda event, context: len(event["text"]), payload, chunked_next=True)

    assert post.body == b"3000000"


def test_the_invocation_id_is_echoed_when_and_only_when_it_came(serve):
    with_id = {**url_request(), "headers": {"Lambda-Runtime-Invocation-Id": "attempt-1"}}
    results = iter([OK, OK, None, OK])

    def handler(event, context):
        result = next(results)
        return result if result else fails()

    streamed, without, error, empty = serve(
        handler,
        with_id,
        url_request(),
        with_id,
        {**url_request(), "headers": {"Lambda-Runtime-Invocation-Id": ""}},
    )

    assert streamed.headers["lambda-runtime-invocation-id"] == "attempt-1"
    assert error.headers["lambda-runtime-invocation-id"] == "attempt-1"
    assert "lambda-runtime-invocation-id" not in without.headers
    assert "lambda-runtime-invocation-id" not in empty.headers


def test_one_connection_is_kept_for_next_and_each_stream_has_its_own(serve):
    serve(lambda event, context: OK, url_request(), {"body": b"1"}, url_request())

    assert serve.platform.connections == 3
