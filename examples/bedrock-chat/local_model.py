"""Stands in for Amazon Bedrock on this machine: a model that repeats what it is told.

boto3 takes its address from AWS_ENDPOINT_URL_BEDROCK_RUNTIME. It speaks what ConverseStream does:
https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html

Some first words make it fail: "throttle" before it says anything, "fail" after three words; "slow"
has long pauses, and "break" ends without an end.
"""

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

from local_lambda.lambda_api import framing

PAUSE_S = 0.12
LONG_PAUSE_S = 2


class ModelError(Exception):
    """An error of Bedrock: `code` as botocore knows it, and what it says."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


class BrokenOff(Exception):
    """The connection ends in the middle."""


# A model: gets the request, and yields its words, or the reason for which it stops.
Speaker = Callable[[dict[str, Any]], Iterator[str]]


def parrot(request: dict[str, Any]) -> Iterator[str]:
    """Says what it was told, and how many messages it has heard so far."""
    said = request["messages"][-1]["content"][0]["text"]
    wish = said.split()[0].lower()
    if wish == "throttle":
        raise ModelError("ThrottlingException", "Too many requests, please wait.", status=429)
    count = len(request["messages"])
    for number, word in enumerate(f"You said: {said} (message {count})".split(" ")):
        if number == 3 and wish == "fail":
            raise ModelError("ModelStreamErrorException", "The model lost its thread.")
        if number == 3 and wish == "break":
            raise BrokenOff
        time.sleep(LONG_PAUSE_S if wish == "slow" else PAUSE_S)
        yield f"{word} "


@contextlib.contextmanager
def serving(speak: Speaker, port: int = 0) -> Iterator[str]:
    """Serves a model while the block runs, and yields its address."""
    handler = type("Handler", (ModelHandler,), {"speak": staticmethod(speak)})
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


class ModelHandler(BaseHTTPRequestHandler):
    """Serves ConverseStream for one model."""

    protocol_version = "HTTP/1.1"
    speak: Speaker

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        asked = {"path": unquote(self.path), **json.loads(self.rfile.read(length))}
        words = self.speak(asked)
        try:
            first = next(words, None)
        except ModelError as error:
            self._refuse(error)
            return
        self._respond(first, words)

    def _refuse(self, error: ModelError) -> None:
        body = json.dumps({"message": str(error)}).encode()
        self.send_response(error.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("x-amzn-ErrorType", error.code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _respond(self, first: str | None, words: Iterator[str]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", framing.CONTENT_TYPE)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self._event("messageStart", {"role": "assistant"})
        try:
            if first is not None:
                self._word(first)
            for word in words:
                self._word(word)
            self._end()
        except ModelError as error:
            self._exception(error)
        except (BrokenOff, ConnectionError):
            self.close_connection = True
            return
        self.wfile.write(b"0\r\n\r\n")

    def _word(self, text: str) -> None:
        self._event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": text}})

    def _end(self) -> None:
        self._event("contentBlockStop", {"contentBlockIndex": 0})
        self._event("messageStop", {"stopReason": "end_turn"})
        usage = {"inputTokens": 1, "outputTokens": 2, "totalTokens": 3}
        self._event("metadata", {"usage": usage, "metrics": {"latencyMs": 1}})

    def _event(self, event_type: str, fields: dict[str, Any]) -> None:
        payload = json.dumps(fields).encode()
        self._chunk(framing.event(event_type, payload, content_type="application/json"))

    def _exception(self, error: ModelError) -> None:
        headers = {
            ":exception-type": error.code[:1].lower() + error.code[1:],
            ":content-type": "application/json",
            ":message-type": "exception",
        }
        self._chunk(framing.message(headers, json.dumps({"message": str(error)}).encode()))

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def log_message(self, *_: object) -> None:
        """Keeps the emulator's log readable."""
