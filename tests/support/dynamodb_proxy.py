"""Stands between the service and its table, and fails as DynamoDB documents it, when it is told to.

Sizes and the words of refused writes come from the corrected moto behind it
(`local_lambda/programs/moto_process.py`). What this adds are the failures that moto never has:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
"""

import contextlib
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from tests.support import dynamodb_words as words
from tests.support.paths import ROOT

MOTO = ROOT / "local_lambda/programs/moto_process.py"
NAMESPACE = words.SERVICE
COMMON_NAMESPACE = words.COMMON


class Request(NamedTuple):
    """One call of the API: `operation` is DynamoDB's name for it, `body` its parsed JSON."""

    operation: str
    body: dict[str, Any]


class Reply(NamedTuple):
    status: int
    body: dict[str, Any]


Answer = Callable[[Request], Reply | None]  # None: ask moto
Chosen = Callable[[Request], bool]


class Hang(Exception):
    """No byte comes back, for as long as the fault lasts."""


class HangUp(Exception):
    """The connection is closed without a byte."""


def refusing(_request: Request) -> Reply:
    """Fails like a service that cannot be reached."""
    raise HangUp


def hanging(_request: Request) -> Reply:
    """Fails like a service that takes requests and does not reply."""
    raise Hang


def failing(request: Request) -> Reply:
    """Replies with DynamoDB's own internal error."""
    del request
    return Reply(500, {"__type": f"{NAMESPACE}InternalServerError", "message": "Internal error"})


def throttling(request: Request) -> Reply:
    """Replies as a table does whose throughput is used up."""
    if request.operation == "TransactWriteItems":
        reasons = [
            {"Code": "ThrottlingError", "Message": words.HOT} for _ in request.body["TransactItems"]
        ]
        return cancelled(reasons)
    return saying(words.THROTTLING[0])


def expired_credentials(_request: Request) -> Reply:
    error = f"{COMMON_NAMESPACE}ExpiredTokenException"
    message = "The security token included in the request is expired"
    return Reply(400, {"__type": error, "message": message})


def unprocessed(request: Request) -> Reply | None:
    """Leaves every key of a BatchGetItem unread; asks moto for all else."""
    if request.operation != "BatchGetItem":
        return None
    return Reply(200, {"Responses": {}, "UnprocessedKeys": request.body["RequestItems"]})


def saying(word: words.Word) -> Reply:
    """Replies with a documented error."""
    return Reply(word.status, json.loads(word.response().body))


def cancelled(reasons: list[dict[str, str]]) -> Reply:
    codes = ", ".join(reason["Code"] for reason in reasons)
    message = (
        f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]"
    )
    error = f"{NAMESPACE}TransactionCanceledException"
    return Reply(400, {"__type": error, "Message": message, "CancellationReasons": reasons})


@dataclass(eq=False)
class _Fault:
    answer: Answer
    chosen: Chosen
    over: threading.Event = field(default_factory=threading.Event)


class _QuietServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512

    def handle_error(self, *_: Any) -> None:
        """Says nothing: clients that go away are what these tests are about."""


class DynamoDbProxy:
    """A DynamoDB endpoint at `url`. It passes everything on, unless a fault is switched on.

    `requests` counts the calls by operation, those that failed too.
    """

    def __init__(self, upstream: str) -> None:
        self._upstream = upstream.removeprefix("http://").rstrip("/")
        self._faults: list[_Fault] = []
        self._own = threading.local()
        self.requests: dict[str, int] = {}
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                proxy._serve(self)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = _QuietServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @contextlib.contextmanager
    def fault(self, answer: Answer, chosen: Chosen = lambda request: True) -> Iterator[None]:
        """Lets the requests that `chosen` selects fail by `answer`, until the block is left."""
        fault = _Fault(answer, chosen)
        self._faults.append(fault)
        try:
            yield
        finally:
            self._faults.remove(fault)
            fault.over.set()

    def slow(self, seconds: float, chosen: Chosen = lambda request: True) -> Any:
        """Lets the requests that `chosen` selects take so much longer, until the block is left."""

        def answer(_request: Request) -> None:
            threading.Event().wait(seconds)

        return self.fault(answer, chosen)

    def close(self) -> None:
        for fault in self._faults:
            fault.over.set()
        self._server.shutdown()
        self._server.server_close()

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        content = handler.rfile.read(int(handler.headers["Content-Length"]))
        operation = handler.headers.get("X-Amz-Target", "").rpartition(".")[2]
        self.requests[operation] = self.requests.get(operation, 0) + 1
        request = Request(operation, json.loads(content or b"{}"))
        for fault in list(self._faults):
            if not fault.chosen(request):
                continue
            try:
                reply = fault.answer(request)
            except Hang:
                fault.over.wait()
                handler.close_connection = True
                return
            except HangUp:
                handler.close_connection = True
                return
            if reply:
                self._send(handler, reply.status, json.dumps(reply.body).encode())
                return
        status, answered = self._forward(handler, content)
        self._send(handler, status, answered)

    def _forward(self, handler: BaseHTTPRequestHandler, content: bytes) -> tuple[int, bytes]:
        connection = getattr(self._own, "connection", None) or HTTPConnection(self._upstream)
        self._own.connection = connection
        headers = {k: v for k, v in handler.headers.items() if k.lower() != "host"}
        try:
            connection.request("POST", "/", content, headers)
            response = connection.getresponse()
            return response.status, response.read()
        except OSError:
            connection.close()
            raise

    def _send(self, handler: BaseHTTPRequestHandler, status: int, content: bytes) -> None:
        handler.send_response_only(status)
        for name, value in words.headers_of(content).items():
            handler.send_header(name, value)
        handler.end_headers()
        with contextlib.suppress(OSError):  # the client did not wait for it
            handler.wfile.write(content)


@contextlib.contextmanager
def moto_behind_proxy() -> Iterator[DynamoDbProxy]:
    """Starts a moto process of its own, and a proxy before it.

    For the emulator: `Emulator(template, "--dynamodb-endpoint", proxy.url)`.
    """
    with contextlib.ExitStack() as stack:
        with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
            number = listener.fileno()
            port = listener.getsockname()[1]
            process = stack.enter_context(
                subprocess.Popen([sys.executable, str(MOTO), str(number)], pass_fds=[number])
            )
            stack.callback(process.kill)
        proxy = DynamoDbProxy(f"http://127.0.0.1:{port}")
        stack.callback(proxy.close)
        yield proxy
