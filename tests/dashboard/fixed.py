"""The page and the service at a given moment, in a given zone.

The service is the real one: routes, stream, publisher and table code run in this process on moto,
behind a small HTTP server. Page and service read clocks that start at the same moment and go on by
themselves; a test moves them. What was published stays in `items`, for a recount.
"""

import socket
import threading
import time
from contextlib import suppress
from datetime import datetime
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from dashboard_data import DynamoDbPublisher, Item, Table, publisher_backoff
from dashboard_data.times import utc_text

from tests.dashboard.scripted import Scripted
from tests.support.fakes import MeddledClient, TableError
from tests.support.functions import Service

NEW_YORK = "America/New_York"
SENTIMENTS = ("positive", "neutral", "negative")
PASSED_ON = ("Last-Event-ID", "X-Connection-Key", "Authorization")
# `Date` is ahead of the real one by `clockAheadMs`, which a test may change; timers are the real
# ones.
CLOCK = """
globalThis.clockAheadMs = %r;
{
  const realNow = Date.now;
  const now = () => realNow() + clockAheadMs;
  globalThis.Date = new Proxy(Date, {
    apply: () => new Date().toString(),
    construct: (real, given) => (given.length ? new real(...given) : new real(now())),
    get: (real, name) => (name === "now" ? now : real[name]),
  });
}
"""
MOVE = "globalThis.clockAheadMs += %r;"


def moment(text, zone=NEW_YORK):
    """Returns the epoch seconds at which clocks in the zone show `text`."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


class RunningClock:
    """Epoch seconds that start at a given moment and go on as time passes."""

    def __init__(self, start_s):
        self.ahead_s = start_s - time.time()

    def __call__(self):
        return time.time() + self.ahead_s

    def advance(self, seconds):
        self.ahead_s += seconds

    def sleep(self, seconds):
        time.sleep(min(seconds, 0.05))

    def pause(self, condition, seconds):
        """Waits on the condition, but not long, because the clock may be moved meanwhile."""
        condition.wait(min(seconds, 0.05))


class FixedService(Scripted):
    """The server, with the real responses.

    `away`: every connection ends without a response. `api_away`: only calls of the API do.
    `refusing`: streams are refused. `forgetting`: streams do not know the position that a client
    says. `silent`: streams stay open and carry nothing. `failing`: the table cannot be read.
    `items` holds all that was published, in that order.
    """

    def __init__(self, client, table, start_s):
        super().__init__()
        self.clock = RunningClock(start_s)
        self.away = False
        self.api_away = False
        self.refusing = False
        self.forgetting = False
        self.silent = False
        self.failing = False
        self.items = []
        self._calls = threading.Lock()
        self._connections = {}  # open streams by thread
        self.service = Service(MeddledClient(client, self._guarded), table, self.clock)
        backoff = publisher_backoff(self.clock.sleep, lambda: 0.5)
        self._publisher = DynamoDbPublisher(Table(client, table), self.clock, backoff)
        self.publish()  # an empty feed has a head, too

    def _guarded(self, _number, _name, call):
        if self.failing:
            raise TableError("InternalServerError")
        return call()

    def publish(self, *items):
        """Publishes the items in this order, and returns them."""
        deadline_s = self.clock() + 600
        assert self._publisher.publish(items, deadline_s).failed == {}
        self.items += items
        return items

    def item(self, ago_s=0.0, **changed):
        """Makes an item of so many seconds ago. Its number decides about the rest."""
        number = changed.pop("number", len(self.items))
        fields = {
            "item_id": f"item-{time.monotonic_ns()}-{number}",
            "ticker": ("AAPL", "MSFT", "NVDA")[number % 3],
            "sentiment": SENTIMENTS[number // 3 % 3],
            "score": round(number * 0.37 % 1, 2),
            "timestamp": utc_text(self.clock() - ago_s),
            "written_at": self.clock(),
        } | changed
        fields.setdefault("tags", (fields["ticker"], ("earnings", "guidance")[number % 2]))
        return Item(**fields)

    def publish_ago(self, *ago_s, **changed):
        """Publishes one item for each of these ages, in seconds."""
        first = len(self.items)
        return self.publish(
            *(self.item(ago, **{"number": first + at} | changed) for at, ago in enumerate(ago_s))
        )

    def cut(self):
        """Takes the network away: open connections end, new ones get no response."""
        self.away = True
        for connection in list(self._connections.values()):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def restore(self):
        self.away = False

    def respond(self, handler):
        path, _, query = handler.path.partition("?")
        if self.away or (self.api_away and path.startswith("/api/")):
            handler.close_connection = True
            return None
        if path.endswith("/stream") and self.refusing:
            return self.send(handler, 503, {"Retry-After": "1"}, b"{}")
        if path.endswith("/stream"):
            return self._real_stream(handler, path, query)
        if path.startswith("/api/"):
            return self._real_response(handler, "GET", path, query)
        return super().respond(handler)

    def call(self, path, **query):
        """Returns the JSON that the API responds with."""
        with self._calls:
            return self.service.api("GET", path, query=query or None).json()

    def _real_response(self, handler, method, path, query):
        with self._calls:
            response = self.service.api(method, path, **self._headers(handler, query))
        headers = {"Content-Type": response.headers.get("content-type", "")}
        return self.send(handler, response.status, headers, (response.body or "").encode())

    def _real_stream(self, handler, path, query):
        with self._calls:
            response = self.service.stream(path, **self._headers(handler, query))
        if not hasattr(response.body, "close"):
            headers = dict(response.headers)
            return self.send(handler, response.status, headers, (response.body or "").encode())
        handler.send_response(response.status)
        for name, value in (response.headers | {"Transfer-Encoding": "chunked"}).items():
            handler.send_header(name, value)
        handler.end_headers()
        self._connections[threading.get_ident()] = handler.connection
        self.streams.append(_RealStream(dict(handler.headers)))
        try:
            for piece in response.body:
                if self.away:
                    break
                if piece and not self.silent:
                    handler.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            else:
                handler.wfile.write(b"0\r\n\r\n")
        except OSError:
            pass  # the page has gone
        finally:
            del self._connections[threading.get_ident()]
            response.body.close()
        handler.close_connection = True
        return None

    def _headers(self, handler, query):
        given = {name: handler.headers[name] for name in PASSED_ON if handler.headers[name]}
        headers = {name.lower().replace("-", "_"): value for name, value in given.items()}
        if self.forgetting and "last_event_id" in headers:
            headers["last_event_id"] = "another-history"
        return headers | ({"query": dict(parse_qsl(query))} if query else {})

    def close(self):
        self.cut()
        super().close()


class _RealStream:
    """One stream that the page has opened. Its service writes it."""

    def __init__(self, headers):
        self.headers = headers

    def cut(self):
        pass


class FixedPage:
    """Opens the page in a zone, at the service's moment.

    `ahead_s`: how far the browser's clock is ahead of the service's.
    """

    def __init__(self, dashboard, fixed, query="", *, zone=NEW_YORK, ahead_s=0.0, **timings):
        self.zone = ZoneInfo(zone)
        self.fixed = fixed
        self.ahead_s = ahead_s
        ahead_ms = (fixed.clock.ahead_s + ahead_s) * 1000
        self.page = dashboard("about:blank", CLOCK % ahead_ms, **timings)
        self.page.cdp("Emulation.setTimezoneOverride", timezoneId=zone)
        self.go(query)

    def go(self, query=""):
        self.page.focus()
        self.page.driver.get(self.fixed.url + query)

    def advance(self, seconds):
        """Moves the page's clock. A page that is loaded later sees it moved, too."""
        move = MOVE % (seconds * 1000)
        self.page.run(move)
        self.page.cdp("Page.addScriptToEvaluateOnNewDocument", source=move)

    def __getattr__(self, name):
        return getattr(self.page, name)

    @property
    def browser_now_s(self):
        return self.fixed.clock() + self.ahead_s


def advance(fixed, *pages, seconds):
    """Moves the clocks of the service and of the pages together."""
    fixed.clock.advance(seconds)
    for page in pages:
        page.advance(seconds)
