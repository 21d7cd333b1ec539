"""A server with the page's files, whose streams a test writes byte by byte."""

import json
import queue
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import event_stream
from api_function.page_routes import HEADERS, TYPES, read_files

from tests.support.paths import ROOT
from tests.support.waiting import eventually

STATIC = ROOT / "functions/api/api_function/static"
PAGES = Path(__file__).parent / "pages"
METRICS = {"total": 3, "positive": 1, "neutral": 1, "negative": 1, "by_tag": {"AAPL": 3}}
METRICS |= {"rate_last_hour": 3, "rate_last_24h": 3}
END, CUT = object(), object()


def utc(**ago):
    """Returns the time now, or so long ago."""
    return (datetime.now(UTC) - timedelta(**ago)).isoformat().replace("+00:00", "Z")


def item(item_id, **changed):
    """Returns an item as an event carries it."""
    fields = {
        "item_id": item_id,
        "ticker": "AAPL",
        "tags": ["AAPL"],
        "sentiment": "positive",
        "score": 0.5,
    }
    return fields | {"timestamp": "2026-11-22T09:00:00Z", "source_id": item_id} | changed


def new_item(item_id, id=None, **changed):
    return event_stream.encode(
        json.dumps(item(item_id, **changed)), event="new_item", id=id or f"at-{item_id}"
    )


def metrics(id="m", **changed):
    return event_stream.encode(
        json.dumps({"timestamp": utc()} | METRICS | changed), event="metrics", id=id
    )


def heartbeat(connections=1, id="h", **changed):
    data = {"timestamp": utc(), "connections": connections} | changed
    return event_stream.encode(json.dumps(data), event="heartbeat", id=id)


def beginning():
    return event_stream.encode(retry_ms=1000) + metrics() + heartbeat()


@dataclass
class Refusal:
    status: int
    headers: dict = field(default_factory=dict)
    detail: str = "refused"


class Stream:
    """One stream that the page has opened and the test writes."""

    def __init__(self, headers, path):
        self.headers = headers
        self.path = path
        self.opened_at = time.monotonic()
        self.pieces = queue.Queue()
        self.left = threading.Event()

    def send(self, *pieces):
        for piece in pieces:
            self.pieces.put(piece)

    def end(self, retry_ms=None):
        """Ends the stream as the service does, with a last `retry`; None: without one."""
        self.send(*([event_stream.encode(retry_ms=retry_ms)] if retry_ms else []), END)

    def cut(self):
        self.send(CUT)

    def send_fails(self):
        """Says whether the page has gone. Ask repeatedly: only writing shows it."""
        self.send(event_stream.comment("are you there"))
        return self.left.is_set()


class Scripted:
    """The server. A test sets what each call gets.

    `refusal` is the response to a stream instead of opening it; `mute`: it gets no response at all.
    `polled` is the body of `/api/v2/metrics`, `tickers` that of `/api/v2/tickers`, and `of_ticker`
    has those of `/api/v2/metrics?ticker=` by ticker. A body may be a function that returns one;
    None: the call fails. While `may_respond` is not set, these responses wait. `posted` is the
    status of every `POST`. `late_s` is how late each file of this name comes. `requests` holds
    path, headers and moment of each.
    """

    def __init__(self):
        self.streams = []
        self.requests = []
        self.files = read_files(STATIC)
        self.refusal = None
        self.mute = False
        self.beginning = None
        self.polled = METRICS | {"recent_items": []}
        self.may_respond = threading.Event()
        self.may_respond.set()
        self.of_ticker = {}
        self.tickers = {"tickers": [], "others": {"total": 0}, "topics": {}}
        self.posted = 204
        self.late_s = {}
        scripted = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                scripted.note(self)
                scripted.respond(self)

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                scripted.note(self)
                scripted.respond_to_call(self, body)

            do_PUT = do_DELETE = do_POST

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/"

    def note(self, handler):
        self.requests.append((handler.path, dict(handler.headers), time.monotonic()))

    def respond(self, handler):
        path = handler.path.partition("?")[0]
        name = "index.html" if path == "/" else path.removeprefix("/static/")
        if path == "/api/v2/stream":
            return self.stream(handler)
        if path == "/api/v2/metrics":
            [ticker] = parse_qs(urlsplit(handler.path).query).get("ticker", [None])
            body = self.of_ticker.get(ticker) if ticker else self.polled
            self.may_respond.wait(10)
            return self._send_json(handler, body)
        if path == "/api/v2/tickers":
            return self._send_json(handler, self.tickers)
        if name in self.files:
            time.sleep(self.late_s.get(name, 0))
            headers = HEADERS | {"Content-Type": TYPES[Path(name).suffix]}
            return self.send(handler, 200, headers, self.files[name].encode())
        page = PAGES / path[1:]
        if page.is_file():
            return self.send(
                handler, 200, {"Content-Type": "text/html; charset=utf-8"}, page.read_bytes()
            )
        return self.send(handler, 404, {}, b"")

    def respond_to_call(self, handler, body):
        self.send(handler, self.posted, {}, b"")

    def send(self, handler, status, headers, body):
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        if status != 204:
            handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    def _send_json(self, handler, told):
        told = told() if callable(told) else told
        body = json.dumps({"timestamp": utc()} | (told or {})).encode()
        headers = {"Content-Type": "application/json"}
        return self.send(handler, 200 if told else 500, headers, body)

    def stream(self, handler):
        if self.mute:
            handler.rfile.read(1)  # returns when the page gives up
            return None
        if self.refusal:
            body = json.dumps({"detail": self.refusal.detail}).encode()
            headers = {"Content-Type": "application/json"} | self.refusal.headers
            return self.send(handler, self.refusal.status, headers, body)
        stream = Stream(dict(handler.headers), handler.path)
        connection_id = f"connection-{len(self.streams)}"
        handler.send_response(200)
        headers = {
            "Content-Type": "text/event-stream",
            "X-Connection-Id": connection_id,
            "Transfer-Encoding": "chunked",
        }
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        stream.send(beginning() if self.beginning is None else self.beginning)
        self.streams.append(stream)
        try:
            while (piece := stream.pieces.get(timeout=60)) not in (END, CUT):
                handler.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            if piece is END:
                handler.wfile.write(b"0\r\n\r\n")
        except (OSError, queue.Empty):
            stream.left.set()
        handler.close_connection = True
        return None

    def opened(self, count=1, within_s=10):
        """Waits until the page has opened that many streams, and returns the last of them."""
        eventually(lambda: len(self.streams) >= count, within_s)
        return self.streams[count - 1]

    def asked_for(self, prefix):
        return [path for path, *_ in list(self.requests) if path.startswith(prefix)]

    def times_of(self, path):
        """Returns when the path was asked for, in seconds; only differences mean anything."""
        return [at for asked, _, at in list(self.requests) if asked == path]

    def close(self):
        for stream in self.streams:
            stream.cut()
        self.server.shutdown()
        self.server.server_close()
