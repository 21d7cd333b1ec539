"""The service in this process over a table in memory, and requests to it."""

import contextlib
import json
import os
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from dashboard_data import Item
from dashboard_data.feed.feed import FeedEntry, entry_record
from dashboard_data.feed.head import HEAD_KEY
from event_stream import Decoder

from tests.fuzz.invariants import Written, headers_in, require_headers, require_json_lines
from tests.fuzz.memory_table import MemoryClient
from tests.fuzz.source import Source
from tests.support.fakes import FakeClock
from tests.support.functions import USUAL_EVENT_FIELDS, Service

SECRET = b"secret of the feed, 32 bytes long"
EPOCH = "epoch1"
ITEMS = 3
CASES_BEFORE_RESET = 200
METHODS = ["GET", "GET", "GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "get", "TRACE"]
NAMES = [
    "authorization", "last-event-id", "x-connection-key", "origin",
    "access-control-request-method", "accept-encoding", "content-type", "x-user-id",
    "x-forwarded-for", "if-none-match", "cookie", "x-proxy-secret", "Last-Event-ID", "host",
]  # fmt: skip
PARAMETERS = ["last_event_id", "lastEventId", "ticker", "x", ""]
PATHS = [
    "/", "/health", "/api/v2/stream", "/api/v2/stream", "/api/v2/metrics", "/api/v2/tickers",
    "/api/v2/stream/status", "/api/v2/auth/anonymous", "/api/v2/configurations",
    "/api/v2/configurations/{id}", "/api/v2/configurations/{id}/stream", "/static/{id}",
    "/api/v2/stream/connections/{id}/close", "/openapi.json", "/api/v2/openapi.json",
]  # fmt: skip
FRONTS = ("1.0", "2.0")


class Running:
    """The service, what it logged, and a user who is signed in with a configuration."""

    def __init__(self, written: Written, **settings: Any) -> None:
        self.table = MemoryClient()
        self.clock = FakeClock()
        self.written = written
        self.service = Service(self.table, "table", self.clock, proxy_secret="p" * 16, **settings)
        self.service.logger.propagate = False
        self._put_feed()
        self.session, self.signed_in = self.service.sign_in()
        mine = self.service.configurations.create(self.session.user_id, "mine", ["AAPL"])
        self.config_id = mine.config_id
        self._records = dict(self.table.records)
        self._left = CASES_BEFORE_RESET

    def _put_feed(self) -> None:
        head = {"epoch": {"S": EPOCH}, "seq": {"N": str(ITEMS)}, "secret": {"B": SECRET}}
        self.table.records[HEAD_KEY] = {"PK": {"S": "FEED"}, "SK": {"S": "HEAD"}} | head
        for seq in range(1, ITEMS + 1):
            item = Item(
                f"item-{seq}", "AAPL", ("tag",), "positive", 0.5, "2026-11-22T11:00:00.000Z"
            )
            record = entry_record(EPOCH, FeedEntry(seq, item), self.clock())
            self.table.records[record["PK"]["S"], record["SK"]["S"]] = record

    def begin(self) -> None:
        """Begins a case. Now and then the table is as it was at first."""
        self._left -= 1
        if not self._left:
            self._left = CASES_BEFORE_RESET
            self.table.records = dict(self._records)

    def payload(self, source: Source, path: str, method: str, body: Any = None) -> dict[str, Any]:
        """Draws a request of either front, most of whose parts are what clients can send."""
        self.service.front = source.pick(FRONTS)
        payload = self.service.payload(method, path, {}, body)
        headers = {source.pick(NAMES): source.text(30) for _ in range(source.below(4))}
        if source.chance(50):
            headers |= self.signed_in
        query = {source.pick(PARAMETERS): source.text(30) for _ in range(source.below(3))}
        payload["headers"] = headers
        payload["queryStringParameters"] = query or None
        if self.service.front == "1.0":
            payload["multiValueHeaders"] = {name: [value] for name, value in headers.items()}
            several = {name: [value, source.text(4)] for name, value in query.items()}
            payload["multiValueQueryStringParameters"] = several
        return payload

    def path(self, source: Source) -> str:
        path: str = source.pick(PATHS)
        made = self.config_id if source.chance(40) else source.text(10)
        path = path.replace("{id}", made)
        if source.chance(25):
            at = source.below(len(path) + 1)
            path = path[:at] + source.text(6) + path[at:]
        return path

    def stream(self, payload: Any) -> dict[str, Any]:
        return self._called(self.service.stream_handler, payload, 900_000)

    def api(self, payload: Any) -> dict[str, Any]:
        return self._called(self.service._api, payload, 10_000)

    def _called(self, handler: Any, payload: Any, left_ms: int) -> dict[str, Any]:
        context = SimpleNamespace(
            get_remaining_time_in_millis=lambda: left_ms, aws_request_id="request-1"
        )
        result: dict[str, Any] = handler(payload, context)
        return result


@contextlib.contextmanager
def running(**settings: Any) -> Iterator[Running]:
    """Runs the service with its log and its metrics going to `written`."""
    os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "Test")
    os.environ.setdefault("POWERTOOLS_SERVICE_NAME", "test")
    written = Written()
    with contextlib.redirect_stdout(written):
        yield Running(written, **settings)


def require_response(
    result: dict[str, Any], written: Written, *, outage: bool = False
) -> list[Any]:
    """Requires what must hold of every response, and returns the events of one that streams."""
    status = result["statusCode"]
    assert isinstance(status, int)
    assert 200 <= status < 500 or (status == 503 and _may_be_503(result, outage)), result
    require_headers(headers_in(result))
    events = _events(result)
    require_json_lines(written.take())
    return events


def _may_be_503(result: dict[str, Any], outage: bool) -> bool:
    return outage or "connections" in str(result["body"])


def _events(result: dict[str, Any]) -> list[Any]:
    body = result.get("body")
    if body is None or isinstance(body, (str, bytes)):
        _require_error(result)
        return []
    decoder = Decoder()
    events: list[Any] = []
    pieces = iter(body)
    try:
        for _ in range(2):
            events += decoder.feed(next(pieces, b""))
    finally:
        pieces.close()
    for event in events:
        assert event.type in USUAL_EVENT_FIELDS, event
        assert set(json.loads(event.data)) == USUAL_EVENT_FIELDS[event.type], event
        assert event.id.isascii()
        assert len(event.id) <= 128
    return events


def _require_error(result: dict[str, Any]) -> None:
    if result["statusCode"] >= 400 and result.get("body"):
        assert isinstance(json.loads(result["body"])["detail"], str), result
