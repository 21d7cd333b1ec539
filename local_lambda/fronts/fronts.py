"""Holds what all fronts share: settings, reading requests, invoking functions, responding.

Each front is a module of its own: `function_url.py`, `rest_api.py`, `http_api.py` and
`load_balancer.py`.
"""

import asyncio
import json
import logging
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from local_lambda import witness
from local_lambda.application import Cors, FixedResponse
from local_lambda.environments.invocation import Buffered, Failed, Invocation, Throttled, collect
from local_lambda.environments.pool import FunctionPool
from local_lambda.environments.tracing import new_root
from local_lambda.fronts import cors
from local_lambda.fronts.claims import Claims
from local_lambda.fronts.faults import Faults
from local_lambda.fronts.payload import RequestContext
from local_lambda.fronts.replies import with_public_names
from local_lambda.fronts.routing import METHODS
from local_lambda.http.messages import (
    Headers,
    HttpRequest,
    HttpResponse,
    is_header,
    json_response,
)
from local_lambda.http.server import BodyTooLarge, ClientGone, HttpExchange, HttpServer

_log = logging.getLogger(__name__)
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
PAYLOAD_LIMIT_BYTES = 6 * 1024 * 1024
# A client may have a large body left to send when its request is refused.
_LINGER_S = 10.0
# Documented for Function URLs and REST APIs. That others get 405 is assumed
# (docs/assumptions.md: unknown-method-405).
_NO_SUCH_METHOD = json_response(405, '{"message":"Method Not Allowed"}').with_headers(
    (("Allow", ", ".join(METHODS)),)
)
BAD_REQUEST = json_response(400, '{"message":"Bad Request"}')


class Refused(Exception):
    """The front responds by itself and does not invoke the function."""

    def __init__(self, response: HttpResponse) -> None:
        super().__init__(response.status)
        self.response = response


class NotServed(Exception):
    """The emulator does not serve the function."""


class PayloadTooLarge(Exception):
    """A payload is over Lambda's limit of 6 MB."""


@dataclass(frozen=True)
class FrontSettings:
    """`claims` are given to routes whose authorizer the emulator cannot run."""

    bandwidth: bool = False
    hang_on_empty_body: bool = False
    stage: str | None = None
    base_path: str | None = None
    claims: Claims | None = None


@dataclass(frozen=True)
class FrontHost:
    """Holds what fronts need of the emulator.

    `pools` are by the function's logical id. They may be filled after the fronts listen.
    """

    pools: Mapping[str, FunctionPool]
    faults: Faults
    settings: FrontSettings = field(default_factory=FrontSettings)
    region: str = "us-east-1"

    async def invoke(
        self,
        function: str,
        fields: Mapping[str, object],
        trace_id: str,
        request_id: str = "",
        qualifier: str = "",
    ) -> Invocation:
        """Invokes a function. Raises NotServed, PayloadTooLarge and Throttled."""
        payload = json.dumps(fields, ensure_ascii=False).encode("utf-8", "replace")
        if len(payload) > PAYLOAD_LIMIT_BYTES:
            raise PayloadTooLarge
        pool = self.pools.get(function)
        if pool is None:
            _log.error("function.not_served %s a front has no such function to invoke", function)
            raise NotServed
        return await pool.invoke(
            payload, trace_id=trace_id, request_id=request_id, qualifier=qualifier
        )

    async def call(
        self, function: str, fields: Mapping[str, object], trace_id: str, timeout_s: float
    ) -> Buffered | Failed:
        """Invokes a function and waits for its whole reply.

        Raises as `invoke` does, and TimeoutError.
        """
        invocation = await self.invoke(function, fields, trace_id)
        try:
            async with asyncio.timeout(invocation.limit_s(timeout_s)):
                return await collect(await asyncio.shield(invocation.reply))
        except (asyncio.CancelledError, TimeoutError):
            invocation.abandon()
            raise


@dataclass(frozen=True)
class Call:
    """Holds one request. Every response to it carries its id and the front's CORS headers."""

    exchange: HttpExchange
    request: HttpRequest
    context: RequestContext
    id_headers: Headers
    cors_headers: Headers = ()

    @property
    def extra(self) -> Headers:
        return (*self.id_headers, *self.cors_headers)

    async def respond(self, response: HttpResponse) -> None:
        """Sends a function's response with the header names that the client gets."""
        await self.send(with_public_names(response))

    async def send(self, response: HttpResponse) -> None:
        """Sends a response as it is. A client may leave meanwhile."""
        try:
            await self.exchange.respond(response.with_headers(self.extra))
        except ClientGone:
            _log.info("client.gone %s", self.exchange.path)


class Front:
    """Listens for the requests of one front. Each front says how it serves a call.

    `failed` is the response when the function fails or is not served. Every response gets the
    headers that `cors_rules` allow.
    """

    body_limit_bytes = PAYLOAD_LIMIT_BYTES
    body_too_large = json_response(413, '{"message":"Request Entity Too Large"}')
    payload_too_large = body_too_large
    throttled = json_response(429, '{"message":"Too Many Requests"}')
    no_such_method = _NO_SUCH_METHOD
    failed = json_response(502, '{"message": "Internal server error"}')
    id_names: tuple[str, ...] = ("x-amzn-RequestId",)
    shares_request_id = False  # whether the invocation has the id of the request

    def __init__(
        self,
        name: str,
        host: FrontHost,
        api_id: str,
        stage: str = "$default",
        cors_rules: Cors | None = None,
    ) -> None:
        self.host = host
        self.api_id = api_id
        self.stage = stage
        self.cors_rules = cors_rules
        self.server = HttpServer(self._handle, name, linger_s=_LINGER_S)

    def knows_method(self, method: str) -> bool:
        return method in METHODS

    async def serve(self, call: Call) -> None:
        """Responds to one call. May raise what `FrontHost.invoke` raises, and Refused."""
        raise NotImplementedError

    async def invoke(
        self, call: Call, function: str, fields: Mapping[str, object], qualifier: str = ""
    ) -> Invocation:
        """Invokes a function, or a version or alias of it, for a call.

        Raises as `FrontHost.invoke` does.
        """
        self.host.faults.serves(call.exchange, function)
        request_id = call.context.request_id if self.shares_request_id else ""
        return await self.host.invoke(
            function, fields, call.context.trace_id, request_id=request_id, qualifier=qualifier
        )

    def take_over(self, other: "Front") -> None:
        """Serves further requests in place of another front, which listens."""
        self.server = other.server
        self.server.serve_with(self._handle)

    async def _handle(self, exchange: HttpExchange) -> None:
        request = HttpRequest(
            method=exchange.method,
            target=exchange.target,
            headers=exchange.headers,
            source_ip=exchange.peer_ip,
        )
        call = self._call(exchange, request)
        witness.request(exchange.target, exchange.headers)
        exchange.keeps_bytes = witness.KEPT_BYTES if witness.is_on() else 0
        try:
            await self.host.faults.run(exchange, lambda _: self._serve(call), headers=call.extra)
        finally:
            witness.response(exchange.status, exchange.sent_headers, bytes(exchange.kept))

    async def _serve(self, call: Call) -> None:
        exchange = call.exchange
        try:
            if not self.knows_method(call.request.method):
                raise Refused(self.no_such_method)
            if not call.request.has_path:
                raise Refused(BAD_REQUEST)
            body = await self._read(exchange)
            await self.serve(replace(call, request=replace(call.request, body=body)))
        except Refused as refused:
            await call.send(refused.response)
        except NotServed:
            await call.send(self.failed)
        except PayloadTooLarge:
            _log.warning("payload.too_large %s is over 6 MB as a payload", exchange.path)
            await call.send(self.payload_too_large)
        except Throttled:
            await call.send(self.throttled)

    async def _read(self, exchange: HttpExchange) -> bytes:
        """Reads the request's body. A length that is too large is refused unread."""
        length = exchange.header("content-length") or ""
        if length.isdecimal() and int(length) > self.body_limit_bytes:
            raise Refused(self.body_too_large)
        try:
            return await exchange.body(self.body_limit_bytes)
        except BodyTooLarge:
            raise Refused(self.body_too_large) from None

    def _call(self, exchange: HttpExchange, request: HttpRequest) -> Call:
        now_s = time.time()
        context = RequestContext(
            api_id=self.api_id,
            host=f"127.0.0.1:{self.server.port}",
            port=self.server.port,
            request_id=str(uuid.uuid4()),
            trace_id=request.header("x-amzn-trace-id") or f"Root={new_root(now_s)}",
            time_ms=int(now_s * 1000),
            stage=self.stage,
        )
        id_headers = tuple((name, context.request_id) for name in self.id_names)
        cors_headers: Headers = ()
        if self.cors_rules:
            cors_headers = cors.response_headers(self.cors_rules, request)
        return Call(exchange, request, context, id_headers=id_headers, cors_headers=cors_headers)


def fixed_response(fixed: FixedResponse) -> HttpResponse:
    """Returns a response of the template. Headers that HTTP cannot carry are left out."""
    headers = tuple(pair for pair in fixed.headers if is_header(*pair))
    return HttpResponse(fixed.status, headers, fixed.body.encode("utf-8", "replace"))
