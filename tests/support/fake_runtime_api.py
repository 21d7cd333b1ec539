"""A fake Runtime API on loopback. It hands out invocations and keeps every byte that it receives.

h11 reads the requests, so that a parser of others judges what the runtime writes.
"""

import contextlib
import json
import socket
import threading
import time
from dataclasses import dataclass, field

import h11

HELD = "held"
FUNCTION_ARN = "arn:aws:lambda:us-east-1:123456789012:function:f"


@dataclass
class Posted:
    """One POST as it arrived. `pieces` holds its chunks, `reads` the single reads of the socket."""

    path: str
    headers: dict
    pieces: list = field(default_factory=list)
    reads: list = field(default_factory=list)
    trailers: dict = field(default_factory=dict)
    complete: bool = False

    @property
    def body(self):
        return b"".join(self.pieces)

    @property
    def kind(self):
        return self.path.rpartition("/")[2]

    @property
    def prelude(self):
        return json.loads(self.body.partition(bytes(8))[0])

    @property
    def content(self):
        return self.body.partition(bytes(8))[2]

    @property
    def error(self):
        return json.loads(self.body)


class FakeRuntimeApi:
    """Serves `script`. Each entry is the response to one GET /next.

    An entry is a dict of `body`, `headers`, `status`, `timeout_ms` and `delay_s`. At the end of the
    script, /next returns 500, upon which a runtime must exit. `verdicts` maps the number of a POST
    to the status of its response (202 otherwise). A verdict of None closes the connection instead,
    and a tuple (status, bytes) responds as soon as that many bytes of body have arrived; with HELD
    as the status it reads no further then, and never responds.
    """

    def __init__(
        self, script, verdicts=None, chunked_next=False, hold_next_at=None, restore_status=200
    ):
        self._script = list(script)
        self._verdicts = verdicts or {}
        self._chunked = chunked_next
        self._restore_status = restore_status
        self._hold_at = hold_next_at
        self._lock = threading.Lock()
        self.held = threading.Event()
        self.let_go = threading.Event()
        self._next_calls = 0
        self.posts = []
        self.calls = []
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._sockets = []
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        # Shut down, and closed by the threads that use them: by the time that a thread reads from a
        # closed socket, its number may belong to the next test's.
        self.let_go.set()
        for each in (self._listener, *self._sockets):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        self._listener.close()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._sockets.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            with connection:
                protocol = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
                while self._one_request(connection, protocol):
                    protocol.start_next_cycle()
        except (OSError, h11.RemoteProtocolError):
            pass

    def _event(self, connection, protocol, post=None):
        while (event := protocol.next_event()) is h11.NEED_DATA:
            data = connection.recv(1 << 16)
            if post:
                post.reads.append(data)
            protocol.receive_data(data)
        return event

    def _one_request(self, connection, protocol):
        request = self._event(connection, protocol)
        if not isinstance(request, h11.Request):
            return False
        path = request.target.decode().removeprefix("/2018-06-01/runtime/")
        headers = {name.decode(): value.decode() for name, value in request.headers}
        self.calls.append((request.method.decode(), path))
        if request.method == b"GET":
            self._event(connection, protocol)
            if path == "invocation/next":
                return self._next(connection, protocol)
            return self._reply(connection, protocol, self._restore_status)
        post = Posted(path, headers)
        with self._lock:
            number = len(self.posts)
            self.posts.append(post)
        verdict = self._verdicts.get(number, 202)
        while not isinstance(event := self._event(connection, protocol, post), h11.EndOfMessage):
            if not isinstance(event, h11.Data):
                return False
            if event.chunk_start or not post.pieces:
                post.pieces.append(b"")
            post.pieces[-1] += bytes(event.data)
            if isinstance(verdict, tuple) and len(post.body) >= verdict[1]:
                if verdict[0] == HELD:
                    return self._hold()
                connection.sendall(b"HTTP/1.1 %d Early\r\nContent-Length: 0\r\n\r\n" % verdict[0])
                connection.shutdown(socket.SHUT_WR)
                return False
            if verdict is None:
                return False
        post.trailers = {name.decode(): value.decode() for name, value in event.headers}
        post.complete = True
        if verdict == HELD:
            return self._hold()
        return self._reply(connection, protocol, verdict)

    def _hold(self):
        self.held.set()
        self.let_go.wait(30)
        return False

    def _reply(self, connection, protocol, status=200, body=b'{"status":"OK"}'):
        _send(connection, protocol, status, [("Content-Length", str(len(body)))], body)
        return True

    def entry(self, number):
        """Returns the entry of the script for this call of /next, or None while it is held."""
        with self._lock:
            if self._hold_at is not None and number > self._hold_at:
                self.held.set()
                return None
            if self._script:
                return self._script.pop(0)
            return {"status": 500}

    def _next(self, connection, protocol):
        with self._lock:
            self._next_calls += 1
            number = self._next_calls
        entry = self.entry(number)
        if entry is None:
            self.let_go.wait(30)
            return False
        if entry.get("close"):
            return False
        if entry.get("raw") is not None:
            connection.sendall(entry["raw"])
            return False
        self.let_go.wait(entry.get("delay_s", 0))
        body = entry.get("body", b"{}")
        deadline_ms = int(time.time() * 1000) + entry.get("timeout_ms", 30_000)
        headers = {
            "Lambda-Runtime-Aws-Request-Id": f"request-{number}",
            "Lambda-Runtime-Deadline-Ms": str(deadline_ms),
            "Lambda-Runtime-Invoked-Function-Arn": FUNCTION_ARN,
            **entry.get("headers", {}),
        }
        if self._chunked:
            headers["Transfer-Encoding"] = "chunked"
        else:
            headers["Content-Length"] = str(len(body))
        sent = [(name, value) for name, value in headers.items() if value is not None]
        _send(connection, protocol, entry.get("status", 200), sent, body)
        return True


def _send(connection, protocol, status, headers, body):
    response = h11.Response(status_code=status, headers=headers)
    data = [response, h11.Data(body), h11.EndOfMessage()]
    connection.sendall(b"".join(protocol.send(each) for each in data))


def url_request(method="GET", path="/", **context):
    """Returns the payload of a Function URL, format 2.0, as far as the runtime reads it."""
    http = {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1"}
    context = {"http": http, "domainName": "abc.lambda-url.us-east-1.on.aws", **context}
    return {
        "body": json.dumps(
            {"version": "2.0", "rawPath": path, "headers": {}, "requestContext": context}
        ).encode()
    }


def api_request(method="GET"):
    """Returns the payload of API Gateway, format 1.0, as far as the runtime reads it."""
    context = {"httpMethod": method, "stage": "dev", "path": "/dev/"}
    body = {
        "resource": "/",
        "path": "/",
        "httpMethod": method,
        "headers": {},
        "requestContext": context,
    }
    return {"body": json.dumps(body).encode()}
