"""A front that differs in one behaviour is reported for exactly that id."""

from urllib.parse import urlsplit

import pytest
from verify_aws.__main__ import main
from verify_aws.assumptions import PAGE, parse
from verify_aws.fronts import Stacks, of_emulator
from verify_aws.probes import PROBES
from verify_aws.probes.streams import PAUSE_S
from verify_aws.trying import Result, Verdict, attempt, try_all

from tests.system.verify import relay
from tests.system.verify.probes import RUNTIME, lines, lines_in

pytestmark = pytest.mark.e2e


def port_of(url):
    return urlsplit(url).port


def differing(probe_stack, front, found_relay):
    """Tries everything short on a front behind a relay. Returns what does not hold there."""
    path = urlsplit(of_emulator(lines(probe_stack.addresses))[front]).path
    stacks = Stacks({front: found_relay.url.rstrip("/") + path}, "", is_emulator=True)
    short = [each for each in PROBES.values() if front in each.fronts and not each.alone]
    results = [each for each in try_all(short, stacks) if each.front == front]

    assert sum(each.verdict is Verdict.HOLDS for each in results) >= 2
    return {each.id: each.text for each in results if each.verdict is Verdict.DIFFERS}


def unchanged(request, data, is_over):
    return data, b""


CASES = {
    "nothing": ("url", unchanged, {}),
    "a header keeps its name": (
        "url",
        relay.renamed(b"x-amzn-remapped-server", b"x-amzn-remapped-serve_"),
        {"remapped-headers": "server does not arrive"},
    ),
    "a stream is buffered": (
        "url",
        relay.held_back(b"do=pieces"),
        {"pieces-are-not-held": "4 of 4 pieces arrive with the one before"},
    ),
    "a body follows HEAD": (
        "url",
        relay.with_a_body,
        {"head-of-stream-ends": "the connection: what came is no HTTP/1 response"},
    ),
    "a crash looks whole": (
        "url",
        relay.ended(b"do=crash"),
        {"crashed-stream-is-cut": "the body is whole, with status 200"},
    ),
    "a reset looks whole": (
        "url",
        relay.ended(b"do=reset"),
        {"reset-response-is-cut": "the body is whole, with status 200"},
    ),
    "long trailers are taken": (
        "url",
        relay.ended(b"bytes=8000"),
        {"trailers-over-4-kib": "the body is whole, with status 200"},
    ),
    "another address than the source's": (
        "url",
        relay.renamed(b'"x-forwarded-for": "127.0.0.1"', b'"x-forwarded-for": "127.0.0.9"'),
        {"url-replaces-x-forwarded-for": "it is another address than the payload's source"},
    ),
    "an address of somebody else behind the client's": (
        "rest",
        relay.renamed(b"192.0.2.7, 127.0.0.1", b"192.0.2.7, 127.0.0.9"),
        {"apis-append-x-forwarded-for": "the client's own address is missing"},
    ),
    "no address behind the client's": (
        "load-balancer",
        relay.renamed(b"192.0.2.7, 127.0.0.1", b"192.0.2.7, somewhere"),
        {"apis-append-x-forwarded-for": "the client's own address is missing"},
    ),
    "another Python than the runtime's": (
        "url",
        relay.renamed(b'"python": "3.', b'"python": "2.'),
        {
            "wrapper-gets-interpreter": f"the function of a {RUNTIME} runs on "
            + RUNTIME.replace("python3", "2")
        },
    ),
    "another status for a version": (
        "url",
        relay.with_status(505, 400),
        {"http-version-505": "status 400"},
    ),
    "another status for a throttled function": (
        "rest",
        relay.with_status(429, 500),
        {"rest-throttled-429": "status 500"},
    ),
    "no Allow": (
        "http-api",
        relay.renamed(b"allow", b"admit"),
        {"unknown-method-405": "BREW: 405 without Allow"},
    ),
    "another text": (
        "http-api",
        relay.renamed(b"Request Entity", b"Request Object"),
        {
            "payload-over-6-mb-text": "413 with the message 'Request Object Too Large'",
            "http-api-413-text": "413 with the message 'Request Object Too Large'",
        },
    ),
    "a stream passes a load balancer": (
        "load-balancer",
        relay.with_status(502, 200),
        {"alb-stream-502": "status 200", "alb-header-values": "a list: status 200"},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_exactly_what_a_front_does_otherwise_does_not_hold(case, probe_stack):
    front, change, expected = CASES[case]
    with relay.Relay(port_of(of_emulator(lines(probe_stack.addresses))[front]), change) as found:
        assert differing(probe_stack, front, found) == expected


def test_a_front_that_hides_what_a_client_sent_is_reported(probe_stack):
    port = port_of(of_emulator(lines(probe_stack.addresses))["http-api"])

    def without_its_address(data):
        return data.replace(b"X-Forwarded-For", b"X-Forwarded-Fox")

    with relay.Relay(port, unchanged, without_its_address) as found:
        assert differing(probe_stack, "http-api", found) == {
            "apis-append-x-forwarded-for": "what the client sent is not the first address"
        }


SECOND = {
    "another environment has one": (
        relay.renamed(b'"strangers": 0', b'"strangers": 1'),
        Result("rest-no-second-invocation", "rest", Verdict.DIFFERS, "1 invocations without HTTP"),
    ),
    "the environment that streamed is not met again": (
        relay.renamed(b"x-environment", b"x-environmenx"),
        Result(
            "rest-no-second-invocation",
            "rest",
            Verdict.NOT_TRIED,
            "the environment that streamed did not serve the next requests",
        ),
    ),
}


@pytest.mark.parametrize("case", SECOND)
def test_a_second_invocation_is_looked_for_in_each_environment(case, probe_stack):
    change, expected = SECOND[case]
    url = of_emulator(lines(probe_stack.addresses))["rest"]
    with relay.Relay(port_of(url), change) as found:
        path = urlsplit(url).path
        stacks = Stacks({"rest": found.url.rstrip("/") + path}, "", is_emulator=True)
        assert attempt(PROBES["rest-no-second-invocation"], "rest", stacks) == expected


def test_the_statement_about_unread_streams_has_the_time_that_is_looked_for():
    (row,) = [each for each in parse(PAGE.read_text("utf-8")) if each.id == "unread-stream-blocks"]

    assert f"for over {PAUSE_S / 2:.0f} s of them it makes no piece" in row.statement
    assert f"reads nothing for {PAUSE_S:.0f} s" in row.statement


def test_the_command_exits_with_1_and_names_it(probe_stack, tmp_path, capsys):
    port = port_of(probe_stack.url("streaming"))
    page = tmp_path / "verified.md"
    with relay.Relay(port, relay.held_back(b"do=pieces")) as found:
        probe = lines_in(tmp_path, {**probe_stack.addresses, "streaming_url": found.url})
        ids = "pieces-are-not-held,status-204-ends"
        code = main(["--probe", str(probe), "--ids", ids, "--page", str(page)])

    assert code == 1
    told = "does not hold pieces-are-not-held (url): 4 of 4 pieces arrive with the one before"
    assert told in capsys.readouterr().out
    row = "| `pieces-are-not-held` | URL | does not hold | 4 of 4 pieces arrive"
    assert row in page.read_text("utf-8")
    assert "| `status-204-ends` | URL | holds |" in page.read_text("utf-8")
