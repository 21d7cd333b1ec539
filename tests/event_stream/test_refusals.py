from enum import IntEnum

import pytest
from event_stream import Decoder, Received, comment, encode

POISON = {
    "LF": "a\nb",
    "CR": "a\rb",
    "CRLF": "a\r\nb",
    "NUL": "a\0b",
    "U+2028": "a\u2028b",
    "U+0085": "a\x85b",
    "lone surrogate": "a\ud800b",
    "BOM": "\ufeffa",
    "leading space": " a",
    "empty": "",
    "1 MB": "x" * 1_000_000,
}
NOT_PRINTABLE = {"LF", "CR", "CRLF", "NUL", "U+2028", "U+0085", "lone surrogate", "BOM"}
REFUSED = {
    "event": NOT_PRINTABLE | {"empty"},
    "id": NOT_PRINTABLE,
    "data": {"lone surrogate"},
    "comment": {"lone surrogate"},
    "retry_ms": set(POISON),
}
MATRIX = [(field, poison) for field in REFUSED for poison in POISON]


def with_lf(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def written(field: str, text: str) -> bytes:
    return comment(text) if field == "comment" else encode(**{"data": "d", "id": "i", field: text})


@pytest.mark.parametrize(
    ("field", "poison"), [cell for cell in MATRIX if cell[1] in REFUSED[cell[0]]]
)
def test_what_a_field_cannot_carry_is_refused_by_name(field, poison):
    with pytest.raises((TypeError, ValueError), match=rf"^{field} "):
        written(field, POISON[poison])


@pytest.mark.parametrize(
    ("field", "poison"), [cell for cell in MATRIX if cell[1] not in REFUSED[cell[0]]]
)
def test_what_a_field_can_carry_arrives_exactly(field, poison):
    decoder = Decoder()
    events = decoder.feed(written(field, POISON[poison]))
    if field == "comment":
        assert (events, decoder.last_event_id) == ([], "")
    else:
        sent = {
            "type": "message",
            "data": "d",
            "id": "i",
            "type" if field == "event" else field: POISON[poison],
        }
        assert events == [Received(**sent | {"data": with_lf(sent["data"])})]


ENDS = [
    "\n",
    "\r",
    "\r\n",
    "\n\r",
    "\0",
    "\x0b",
    "\x0c",
    "\x1c",
    "\x1e",
    "\x85",
    "\u2028",
    "\u2029",
    "\ufeff",
]


@pytest.mark.parametrize("end", ENDS, ids=ascii)
@pytest.mark.parametrize("field", ["data", "event", "id", "comment"])
def test_nothing_can_be_injected(field, end):
    attack = f"a{end}data: INJ{end}{end}event: evil{end}data: x"
    try:
        block = written(field, attack)
    except ValueError:
        assert field in ("event", "id")
        return
    data = {"data": with_lf(attack), "comment": None}[field]
    assert Decoder().feed(block) == ([] if data is None else [Received("message", data, "i")])


class Delay(IntEnum):
    LONG = 5


@pytest.mark.parametrize("retry_ms", [True, False, 1.0, "5", "5\nevent: evil", b"5", Delay.LONG])
def test_a_reconnection_time_that_is_no_plain_int_is_refused(retry_ms):
    with pytest.raises(TypeError, match=r"^retry_ms is "):
        encode("x", retry_ms=retry_ms)


@pytest.mark.parametrize(
    "retry_ms", [-1, 2**31, 10**5000], ids=["negative", "over 31 bits", "over 4,300 digits"]
)
def test_a_reconnection_time_out_of_range_is_refused(retry_ms):
    with pytest.raises(ValueError, match=r"^retry_ms is outside 0 to 2147483647"):
        encode("x", retry_ms=retry_ms)


@pytest.mark.parametrize("field", ["data", "event", "id", "comment"])
@pytest.mark.parametrize("value", [b"x", 5, ["x"]])
def test_a_field_that_is_no_text_is_refused(field, value):
    with pytest.raises(TypeError, match=rf"^{field} is "):
        written(field, value)


def test_a_refusal_names_the_character_and_where_it_stands():
    with pytest.raises(ValueError, match=r"^id holds U\+000A at 1, which is not printable$"):
        encode("x", id="a\nb")
    with pytest.raises(ValueError, match=r"^data holds the lone surrogate U\+D800$"):
        encode("x\ny\ud800")


def test_an_event_that_no_client_would_dispatch_is_refused():
    with pytest.raises(ValueError, match=r"^event without data is never dispatched"):
        encode(event="e", id="7")
    with pytest.raises(ValueError, match=r"^nothing to encode"):
        encode()
