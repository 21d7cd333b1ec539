"""Targets of the service: requests to the API and to the streams, whatever a client sends."""

import json
import re
import unicodedata
from collections.abc import Iterator
from typing import Any

from dashboard_data.feed.cursor import Cursor, event_id

from tests.fuzz.service import EPOCH, ITEMS, METHODS, SECRET, require_response, running
from tests.fuzz.source import Source
from tests.fuzz.target import Check, Registry
from tests.support.functions import Base64

TARGETS = Registry()
STREAM = "/api/v2/stream"
VALID = [event_id(Cursor(EPOCH, seq), SECRET) for seq in range(ITEMS + 1)]
OTHERS = [
    event_id(Cursor(EPOCH, 9), SECRET),
    event_id(Cursor("other", 1), SECRET),
    event_id(Cursor(EPOCH, 1), b"other"),
    "none-a",
]
_NO_UNICODE = re.compile("[\ud800-\udfff]")
POSITIONS = ["last-event-id", "Last-Event-ID", "last_event_id", "lastEventId"]


@TARGETS.target(
    "last_event_id",
    "Any `Last-Event-ID`, as a header or either parameter, on both fronts: 200 and valid "
    "events; after one of our ids exactly the items behind it, after any other a `reset` and "
    "none",
)
def last_event_id() -> Iterator[Check]:
    with running() as service:

        def check(data: bytes) -> None:
            service.begin()
            source = Source(data)
            given = source.pick(VALID + OTHERS)
            if source.chance(50):
                at = source.below(len(given) + 1)
                given = given[:at] + source.text(5) + given[at + source.below(3) :]
            if source.chance(20):
                given = source.text(200)
            where = source.pick(POSITIONS)
            service.service.front = source.pick(("1.0", "2.0"))
            payload = service.service.payload("GET", STREAM, {})
            part = "headers" if "-" in where else "queryStringParameters"
            payload[part] = {where: given}
            result = service.stream(payload)
            if _NO_UNICODE.search(given):  # a payload that no front sends
                assert result["statusCode"] == 400
                return
            assert result["statusCode"] == 200, result
            events = require_response(result, service.written)
            items = [json.loads(each.data)["item_id"] for each in events if each.type == "new_item"]
            resets = [each for each in events if each.type == "reset"]
            if given in VALID or not given:
                seen = VALID.index(given) if given else ITEMS
                assert not resets, given
                assert items == [f"item-{seq}" for seq in range(seen + 1, ITEMS + 1)], given
            else:
                assert resets, given
                assert not items, given

        yield check


@TARGETS.target(
    "stream_requests",
    "Any method, path, header, query and any damaged payload to the stream function on both "
    "fronts: never a status from 500 on (but a refusal), valid headers and events, each log "
    "line one JSON object",
)
def stream_requests() -> Iterator[Check]:
    with running(trust_user_id=True, proxy_address_header="x-forwarded-for") as service:

        def check(data: bytes) -> None:
            service.begin()
            source = Source(data)
            path = STREAM if source.chance(30) else service.path(source)
            payload: Any = service.payload(source, path, source.pick(METHODS))
            if source.chance(20):
                payload = source.changed(payload)
            require_response(service.stream(payload), service.written)

        yield check


@TARGETS.target(
    "api_requests",
    "Any method, path, header, query and any damaged payload to the API on both fronts: never a "
    "status from 500 on, an error as JSON, valid headers, each log line one JSON object",
)
def api_requests() -> Iterator[Check]:
    with running(trust_user_id=True) as service:

        def check(data: bytes) -> None:
            service.begin()
            source = Source(data)
            method = source.pick(METHODS) if source.chance(80) else source.text(5)
            payload: Any = service.payload(source, service.path(source), method)
            if source.chance(20):
                payload = source.changed(payload)
            require_response(service.api(payload), service.written)

        yield check


# Characters that reorder the text around them: some by their class in Unicode; the marks have the
# same classes as letters.
DIRECTIONS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
DIRECTION_MARKS = "\u061c\u200e\u200f"
DRAFT = {"name": "mine", "tickers": ["AAPL", {"symbol": "MSFT"}], "note": {"a": [1, 2]}}
TEXTS = [
    b'{"name":"a","name":"b","tickers":["AAPL"]}',
    b'{"name":"\\ud800","tickers":["AAPL"]}',
    b'{"name":"a","tickers":["AAPL","AAPL"]}',
    b"[" * 2_000,
    b'{"a":' * 1_000,
    b"1" * 5_000,
    b'{"name":1e400,"tickers":[1e400]}',
    b"\xff\xfe{\0}\0",
]


@TARGETS.target(
    "api_bodies",
    "Any body to the configurations, as text or base64, valid JSON or not: 201, 200 or a 4xx "
    "whose detail is text; nothing that breaks the rules is kept",
)
def api_bodies() -> Iterator[Check]:
    with running() as service:
        one = f"/api/v2/configurations/{service.config_id}"
        places = [("POST", "/api/v2/configurations"), ("PUT", one), ("PUT", one)]

        def check(data: bytes) -> None:
            service.begin()
            source = Source(data)
            method, path = source.pick(places)
            body = _body(source)
            service.service.front = source.pick(("1.0", "2.0"))
            payload = service.service.payload(method, path, service.signed_in, body)
            if source.chance(20):
                payload["isBase64Encoded"] = source.json(0)
            result = service.api(payload)
            require_response(result, service.written)
            if result["statusCode"] < 300:
                _require_draft(json.loads(result["body"]))

        yield check


def _body(source: Source) -> Any:
    kind = source.below(6)
    if kind < 3:
        return json.dumps(source.changed(DRAFT), ensure_ascii=source.chance(50))
    text = source.damaged(source.pick([*TEXTS, json.dumps(DRAFT).encode()]))
    if kind == 3:
        return text.decode("utf-8", "surrogateescape")
    if kind == 4:
        import base64

        return Base64(base64.b64encode(text).decode())
    return source.text(40)


def _require_draft(kept: dict[str, Any]) -> None:
    assert 1 <= len(kept["name"]) <= 100
    assert not kept["name"].isspace(), kept
    for char in kept["name"]:
        assert unicodedata.category(char) not in ("Cc", "Cs", "Zl", "Zp"), kept
        assert unicodedata.bidirectional(char) not in DIRECTIONS, kept
        assert char not in DIRECTION_MARKS, kept
    assert 1 <= len(kept["tickers"]) <= 5
    for ticker in kept["tickers"]:
        assert ticker.isascii()
        assert ticker.isalpha()
        assert ticker.isupper()
        assert len(ticker) <= 5
