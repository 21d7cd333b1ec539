"""The parts without sockets: prelude, payloads, routes, filters, state machine, delivery, pace, CORS."""

import asyncio
import base64
import json
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_lambda import filters
from local_lambda.application import Cors, EventSourceMapping, Route
from local_lambda.emulator import output_name
from local_lambda.environments.environment import Environment
from local_lambda.environments.invocation import StreamEnd
from local_lambda.environments.runtime_api import read_trailers
from local_lambda.environments.runtime_state import RuntimeState
from local_lambda.fronts import cors, payload_v1, payload_v2, prelude
from local_lambda.fronts.bandwidth import Bandwidth, TokenBucket
from local_lambda.fronts.payload import RequestContext, ResultError
from local_lambda.fronts.replies import public_headers
from local_lambda.fronts.routing import RouteMatch, RouteTable
from local_lambda.http.messages import HttpRequest
from local_lambda.programs import demo
from local_lambda.table.delivery import Delivery, InvokeFailed, first_failure
from local_lambda.table.event_source import as_event_record

HEAD = b'{"statusCode": 201, "headers": {"a": "1"}, "cookies": ["c=d"]}'


def feed_all(pieces):
    reader = prelude.PreludeReader()
    for piece in pieces:
        if found := reader.feed(piece):
            return found
    return None


@given(st.integers(0, len(HEAD) + 12))
def test_a_prelude_is_read_however_it_is_cut(position):
    wire = HEAD + bytes(8) + b"body"
    reader = prelude.PreludeReader()
    found = reader.feed(wire[:position])
    rest = wire[position:]
    if found is None:
        found, rest = reader.feed(rest), b""
    head, first = found
    assert (head.status, head.headers, head.cookies) == (201, (("a", "1"),), ("c=d",))
    assert first + rest == b"body"


@pytest.mark.parametrize(
    "text",
    [
        b"no json",
        b"[]",
        b'{"statusCode": "200"}',
        b'{"statusCode": 99}',
        b'{"body": "x"}',
        b'{"headers": {"a": ["1", "2"]}}',
        b'{"headers": {"a": "1\\r\\nb: 2"}}',
        b'{"headers": {"a b": "1"}}',
        b'{"multiValueHeaders": {"a": "1"}}',
        b'{"cookies": "a=b"}',
    ],
)
def test_a_malformed_prelude_is_refused(text):
    with pytest.raises(prelude.PreludeError):
        prelude.parse(text)


def test_the_delimiter_must_lie_within_16_kilobytes():
    fits = json.dumps({"headers": {"a": "x" * 16_000}}).encode()
    assert feed_all([fits + bytes(8)])
    with pytest.raises(prelude.PreludeError):
        feed_all([json.dumps({"headers": {"a": "x" * 16_400}}).encode() + bytes(8)])
    with pytest.raises(prelude.PreludeError):
        feed_all([b"x" * 20_000])


def test_headers_that_the_front_owns_are_remapped():
    headers = (
        ("Content-Length", "5"),
        ("Date", "x"),
        ("Transfer-Encoding", "chunked"),
        ("Content-Type", "a/b"),
    )
    assert public_headers(401, (*headers, ("WWW-Authenticate", "Bearer")), ("c=d",)) == (
        ("x-amzn-remapped-content-length", "5"),
        ("x-amzn-remapped-date", "x"),
        ("Content-Type", "a/b"),
        ("x-amzn-remapped-www-authenticate", "Bearer"),
        ("Set-Cookie", "c=d"),
    )
    assert ("content-length", "0") in public_headers(200, (("content-length", "0"),))
    assert ("Content-Type", "application/octet-stream") in public_headers(200, ())


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        ("/a%20b/c?x=1&y=/2", "/a%20b/c", "x=1&y=/2"),
        ("//api/v2/stream?x", "//api/v2/stream", "x"),
        ("/", "/", ""),
        ("http://host/a?x", "/a", "x"),
        ("*", "*", ""),
    ],
)
def test_a_path_is_what_stands_before_the_question_mark(target, path, query):
    request = HttpRequest("GET", target)
    assert (request.raw_path, request.raw_query) == (path, query)


async def _killed_while_waiting() -> list[bool]:
    function = SimpleNamespace(logical_id="F", max_concurrency=None, arn=lambda region: "arn")
    launch = SimpleNamespace(function=function, settings=SimpleNamespace(region="us-east-1"))
    environment = Environment(launch, None, 1, lambda _: None)
    waiting = asyncio.ensure_future(environment.next_invocation())
    await asyncio.sleep(0)
    ready = [environment.ready]
    environment.kill()
    ready.append(environment.ready)
    waiting.cancel()
    return ready


def test_an_environment_that_is_being_killed_gets_no_invocation_any_more():
    assert asyncio.run(_killed_while_waiting()) == [True, False]


ROUTES = RouteTable(
    [
        Route("ANY", "/{proxy+}", "rest"),
        Route("GET", "/", "root"),
        Route("GET", "/items/{id}", "one"),
        Route("GET", "/items/fixed", "fixed"),
        Route("POST", "/items/{id}", "post"),
        Route("GET", "/items/{id}/parts/{part}", "part"),
        Route("ANY", "/any", "any"),
        Route("GET", "/any", "any-get"),
    ]
)


@pytest.mark.parametrize(
    ("method", "path", "function", "parameters"),
    [
        ("GET", "/", "root", {}),
        ("GET", "/items/fixed", "fixed", {}),
        ("GET", "/items/a%20b", "one", {"id": "a b"}),
        ("GET", "/items/1/", "one", {"id": "1"}),
        ("POST", "/items/1", "post", {"id": "1"}),
        ("GET", "/items/1/parts/2", "part", {"id": "1", "part": "2"}),
        ("GET", "/any", "any-get", {}),
        ("PUT", "/any", "any", {}),
        ("GET", "/deep/er", "rest", {"proxy": "deep/er"}),
    ],
)
def test_the_most_specific_route_wins(method, path, function, parameters):
    match = ROUTES.match(method, path)
    assert (match.route.function, match.path_parameters) == (function, parameters)


def test_the_most_specific_resource_decides_even_without_the_method():
    assert ROUTES.match("DELETE", "/items/fixed") is None
    assert ROUTES.match("POST", "/") is None


RECORD = {"eventName": "INSERT", "dynamodb": {"NewImage": {"SK": {"S": "ITEM"}, "n": {"N": "5"}}}}


@pytest.mark.parametrize(
    ("pattern", "verdict"),
    [
        ({"eventName": ["INSERT", "MODIFY"]}, True),
        ({"eventName": ["REMOVE"]}, False),
        ({"eventName": [{"prefix": "INS"}]}, True),
        ({"eventName": [{"suffix": "ERT"}]}, True),
        ({"eventName": [{"anything-but": ["REMOVE"]}]}, True),
        ({"eventName": [{"anything-but": {"prefix": "INS"}}]}, False),
        ({"eventName": [{"equals-ignore-case": "insert"}]}, True),
        ({"dynamodb": {"NewImage": {"SK": {"S": ["ITEM"]}}}}, True),
        ({"dynamodb": {"NewImage": {"SK": {"S": ["OTHER"]}}}}, False),
        ({"dynamodb": {"NewImage": {"n": {"N": [{"numeric": [">", 4, "<=", 5]}]}}}}, True),
        ({"dynamodb": {"NewImage": {"n": {"N": [{"numeric": ["=", 4]}]}}}}, False),
        ({"dynamodb": {"OldImage": {"SK": [{"exists": False}]}}}, True),
        ({"dynamodb": {"NewImage": {"SK": {"S": [{"exists": True}]}}}}, True),
        ({"$or": [{"eventName": ["REMOVE"]}, {"eventName": ["INSERT"]}]}, True),
        ({"eventName": ["INSERT"], "missing": ["x"]}, False),
    ],
)
def test_filter_patterns_match_as_documented(pattern, verdict):
    filters.check(pattern)
    assert filters.matches(pattern, RECORD) is verdict


@pytest.mark.parametrize(
    "pattern", [{"a": [{"cidr": "x"}]}, {"a": [{"numeric": ["~", 1]}]}, {"a": "x"}, []]
)
def test_an_unknown_pattern_is_refused(pattern):
    with pytest.raises(filters.PatternError):
        filters.check(pattern)


def test_no_filter_lets_everything_through_and_one_of_several_is_enough():
    assert filters.matches_any([], RECORD)
    assert filters.matches_any([{"eventName": ["X"]}, {"eventName": ["INSERT"]}], RECORD)


def busy(slots=1):
    state = RuntimeState(slots)
    assert state.next() is None
    state.handed_over("id", "attempt")
    return state


def test_a_reply_takes_the_state_back_to_ready():
    state = busy()
    assert state.next().error_type == "InvalidStateTransition"
    assert state.response("id", "attempt", "streaming") is None
    assert state.next().status == 403
    assert state.error("id", None).status == 403
    state.replied("id")
    assert state.response("id", None, None).status == 403
    assert state.next() is None


@pytest.mark.parametrize(
    ("request_id", "attempt", "mode", "status"),
    [
        ("other", None, None, 400),
        ("id", "other", None, 410),
        ("id", None, "batch", 400),
        ("id", "attempt", None, None),
    ],
)
def test_a_wrong_reply_is_refused_and_a_right_one_still_accepted(request_id, attempt, mode, status):
    state = busy()
    refusal = state.response(request_id, attempt, mode)
    assert (refusal.status if refusal else None) == status
    if refusal:
        assert state.response("id", "attempt", "streaming") is None


def test_a_late_reply_is_gone_and_a_duplicate_is_invalid_with_several_slots():
    state = busy(slots=2)
    assert state.next() is None
    state.expired("id")
    assert state.response("id", None, None).status == 410
    state.handed_over("second", "attempt")
    state.response("second", None, None)
    state.replied("second")
    assert state.response("second", None, None).error_type == "InvalidRequestID"


def test_init_errors_are_taken_before_the_first_next_alone():
    state = RuntimeState()
    assert state.restore_next() is None
    assert state.init_error() is None
    assert state.init_error().status == 403
    assert state.next().status == 403
    assert busy().init_error().status == 403


def test_trailers_are_read_and_refused_above_4096_bytes():
    error = {"errorType": "E", "errorMessage": "m"}
    body = base64.b64encode(json.dumps(error).encode()).decode()
    trailers = (
        ("Lambda-Runtime-Function-Error-Type", "Function.E"),
        ("Lambda-Runtime-Function-Error-Body", body),
    )
    end, refusal = read_trailers(trailers)
    assert (end.error_type, json.loads(end.error_body), end.cut, refusal) == (
        "Function.E",
        error,
        False,
        None,
    )
    used = (
        sum(len(name) + len(value) + 4 for name, value in trailers[:1])
        + len(trailers[1][0])
        + 4
        + 2
    )
    assert read_trailers((trailers[0], (trailers[1][0], "A" * (4096 - used))))[1] is None
    end, refusal = read_trailers((trailers[0], (trailers[1][0], "A" * (4097 - used))))
    assert (end.cut, refusal.error_type) == (True, "TruncatedHTTPRequest")
    assert read_trailers(()) == (StreamEnd(), None)


def test_the_bucket_lets_the_burst_through_and_then_keeps_the_rate():
    bucket = TokenBucket(Bandwidth(burst_bytes=100, bytes_per_s=10), now_s=0)
    assert bucket.delay_s(100, 0) == 0
    assert bucket.delay_s(20, 0) == 2
    assert bucket.delay_s(10, 2) == 1
    assert bucket.delay_s(10, 1000) == 0


RULES = Cors(("https://a.example", "https://*.b.example"), ("GET",), ("x-a",), ("x-b",), 60, True)


def ask(method="GET", **headers):
    return HttpRequest(
        method, "/", tuple((name.replace("_", "-"), value) for name, value in headers.items())
    )


def test_cors_headers_go_to_allowed_origins_alone():
    allowed = cors.response_headers(RULES, ask(origin="https://a.example"))
    assert ("Access-Control-Allow-Origin", "https://a.example") in allowed
    assert cors.response_headers(RULES, ask(origin="https://x.b.example"))
    assert cors.response_headers(RULES, ask(origin="https://evil.example")) == ()
    assert cors.response_headers(RULES, ask()) == ()
    assert cors.response_headers(Cors(("*",)), ask(origin="https://any"))[0][1] == "*"
    assert (
        cors.response_headers(Cors(("*",), allow_credentials=True), ask(origin="https://any"))[0][1]
        == "https://any"
    )


def test_an_options_request_that_is_no_preflight_goes_to_the_function():
    assert cors.preflight(RULES, ask("OPTIONS", origin="https://a.example")) is None
    assert cors.preflight(
        RULES, ask("OPTIONS", origin="https://a.example", access_control_request_method="GET")
    )


CONTEXT = RequestContext("api", "127.0.0.1:1", 1, "request-1", "Root=1", 1_700_000_000_000, "dev")


def test_format_2_joins_what_is_repeated():
    request = HttpRequest(
        "GET", "/a%20b?x=1&x=2&y=", (("X-A", "1"), ("x-a", "2"), ("Cookie", "a=1; b=2"))
    )
    payload = payload_v2.build(request, CONTEXT)
    assert payload["headers"]["x-a"] == "1,2"
    assert payload["cookies"] == ["a=1", "b=2"]
    assert payload["queryStringParameters"] == {"x": "1,2", "y": ""}
    assert payload["rawPath"] == "/a b"
    assert "body" not in payload
    assert payload["requestContext"]["time"] == "14/Nov/2023:22:13:20 +0000"


def test_format_1_keeps_what_is_repeated():
    request = HttpRequest("GET", "/i/1?x=1&x=2", (("X-A", "1"), ("x-a", "2")))
    payload = payload_v1.build(
        request, RouteMatch(Route("GET", "/i/{id}", "f"), {"id": "1"}), CONTEXT, "/dev/i/1"
    )
    assert payload["multiValueHeaders"]["X-A"] == ["1", "2"]
    assert payload["headers"]["X-A"] == "2"
    assert payload["multiValueQueryStringParameters"] == {"x": ["1", "2"]}
    assert payload["requestContext"]["path"] == "/dev/i/1"
    assert payload["body"] is None


def test_format_1_encodes_binary_media_types_alone():
    route = Route("POST", "/", "f", binary_media_types=("image/*",))
    request = HttpRequest("POST", "/", (("content-type", "image/png"),), b"\xff")
    assert payload_v1.build(request, RouteMatch(route, {}), CONTEXT, "/")["body"] == "/w=="
    request = HttpRequest("POST", "/", (("content-type", "text/plain"),), b"x")
    assert payload_v1.build(request, RouteMatch(route, {}), CONTEXT, "/")["body"] == "x"


@pytest.mark.parametrize(
    "result",
    [
        "x",
        "[]",
        '{"statusCode": 200, "cookies": []}',
        '{"statusCode": "abc"}',
        '{"statusCode": 200, "body": {}}',
        '{"headers": {"a": "\\n"}}',
    ],
)
def test_a_result_that_is_no_proxy_result_is_malformed_for_the_rest_api(result):
    with pytest.raises(ResultError):
        payload_v1.render(result.encode(), None, ())


def test_a_result_of_format_1_is_rendered():
    result = {
        "statusCode": 201,
        "headers": {"a": "1", "b": "2"},
        "multiValueHeaders": {"A": ["3", "4"]},
        "body": "x",
    }
    answer = payload_v1.render(json.dumps(result).encode(), None, ())
    assert (answer.status, answer.body) == (201, b"x")
    assert answer.headers == (
        ("A", "3"),
        ("A", "4"),
        ("b", "2"),
        ("Content-Type", "application/json"),
    )


@pytest.mark.parametrize(
    ("result", "status", "body"),
    [
        ('{"statusCode": 418, "body": "x"}', 418, b"x"),
        ('{"statusCode": 200, "body": "eA==", "isBase64Encoded": true}', 200, b"x"),
        ('{"hello": 1}', 200, b'{"hello": 1}'),
        ('"text"', 200, b"text"),
        ('{"statusCode": 999}', 502, b"Internal Server Error"),
    ],
)
def test_a_result_of_format_2_is_inferred(result, status, body):
    answer = payload_v2.render(result.encode())
    assert (answer.status, answer.body) == (status, body)


def test_a_record_of_the_streams_api_becomes_plain_json():
    at = datetime(2026, 11, 22, tzinfo=UTC)
    record = {
        "eventID": "1",
        "dynamodb": {"ApproximateCreationDateTime": at, "NewImage": {"b": {"B": b"\x00"}}},
    }
    event_record = as_event_record(record, "arn:stream")
    assert event_record["eventSourceARN"] == "arn:stream"
    assert event_record["dynamodb"]["NewImage"] == {"b": {"B": "AA=="}}
    assert event_record["dynamodb"]["ApproximateCreationDateTime"] == 1_795_305_600


def records(count):
    return [{"dynamodb": {"SequenceNumber": str(number)}} for number in range(count)]


class Function:
    """Fails as often as it is told; remembers what it was given."""

    def __init__(self, *results):
        self.results, self.batches, self.slept_s = list(results), [], []

    async def invoke(self, batch):
        self.batches.append([int(record["dynamodb"]["SequenceNumber"]) for record in batch])
        result = self.results.pop(0) if self.results else None
        if result == "error":
            raise InvokeFailed("no")
        return (
            b"null"
            if result is None
            else json.dumps({"batchItemFailures": [{"itemIdentifier": result}]}).encode()
        )

    async def sleep(self, seconds):
        self.slept_s.append(seconds)

    def deliver(self, count, **mapping):
        asyncio.run(
            Delivery(EventSourceMapping("f", "t", **mapping), self.invoke, self.sleep).deliver(
                records(count)
            )
        )
        return self.batches


def test_a_failed_batch_is_retried_whole_with_growing_pauses():
    function = Function("error", "error")
    assert function.deliver(2) == [[0, 1]] * 3
    assert function.slept_s == [0.2, 0.4]


def test_a_reported_failure_is_the_checkpoint():
    assert Function("2", "3").deliver(4, report_item_failures=True) == [[0, 1, 2, 3], [2, 3], [3]]


def test_reports_count_only_when_the_mapping_says_so():
    assert Function("1").deliver(2) == [[0, 1]]


def test_a_batch_is_bisected_until_the_bad_record_is_alone():
    function = Function("error", "error", None, "error")
    assert function.deliver(4, bisect=True) == [[0, 1, 2, 3], [0, 1], [0], [1], [1], [2, 3]]


def test_records_are_given_up_after_the_retries_alone():
    assert Function("error", "error", "error").deliver(1, maximum_retries=2) == [[0]] * 3


@pytest.mark.parametrize(
    ("result", "index"),
    [
        (b"", None),
        (b"null", None),
        (b'{"batchItemFailures": []}', None),
        (b'{"batchItemFailures": [{"itemIdentifier": "c"}, {"itemIdentifier": "b"}]}', 1),
        (b'{"batchItemFailures": [{"itemIdentifier": "unknown"}]}', 0),
        (b'{"batchItemFailures": [{"itemIdentifier": null}]}', 0),
        (b'{"batchItemFailures": [{"wrong": "a"}]}', 0),
        (b"not json", 0),
    ],
)
def test_a_batch_report_names_the_lowest_failure(result, index):
    assert first_failure(result, ["a", "b", "c"]) == index


@pytest.mark.parametrize(
    ("logical_id", "name"),
    [
        ("StreamFunction", "stream"),
        ("MyApiFunction", "my_api"),
        ("SSEFunction", "sse"),
        ("Raw", "raw"),
    ],
)
def test_a_function_is_announced_in_snake_case(logical_id, name):
    assert output_name(logical_id) == name


def test_the_demo_writes_what_a_producer_writes():
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    items = list(demo.history(now, random.Random(1)))
    assert len({item["item_id"]["S"] for item in items}) == len(items) > 200
    stamps = [item["timestamp"]["S"] for item in items]
    assert stamps == sorted(stamps)
    for item in items:
        assert item["PK"]["S"] == f"ITEM#{item['item_id']['S']}"
        assert item["sentiment"]["S"] in ("positive", "neutral", "negative")
        assert 0 <= float(item["score"]["N"]) <= 1
        assert item["timestamp"]["S"].endswith("Z")


def test_the_demo_has_an_hour_behind_it_with_quiet_and_busy_minutes_that_goes_on():
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    stamps = [item["timestamp"]["S"] for item in demo.history(now, random.Random(1))]
    minutes = Counter(stamp[:16] for stamp in stamps if stamp >= "2026-11-22T11:00")
    story = takewhile(
        lambda each: each[0] < now + timedelta(hours=1), demo.story(now, 1.5, random.Random(2))
    )

    assert len(minutes) > 55
    assert max(minutes.values()) > 5 * min(minutes.values())
    assert sum(minutes.values()) == pytest.approx(len(list(story)), rel=0.2)
    assert max(stamps) < now.isoformat()


def test_the_demo_writes_of_some_tickers_and_tags_more_than_of_others():
    items = list(demo.history(datetime(2026, 11, 22, 12, tzinfo=UTC), random.Random(1)))
    tags = Counter(tag["S"] for item in items for tag in item["tags"]["L"])

    assert tags["NVDA"] > 4 * tags["GOOG"]
    assert tags["earnings"] > 4 * tags["insider"]
    assert len({item["sentiment"]["S"] for item in items}) == 3
