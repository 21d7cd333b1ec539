import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from lambda_streaming import buffered
from lambda_streaming.http_request import read_request
from lambda_streaming.http_result import result
from streaming_runtime.plan import front_of, plan

from local_lambda.fronts import payload_alb, payload_v1, payload_v2, prelude
from local_lambda.http.messages import HttpRequest as Sent
from tests.lambda_streaming.emulated import FRONTS

# Each reads a buffered result as its front does.
READERS = {
    "Function URL": payload_v2.render,
    "REST API": lambda text: payload_v1.render(text, None, ("*/*",)),
    "REST API behind a custom domain": lambda text: payload_v1.render(text, None, ("*/*",)),
    "HTTP API, 2.0": payload_v2.render,
    "HTTP API, 2.0, named stage": payload_v2.render,
    "HTTP API, 1.0": payload_v1.render_for_http_api,
    "HTTP API, 1.0, named stage": payload_v1.render_for_http_api,
    "load balancer": lambda text: payload_alb.render(text, False),
    "load balancer, multi-value": lambda text: payload_alb.render(text, True),
}
GET = Sent("GET", "/", headers=(("host", "shop.example"),))
TYPE = (b"content-type", b"text/plain")
FRAMING = ["content-length", "transfer-encoding", "connection"]

names = st.text("abcdefgh-", min_size=1, max_size=6).map(lambda name: f"X-{name}".encode())
values = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=8).map(str.encode)
headers = st.lists(st.tuples(names, values), max_size=5)
cookies = st.lists(values.map(lambda value: (b"Set-Cookie", b"c=" + value)), max_size=3)


def joined(pairs):
    """Returns the values of each header, joined, but for cookies."""
    found = {}
    for name, value in pairs:
        found.setdefault(name.lower(), []).append(value)
    return {
        name: each if name == "set-cookie" else ", ".join(dict.fromkeys(each))
        for name, each in found.items()
    }


def in_text(pairs):
    return [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in pairs]


@pytest.mark.parametrize("front", FRONTS)
@given(
    status=st.integers(200, 599),
    pairs=headers.map(lambda each: list({(name.lower(), value): 0 for name, value in each})),
    cookies=cookies.map(lambda each: list(dict.fromkeys(each))),
    body=st.binary(max_size=40),
)
@example(status=200, pairs=[], cookies=[], body="é\n".encode())
def test_a_buffered_response_comes_out_of_each_front(front, status, pairs, cookies, body):
    request = read_request(FRONTS[front](GET))
    sent = [TYPE, *pairs, *cookies]
    fields = buffered.whole(result(request, status, sent, iter([body[:3], body[3:]])))
    found = READERS[front](json.dumps(fields).encode())
    expected = joined(in_text(sent))
    if front == "load balancer" and cookies:
        expected["set-cookie"] = expected["set-cookie"][-1:]
    assert found.status == status
    assert joined(found.headers) == expected
    assert found.body == body


@pytest.mark.parametrize("front", ["Function URL", "REST API"])
@given(status=st.integers(200, 599), pairs=headers, cookies=cookies)
def test_a_streamed_response_comes_out_of_the_runtimes_plan(front, status, pairs, cookies):
    payload = FRONTS[front](GET)
    sent = [TYPE, *pairs, *cookies]
    fields = result(read_request(payload), status, sent, iter([b"x"]))
    mode = plan(fields, front_of(payload), buffered=False)
    found = prelude.parse(mode.prelude.partition(prelude.DELIMITER)[0])
    received = [*found.headers, *(("set-cookie", each) for each in found.cookies)]
    expected = joined(in_text(sent))
    shown = joined(received)
    shown.pop("content-length", None)  # a response without a body has it
    for found in (expected, shown):
        if "set-cookie" in found:
            found["set-cookie"] = list(dict.fromkeys(found["set-cookie"]))
    if front == "Function URL":  # joined before anything could see that two are alike
        expected = {
            name: each
            if name == "set-cookie"
            else ", ".join(value for key, value in in_text(sent) if key == name)
            for name, each in expected.items()
        }
    assert shown == expected


@pytest.mark.parametrize("front", FRONTS)
def test_headers_that_frame_the_body_are_lambdas(front):
    sent = [(name.encode(), b"1") for name in FRAMING]
    fields = result(read_request(FRONTS[front](GET)), 200, sent, b"")
    named = {*fields.get("headers", {}), *fields.get("multiValueHeaders", {})}
    assert not named


def test_a_header_keeps_the_case_in_which_it_was_first_written():
    fields = result(
        read_request(FRONTS["Function URL"](GET)), 200, [(b"X-A", b"1"), (b"x-a", b"2")], b""
    )
    assert fields["headers"] == {"X-A": "1, 2"}


def test_blanks_around_a_value_are_not_part_of_it():
    sent = [(b"Set-Cookie", b" a=1"), (b"X-A", b"\t1 2 ")]
    fields = result(read_request(FRONTS["Function URL"](GET)), 200, sent, b"")
    assert (fields["cookies"], fields["headers"]) == (["a=1"], {"X-A": "1 2"})


def test_latin_1_is_kept_in_a_header():
    fields = result(read_request(FRONTS["REST API"](GET)), 200, [(b"X-A", b"\xe9")], b"")
    assert fields["headers"] == {"X-A": "é"}


@pytest.mark.parametrize(("status", "description"), [(404, "404 Not Found"), (599, "599 Unknown")])
def test_a_load_balancer_gets_a_description_of_the_status(status, description):
    fields = result(read_request(FRONTS["load balancer"](GET)), status, [], b"")
    assert fields["statusDescription"] == description


def test_cookies_that_a_load_balancer_cannot_send_are_logged_once(caplog):
    request = read_request(FRONTS["load balancer"](GET))
    buffered.forget_what_was_said()
    two = [(b"Set-Cookie", b"a=1"), (b"set-cookie", b"b=2")]
    for _ in range(2):
        assert result(request, 200, two, b"")["headers"] == {"set-cookie": "b=2"}
    said = [each for each in caplog.messages if "cookies_lost" in each]
    assert len(said) == 1
    assert "lambda.multi_value_headers.enabled" in said[0]
