"""Serves one request through `Wsgi`, and through another server over a real socket."""

import socket
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, IncompleteRead, RemoteDisconnected
from threading import Thread

import waitress.server
from lambda_streaming import Wsgi
from streaming_runtime.plan import front_of, plan

from local_lambda.fronts import prelude
from local_lambda.http.messages import HttpRequest
from tests.lambda_streaming.emulated import function_url

# The front and the other server each write these for themselves.
OWNED = {"connection", "content-length", "date", "server", "transfer-encoding", "via"}


@dataclass
class Served:
    """A response as a client sees it. `ended_well`: False for one that was cut off."""

    status: int
    headers: list
    body: bytes
    ended_well: bool = True
    pieces: list = field(default_factory=list, compare=False)


class Context:
    """The part of the handler's context that is used here."""

    aws_request_id = "r"

    def get_remaining_time_in_millis(self):
        return 60_000


def ours(app, request, *, front=function_url, **options):
    """Serves it as the runtime does: handler, plan, prelude, pieces, close."""
    payload = front(request)
    result = Wsgi(app, **options)(payload, Context())
    sent = plan(result, front_of(payload), buffered=False)
    head = prelude.parse(sent.prelude.partition(prelude.DELIMITER)[0])
    headers = [*head.headers, *(("set-cookie", each) for each in head.cookies)]
    pieces = []
    ended_well = True
    try:
        with sent.pieces:
            pieces += filter(None, map(bytes, sent.pieces))
    except Exception:
        ended_well = False
    return Served(head.status, seen(headers), b"".join(pieces), ended_well, pieces)


def seen(headers):
    """Returns the headers of the application alone, those of one name together."""
    pairs = [(name.lower(), value) for name, value in headers if name.lower() not in OWNED]
    return sorted(pairs, key=lambda pair: pair[0])


@contextmanager
def other_server(app):
    """Runs waitress with `app`, and gives a function that sends it a request."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = waitress.server.create_server(
        app, sockets=[listening], threads=2, clear_untrusted_proxy_headers=False
    )
    thread = Thread(target=_run, args=[server], daemon=True)
    thread.start()
    try:
        yield lambda request: asked(listening.getsockname()[1], request)
    finally:
        server.close()
        thread.join(5)


def _run(server):
    try:
        server.run()
    except OSError:  # closed while it waits
        pass


def asked(port, request: HttpRequest):
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.putrequest(
            request.method, request.target, skip_host=True, skip_accept_encoding=True
        )
        for name, value in request.headers:
            connection.putheader(name, value.encode("latin-1"))
        if request.body and request.header("content-length") is None:
            connection.putheader("content-length", str(len(request.body)))
        connection.endheaders(request.body or None)
        response = connection.getresponse()
        ended_well = True
        try:
            body = response.read()
        except (IncompleteRead, RemoteDisconnected, ConnectionError) as error:
            body = getattr(error, "partial", b"")
            ended_well = False
        return Served(response.status, seen(response.getheaders()), body, ended_well)
    finally:
        connection.close()
