"""Sends one request to an application in two ways: through uvicorn's socket, and through `Asgi`.

    with uvicorn_of(app) as server:
        assert in_process(Asgi(app), request) == over_a_socket(server, request)

Both give a `Response`, which compares equal if a client could not tell them apart. Left out is what
the front owns, and not the application: FRONTS_OWN.
"""

import contextlib
import http.client
import json
import socket
import threading
from collections import Counter
from dataclasses import dataclass, field, replace

import uvicorn
from streaming_runtime.context import Deadline
from streaming_runtime.plan import Buffered, Streamed, front_of, plan

from local_lambda.application import Route
from local_lambda.fronts import payload_alb, payload_v1, payload_v2
from local_lambda.fronts.http_api import decoded_path
from local_lambda.fronts.payload import RequestContext
from local_lambda.fronts.routing import HttpRouteTable, RouteTable
from local_lambda.http.messages import HttpRequest
from tests.support.waiting import eventually

FRONTS_OWN = {"connection", "content-length", "date", "keep-alive", "server", "transfer-encoding"}
LONGEST_WAIT_S = 20
HOST = "shop.example"
CONTEXT = RequestContext(
    api_id="abc", host=HOST, port=443, request_id="r", trace_id="Root=1-2-3", time_ms=0
)
TARGET_GROUP = "arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/t/1"


@dataclass(frozen=True)
class Request:
    """One request. `target` is the path and the query, as they stand in a request line."""

    method: str = "GET"
    target: str = "/"
    headers: tuple = ()
    body: bytes = b""

    def named(self):
        """The headers with those that every client sends."""
        given = {name.lower() for name, _ in self.headers}
        headers = [*self.headers]
        if "host" not in given:
            headers.insert(0, ("host", HOST))
        if "content-length" not in given and (self.body or self.method in ("POST", "PUT", "PATCH")):
            headers.append(("content-length", str(len(self.body))))
        return headers


@dataclass(frozen=True)
class Response:
    """A response as a client sees it. `is_broken`: it ended before its end, or did not begin."""

    status: int | None
    headers: Counter
    body: bytes
    is_broken: bool = False
    pieces: list = field(default_factory=list, compare=False)
    error: BaseException | None = field(default=None, compare=False)

    @property
    def text(self):
        return self.body.decode()

    @property
    def json(self):
        return json.loads(self.body)

    def header(self, name):
        """The values of a header."""
        return [value for each, value in self.headers.elements() if each == name]


BROKEN = Response(None, Counter(), b"", is_broken=True)


def headers_of(pairs):
    """Counts the headers. Repeated ones are joined, as RFC 9110 allows it for all but cookies."""
    joined = {}
    cookies = []
    for name, value in pairs:
        key = name.lower()
        if key == "set-cookie":
            cookies.append((key, value))
        elif key not in FRONTS_OWN:
            joined.setdefault(key, []).append(value)
    return Counter([*((name, ", ".join(values)) for name, values in joined.items()), *cookies])


# --- uvicorn


@contextlib.contextmanager
def uvicorn_of(app, **options):
    """Serves `app` with uvicorn, in a thread. Gives its (host, port)."""
    listener = socket.create_server(("127.0.0.1", 0))
    options = {"lifespan": "auto", "http": "h11", "ws": "none", **options}
    config = uvicorn.Config(app, log_config=None, access_log=False, **options)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        eventually(lambda: server.started or not thread.is_alive())
        yield listener.getsockname()
    finally:
        server.should_exit = True
        thread.join(LONGEST_WAIT_S)
        listener.close()


def over_a_socket(server, request):
    """Returns the response of a server at (host, port)."""
    connection = http.client.HTTPConnection(*server, timeout=LONGEST_WAIT_S)
    try:
        connection.putrequest(
            request.method, request.target, skip_host=True, skip_accept_encoding=True
        )
        for name, value in request.named():
            connection.putheader(name, value)
        connection.endheaders(request.body or None)
        try:
            answered = connection.getresponse()
        except (http.client.HTTPException, OSError) as error:
            return replace(BROKEN, error=error)
        headers = headers_of(answered.getheaders())
        try:
            body = answered.read()
        except (http.client.HTTPException, OSError) as error:
            body = getattr(error, "partial", b"")
            return Response(answered.status, headers, body, is_broken=True, error=error)
        return Response(answered.status, headers, body)
    finally:
        connection.close()


# --- the payloads of the fronts, as the emulator makes them


def _emulated(request):
    return HttpRequest(request.method, request.target, request.named(), request.body)


def function_url(request):
    return payload_v2.build(_emulated(request), CONTEXT)


def rest_api(request, stage="prod"):
    emulated = _emulated(request)
    routes = [
        Route(method="ANY", path=path, function="F", binary_media_types=("*/*",))
        for path in ("/{proxy+}", "/")
    ]
    below = emulated.raw_path
    match = RouteTable(routes).match(request.method, below)
    paths = payload_v1.Paths(in_domain=below, sent=f"/{stage}{below}")
    return payload_v1.build(emulated, match, replace(CONTEXT, stage=stage), paths)


def http_api(request):
    emulated = _emulated(request)
    route = Route(method="ANY", path="$default", function="F", binary_media_types=())
    path = decoded_path(emulated.raw_path)
    match = HttpRouteTable([route]).match(request.method, path)
    context = replace(CONTEXT, stage="$default")
    return payload_v2.build_for_http_api(emulated, match, context, path=path)


def load_balancer(request):
    return payload_alb.build(_emulated(request), CONTEXT, TARGET_GROUP, True)


FRONTS = {
    "Function URL": function_url,
    "REST API": rest_api,
    "HTTP API": http_api,
    "load balancer": load_balancer,
}


# --- our handler


def in_process(handler, request, front=function_url, context=None):
    """Returns the response of a handler that is called here, read as the runtime reads it."""
    payload = front(request)
    try:
        planned = plan(handler(payload, context), front_of(payload), buffered=False)
    except Exception as error:
        return replace(BROKEN, error=error)
    assert isinstance(planned, (Streamed, Buffered))
    if isinstance(planned, Streamed):
        fields = json.loads(planned.prelude.removesuffix(bytes(8)))
    else:
        fields = planned.fields
    pieces = []
    error = None
    try:
        with planned.pieces:
            pieces.extend(bytes(piece) for piece in planned.pieces if piece)
    except Exception as raised:
        error = raised
    return Response(
        fields["statusCode"],
        headers_of(_pairs(fields)),
        b"".join(pieces),
        is_broken=error is not None,
        pieces=pieces,
        error=error,
    )


def _pairs(fields):
    for name, value in (fields.get("headers") or {}).items():
        if name != "content-length":
            yield name, value
    for name, values in (fields.get("multiValueHeaders") or {}).items():
        for value in values:
            yield name, value
    for cookie in fields.get("cookies") or ():
        yield "set-cookie", cookie


class Context:
    """A context of another runtime, whose invocation ends `remaining_s` seconds from now."""

    def __init__(self, remaining_s, clock):
        self._deadline = Deadline.of(str(int((clock() + remaining_s) * 1000)), clock)

    def get_remaining_time_in_millis(self):
        return self._deadline.remaining_ms()
