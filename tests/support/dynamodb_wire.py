"""A client of the product's own making whose requests meet faults on the wire, without a socket.

botocore signs, parses and judges as ever. Only what would go over the network goes to moto, or gets
what a fault says: a response as bytes, or an error of the connection.
"""

import contextlib
import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from botocore.awsrequest import AWSResponse, HeadersDict
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
    SSLError,
)
from dashboard_setup.clients import client_of
from moto.core.models import botocore_stubber

from tests.support import dynamodb_words as words
from tests.support.dynamodb_words import Response, Word

URL = "https://dynamodb.eu-central-1.amazonaws.com/"
HTML = b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"


class Call(NamedTuple):
    """One request: DynamoDB's name for its operation, its parsed body, and what carries it out."""

    operation: str
    body: dict[str, Any]
    forward: Callable[[], Response]


Fault = Callable[[Call], Response]  # which may raise an error of botocore's instead


class Wire:
    """`client` is the product's; `calls` are the operations that it has asked for."""

    def __init__(self, attempts: int = 1) -> None:
        self.client = client_of(connect_timeout_s=1, read_timeout_s=1, attempts=attempts)
        self.calls: list[str] = []
        self._fault: Fault | None = None
        self._chosen: Callable[[str], bool] = bool
        events = self.client.meta.events
        events.unregister("before-send", botocore_stubber)
        events.register_first("before-send.dynamodb", self._instead_of_sending)

    @contextlib.contextmanager
    def fault(self, fault: Fault, chosen: Callable[[str], bool] = bool) -> Iterator[None]:
        """Lets the operations that `chosen` selects meet `fault`, until the block is left."""
        self._fault = fault
        self._chosen = chosen
        try:
            yield
        finally:
            self._fault = None

    def _instead_of_sending(self, request: Any, event_name: str, **_: Any) -> AWSResponse:
        target = request.headers["X-Amz-Target"]
        target = target.decode() if isinstance(target, bytes) else target
        operation = target.rpartition(".")[2]
        self.calls.append(operation)

        def forward() -> Response:
            done = botocore_stubber(event_name, request)
            return Response(done.status_code, dict(done.headers), done.content)

        if self._fault is None or not self._chosen(operation):
            return _as_received(forward())
        return _as_received(self._fault(Call(operation, json.loads(request.body), forward)))


class _Raw:
    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        yield self._body


def _as_received(response: Response) -> AWSResponse:
    return AWSResponse(URL, response.status, HeadersDict(response.headers), _Raw(response.body))


def saying(word: Word) -> Fault:
    """Fails with a documented error. Calls that do not have it are carried out."""

    def fault(call: Call) -> Response:
        return word.response() if word.is_said_to(call.operation) else call.forward()

    return fault


def cancelling(code: str) -> Fault:
    """Cancels transactions, each for its last action; other calls are carried out."""

    def fault(call: Call) -> Response:
        if call.operation != "TransactWriteItems":
            return call.forward()
        actions = len(call.body["TransactItems"])
        return words.cancelled(["None"] * (actions - 1) + [code])

    return fault


def box(status: int, body: bytes = HTML, **headers: str) -> Fault:
    """Replies as something does that stands in the way, and is not DynamoDB."""
    sent = {"Content-Type": "text/html", "Content-Length": str(len(body)), **headers}
    return lambda _call: Response(status, sent, body)


def raising(error: Exception, *, done: bool = False) -> Fault:
    """Lets the connection fail. `done`: the call is carried out, and its response is lost."""

    def fault(call: Call) -> Response:
        if done:
            call.forward()
        raise error

    return fault


def _changed_on_the_way(call: Call) -> Response:
    response = call.forward()
    if response.status != 200 or len(response.body) < 3:
        return Response(200, response.headers, b'{"a":0}')
    at = len(response.body) // 2
    flipped = bytes([response.body[at] ^ 1])
    return response._replace(body=response.body[:at] + flipped + response.body[at + 1 :])


def _cut_with_a_true_length(call: Call) -> Response:
    """A middle box that has stored half a response states the half's length."""
    response = call.forward()
    half = response.body[: len(response.body) // 2]
    return response._replace(body=half, headers={**response.headers, "Content-Length": "1"})


def _unprocessed(share: Callable[[list[Any]], list[Any]]) -> Fault:
    def fault(call: Call) -> Response:
        if call.operation != "BatchGetItem":
            return call.forward()
        ((table, wanted),) = call.body["RequestItems"].items()
        left = share(wanted["Keys"])
        found = json.loads(call.forward().body)["Responses"][table]
        read = [each for each in found if {name: each[name] for name in ("PK", "SK")} not in left]
        unread = {table: {**wanted, "Keys": left}} if left else {}
        return words.said(200, {"Responses": {table: read}, "UnprocessedKeys": unread})

    return fault


def _named(each: Word) -> str:
    return f"{each.namespace.rpartition('.')[2].strip('#')} {each.name}"


PASSING_WORDS = [*words.THROTTLING, *words.FAILING, *words.SHUT_OUT, *words.REFUSED_WRITES]
# All that passes, by name. None of it may end in a 500, or lose anything.
PASSING: dict[str, Fault] = {
    **{_named(each): saying(each) for each in PASSING_WORDS},
    **{f"cancelled {code}": cancelling(code) for code in words.PASSING_CANCELLATIONS},
    "HTML with 502": box(502),
    "HTML with 403": box(403),
    "500 without a body": box(500, b""),
    "HTML with 200": box(200),
    "200 without a body": box(200, b""),
    "JSON of somebody else with 200": box(200, b'["ok"]', **{"Content-Type": "application/json"}),
    "changed on the way": _changed_on_the_way,
    "cut on the way": _cut_with_a_true_length,
    "connection refused": raising(EndpointConnectionError(endpoint_url=URL)),
    "connection reset": raising(ConnectionClosedError(endpoint_url=URL)),
    "no connection in time": raising(ConnectTimeoutError(endpoint_url=URL)),
    "no response in time": raising(ReadTimeoutError(endpoint_url=URL)),
    "a certificate of somebody else": raising(SSLError(endpoint_url=URL, error="self-signed")),
    "done, response lost": raising(ReadTimeoutError(endpoint_url=URL), done=True),
    "done, connection reset": raising(ConnectionClosedError(endpoint_url=URL), done=True),
    "all keys unprocessed": _unprocessed(lambda keys: keys),
    "the last key unprocessed": _unprocessed(lambda keys: keys[-1:]),
}
# Requests that the table refuses as wrong, by name: defects of the service, which a retry repeats.
# A condition that fails is not among them: it is an answer.
WRONG: dict[str, Fault] = {
    **{_named(each): saying(each) for each in words.OUR_FAULT[1:]},
    **{
        f"cancelled {code}": cancelling(code)
        for code in ("ValidationError", "ItemCollectionSizeLimitExceeded")
    },
}
