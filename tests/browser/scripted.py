"""The page's own files on a server that says exactly what a test tells it to, byte by byte."""

import json
import queue
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import event_stream
from api_function.page_routes import HEADERS, TYPES, read_files

from tests.waiting import eventually

STATIC = Path(__file__).parents[2] / "functions/api/api_function/static"
PAGES = Path(__file__).parent / "pages"
METRICS = {"total": 3, "positive": 1, "neutral": 1, "negative": 1, "by_tag": {"AAPL": 3}}
METRICS |= {"rate_last_hour": 3, "rate_last_24h": 3, "timestamp": "2026-11-22T09:00:00Z"}
END, CUT = object(), object()


def item(item_id, **changed):
    """An item as an event carries it."""
    fields = {"item_id": item_id, "ticker": "AAPL", "tags": ["AAPL"], "sentiment": "positive", "score": 0.5}
    return fields | {"timestamp": "2026-11-22T09:00:00Z", "source_id": item_id} | changed


def new_item(item_id, id=None, **changed):
    return event_stream.encode(json.dumps(item(item_id, **changed)), event="new_item", id=id or f"at-{item_id}")


def metrics(id="m", **changed):
    return event_stream.encode(json.dumps(METRICS | changed), event="metrics", id=id)


def heartbeat(connections=1, id="h"):
    data = {"timestamp": "2026-11-22T09:00:00Z", "connections": connections}
    return event_stream.encode(json.dumps(data), event="heartbeat", id=id)


BEGINNING = event_stream.encode(retry_ms=1000) + metrics() + heartbeat()


@dataclass
class Refusal:
    status: int
    headers: dict = field(default_factory=dict)
    detail: str = "refused"


class Stream:
    """One stream that the page has opened; the test writes it."""

    def __init__(self, headers):
        self.headers, self.opened_at = headers, time.monotonic()
        self.pieces, self.left = queue.Queue(), threading.Event()

    def send(self, *pieces):
        for piece in pieces:
            self.pieces.put(piece)

    def end(self, retry_ms=None):
        """As the service ends one: with a last `retry`. Without one: just the end."""
        self.send(*([event_stream.encode(retry_ms=retry_ms)] if retry_ms else []), END)

    def cut(self):
        self.send(CUT)


class Scripted:
    """`refusal`: what a stream gets instead of being opened. `polled`: what `/api/v2/metrics` says; None: nothing."""

    def __init__(self):
        self.streams, self.requests, self.files = [], [], read_files(STATIC)
        self.refusal, self.beginning, self.polled = None, BEGINNING, METRICS | {"recent_items": []}
        scripted = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                scripted.requests.append((self.path, dict(self.headers)))
                scripted.answer(self)

            def do_POST(self):
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                scripted.requests.append((self.path, dict(self.headers)))
                scripted.send(self, 204, {}, b"")

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/"

    def answer(self, handler):
        path = handler.path.partition("?")[0]
        name = "index.html" if path == "/" else path.removeprefix("/static/")
        if path == "/api/v2/stream":
            return self._stream(handler)
        if path == "/api/v2/metrics":
            status = 200 if self.polled else 500
            return self.send(handler, status, {"Content-Type": "application/json"}, json.dumps(self.polled).encode())
        if name in self.files:
            headers = HEADERS | {"Content-Type": TYPES[Path(name).suffix]}
            return self.send(handler, 200, headers, self.files[name].encode())
        page = PAGES / path[1:]
        if page.is_file():
            return self.send(handler, 200, {"Content-Type": "text/html; charset=utf-8"}, page.read_bytes())
        return self.send(handler, 404, {}, b"")

    def send(self, handler, status, headers, body):
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        if status != 204:
            handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    def _stream(self, handler):
        if self.refusal:
            body = json.dumps({"detail": self.refusal.detail}).encode()
            headers = {"Content-Type": "application/json"} | self.refusal.headers
            return self.send(handler, self.refusal.status, headers, body)
        stream = Stream(dict(handler.headers))
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
        stream.send(self.beginning)
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
        """The stream of that number, once the page has opened it."""
        eventually(lambda: len(self.streams) >= count, within_s)
        return self.streams[count - 1]

    def asked_for(self, prefix):
        return [path for path, _ in self.requests if path.startswith(prefix)]

    def close(self):
        for stream in self.streams:
            stream.cut()
        self.server.shutdown()
        self.server.server_close()
