"""Are verdicts right for bytes that no small server sends? All of it is pure."""

import pytest
from event_stream import encode
from hypothesis import given
from hypothesis import strategies as st

from sse_conformance.capture import Capture
from sse_conformance.checks.auth import judge_echo
from sse_conformance.checks.cuts import decoded, judge_cuts, judge_truncations
from sse_conformance.checks.injection import expected, hostile_texts, judge_item
from sse_conformance.checks.sequence import Known, judge_resumed, judge_union
from sse_conformance.http1 import NotHttpError, ResponseReader
from sse_conformance.identity import Identities
from sse_conformance.options import Options
from sse_conformance.reading import read
from sse_conformance.secrecy import Secrecy
from sse_conformance.target import BadUrlError, parse

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"


def captured(*parts):
    """Returns the capture of a stream of these bytes."""
    reader = ResponseReader()
    reader.feed(HEAD + b"\r\n")
    return Capture(asked="GET", head=reader.head, body=b"".join(parts))


@given(
    st.lists(st.sampled_from([b"data", b": ", b":", b"id", b"\r", b"\n", b"x", b"\xef\xbb\xbf"]))
)
def test_two_decoders_agree_on_any_lines_however_they_are_cut(parts):
    body = b"".join([*parts, b"\n\n"])

    assert judge_cuts(read(body)).result == "pass"


@given(st.binary(max_size=300))
def test_any_bytes_are_judged(body):
    reading = read(body)

    assert [(each.type, each.data, each.id) for each in reading.events] == decoded(body)
    judge_truncations(reading)


def test_an_id_ahead_of_its_event_is_found_where_it_stands():
    body = encode("a", id="1") + encode(id="2") + encode("b", id="2")

    assert "'2'" in judge_truncations(read(body)).evidence


# --- HTTP

RESPONSES = [
    (HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", b"hello"),
    (HEAD + b"Transfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nA: b\r\n\r\n", b"hello"),
    (HEAD + b"Content-Length: 5\r\n\r\nhello", b"hello"),
    (b"HTTP/1.1 100 Continue\r\n\r\n" + HEAD + b"Content-Length: 0\r\n\r\n", b""),
]


@pytest.mark.parametrize(("response", "body"), RESPONSES)
def test_a_response_is_read_however_it_is_cut(response, body):
    for at in range(len(response)):
        reader = ResponseReader()
        reader.feed(response[:at])
        assert not reader.is_complete
        reader.feed(response[at:])
        assert (bytes(reader.body), reader.is_complete, reader.faults) == (body, True, [])


@pytest.mark.parametrize(
    ("rest", "fault"),
    [
        (b"Transfer-Encoding: chunked\r\n\r\nhello\r\n", "size"),
        (b"Transfer-Encoding: chunked\r\n\r\n2\r\nhello\r\n", "longer"),
        (b"Transfer-Encoding: chunked\r\n\r\n5\nhello\n", "LF alone"),
        (b"Content-Length: 5, 6\r\n\r\nhello", "Content-Length"),
        (b"Content-Length: five\r\n\r\nhello", "Content-Length"),
        (b"A: b\0c\r\n\r\n", "control"),
        (b" folded\r\n\r\n", "not legal"),
        (b"A: b\nC: d\r\n\r\n", "LF alone"),
    ],
)
def test_a_fault_of_http_is_kept(rest, fault):
    reader = ResponseReader()
    reader.feed(HEAD + rest)

    assert fault in reader.faults[0]


@given(st.binary(max_size=200))
def test_any_bytes_are_a_response_or_are_refused(data):
    reader = ResponseReader()
    try:
        reader.feed(data)
        reader.feed(b"\r\n\r\n" + data)
    except NotHttpError:
        assert reader.head is None


# --- sequences


def known(*events, **options):
    return Known(captured(*events).events, Identities(Options(**options)))


ITEMS = [encode(f"{number}", id=f"i{number}") for number in range(5)]


@pytest.mark.parametrize(
    ("came", "result", "said"),
    [
        (ITEMS[2:], "pass", "3 items"),
        (ITEMS[3:], "fail", "missing"),
        ([*ITEMS[2:4]], "fail", "missing"),
        (ITEMS, "fail", "came again"),
        (ITEMS[1:], "fail", "came again"),
        ([*ITEMS[2:], ITEMS[3]], "fail", "twice"),
        ([ITEMS[2], ITEMS[4], ITEMS[3]], "fail", "another order"),
        ([encode("r", event="reset", id="i9")], "pass", "reset"),
        ([encode("other", id="i9")], "skip", "--event"),
    ],
)
def test_a_reconnect_is_judged_by_what_came(came, result, said):
    verdict = judge_resumed(known(*ITEMS), 1, captured(*came)).verdict

    assert verdict.result == result
    assert said in verdict.evidence


def test_nothing_again_is_a_loss_if_the_items_are_named():
    verdict = judge_resumed(known(*ITEMS, events=("message",)), 1, captured()).verdict

    assert verdict.result == "fail"
    assert "nothing of the 3 items came" in verdict.evidence


@pytest.mark.parametrize(
    ("received", "result"),
    [("abcd", "pass"), ("abd", "fail"), ("abbcd", "fail"), ("abdc", "fail"), ("ab", "fail")],
)
def test_the_union_over_reconnects_is_what_was_published(received, result):
    assert judge_union(list("abcd"), list(received), list("abcd")).result == result


# --- the rest


def test_a_credential_is_never_shown_even_in_part():
    token = "0123456789abcdefghijklmnop"
    secrecy = Secrecy((token,))

    for start in range(0, 10):
        for end in range(start + 8, len(token) + 1):
            assert secrecy.hide(f"x{token[start:end]}y") == "x***y"
    assert secrecy.hide("a\r\n\x1b[0m" + "z" * 400) == "a\\r\\n\\x1b[0m" + "z" * 288 + "..."


def test_a_credential_in_a_head_or_a_body_is_found():
    assert judge_echo([captured(b"data: secret-token\n\n")], ("secret-token",)).result == "fail"
    assert judge_echo([captured(b"data: other\n\n")], ("secret-token",)).result == "pass"


@pytest.mark.parametrize("name", hostile_texts(""))
def test_a_hostile_text_that_our_encoder_writes_arrives(name):
    token = "kit-00000000-1"
    text = hostile_texts(token)[name]
    capture = captured(encode(text))

    assert judge_item(name, text, token, capture, "", Identities(Options())) == ""
    assert expected(text) == capture.events[0].data


@pytest.mark.parametrize(
    ("url", "path", "shown"),
    [
        ("http://x", "/", "http://x/"),
        ("https://x:443/a?b=secret&c", "/a?b=secret&c", "https://x/a?b=...&..."),
        ("http://u:p@x:81/a b", "/a%20b", "http://x:81/a%20b"),
        ("http://[::1]:8000/s#part", "/s", "http://[::1]:8000/s"),
        ("http://x/%0d%0aA", "/%0d%0aA", "http://x/%0d%0aA"),
    ],
)
def test_a_url_is_asked_and_shown(url, path, shown):
    target = parse(url)

    assert (target.path, target.shown) == (path, shown)


@given(st.text(max_size=40))
def test_any_text_is_a_url_or_is_refused(text):
    for url in (text, f"http://{text}", f"http://x/{text}"):
        try:
            path = parse(url).path
        except BadUrlError:
            continue
        assert path.isascii()
        assert not set(path) & set("\r\n \0")
