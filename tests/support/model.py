"""Stands in for Amazon Bedrock: a model that says what a test lets it say, when the test says so.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html
"""

import contextlib
import json
import queue
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from local_lambda.lambda_api import framing

_WAITS_FOR_WORDS_S = 20


class Model:
    """`say` sends a piece of the open response, `finish` ends it. `asked` are the requests."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.asked: list[dict[str, Any]] = []
        self.words: queue.Queue[str | None] = queue.Queue()

    def say(self, text: str) -> None:
        self.words.put(text)

    def finish(self) -> None:
        self.words.put(None)


@contextlib.contextmanager
def running() -> Iterator[Model]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            model.asked.append({"path": self.path, **json.loads(self.rfile.read(length))})
            self.send_response(200)
            self.send_header("Content-Type", framing.CONTENT_TYPE)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self._send("messageStart", {"role": "assistant"})
            while (text := model.words.get(timeout=_WAITS_FOR_WORDS_S)) is not None:
                self._send("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": text}})
            self._send("contentBlockStop", {"contentBlockIndex": 0})
            self._send("messageStop", {"stopReason": "end_turn"})
            usage = {"inputTokens": 1, "outputTokens": 2, "totalTokens": 3}
            self._send("metadata", {"usage": usage, "metrics": {"latencyMs": 1}})
            self.wfile.write(b"0\r\n\r\n")

        def _send(self, event_type: str, fields: dict[str, Any]) -> None:
            payload = json.dumps(fields).encode()
            data = framing.event(event_type, payload, content_type="application/json")
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

        def log_message(self, *_: object) -> None:
            """Keeps the tests' output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    model = Model(f"http://127.0.0.1:{server.server_address[1]}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield model
    finally:
        server.shutdown()
        server.server_close()
