"""Serves the two fronts that clients see.

Each function has its Function URL, and one REST API serves all functions with routes.
https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode.html
"""

import asyncio
import json
import logging
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace

from local_lambda.application import Function, FunctionUrl, Route
from local_lambda.environments.invocation import (
    Buffered,
    Failed,
    Invocation,
    Streamed,
    Throttled,
    collect,
)
from local_lambda.environments.pool import FunctionPool
from local_lambda.environments.tracing import new_root
from local_lambda.fronts import bandwidth, cors, payload_v1, payload_v2
from local_lambda.fronts.faults import Faults
from local_lambda.fronts.payload import RequestContext, ResultError
from local_lambda.fronts.replies import (
    StreamRules,
    prelude_response,
    send_stream,
    with_public_names,
)
from local_lambda.fronts.routing import RouteMatch, RouteTable
from local_lambda.http.messages import Headers, HttpRequest, HttpResponse, json_response
from local_lambda.http.server import BodyTooLarge, ClientGone, HttpExchange, HttpServer

_log = logging.getLogger(__name__)
_REQUEST_LIMIT_BYTES = 6 * 1024 * 1024
_TOO_LARGE = json_response(413, '{"message":"Request Entity Too Large"}')
_URL_THROTTLED = json_response(
    429, '{"Reason":"ConcurrentInvocationLimitExceeded","message":"Rate Exceeded."}'
)
_API_THROTTLED = json_response(429, '{"message":"Too Many Requests"}')


@dataclass(frozen=True)
class FrontSettings:
    bandwidth: bool = False
    hang_on_empty_body: bool = False
    stage: str | None = None
    base_path: str | None = None


async def _read_request(exchange: HttpExchange) -> HttpRequest | None:
    try:
        body = await exchange.body(_REQUEST_LIMIT_BYTES)
    except BodyTooLarge:
        await exchange.respond(_TOO_LARGE)
        return None
    return HttpRequest(
        method=exchange.method,
        target=exchange.target,
        headers=exchange.headers,
        body=body,
        source_ip=exchange.peer_ip,
    )


def _request_context(
    server: HttpServer, request: HttpRequest, api_id: str, stage: str
) -> RequestContext:
    now_s = time.time()
    return RequestContext(
        api_id=api_id,
        host=f"127.0.0.1:{server.port}",
        port=server.port,
        request_id=str(uuid.uuid4()),
        trace_id=request.header("x-amzn-trace-id") or f"Root={new_root(now_s)}",
        time_ms=int(now_s * 1000),
        stage=stage,
    )


async def _send_with_public_names(
    exchange: HttpExchange, response: HttpResponse, extra: Headers = ()
) -> None:
    try:
        await exchange.respond(with_public_names(response).with_headers(extra))
    except ClientGone:
        _log.info("client.gone %s", exchange.target)


class FunctionUrlFront:
    """Serves the Function URL of one function.

    `pools` are by the function's logical id. They may be filled after the front listens.
    """

    def __init__(
        self,
        function: Function,
        url: FunctionUrl,
        pools: Mapping[str, FunctionPool],
        faults: Faults,
        settings: FrontSettings,
    ) -> None:
        self._function = function
        self._url = url
        self._pools = pools
        self._faults = faults
        self._rules = StreamRules(
            bad_gateway=payload_v2.BAD_GATEWAY,
            bandwidth=bandwidth.FUNCTION_URL if settings.bandwidth else None,
            hang_on_empty_body=settings.hang_on_empty_body,
        )
        self.server = HttpServer(self._handle, f"url-{function.logical_id}")

    async def _handle(self, exchange: HttpExchange) -> None:
        await self._faults.run(exchange, self._serve)

    async def _serve(self, exchange: HttpExchange) -> None:
        request = await _read_request(exchange)
        if request is None:
            return
        logical_id = self._function.logical_id
        self._faults.serves(exchange, logical_id)
        context = _request_context(
            self.server, request, api_id=logical_id.lower(), stage="$default"
        )
        extra: Headers = (("x-amzn-RequestId", context.request_id),)
        if rules := self._url.cors:
            if response := cors.preflight(rules, request):
                await exchange.respond(response)
                return
            extra += cors.response_headers(rules, request)
        payload = json.dumps(payload_v2.build(request, context)).encode()
        try:
            invocation = await self._pools[logical_id].invoke(payload, trace_id=context.trace_id)
        except Throttled:
            await _send_with_public_names(exchange, _URL_THROTTLED, extra)
            return
        await self._reply(exchange, invocation, extra)

    async def _reply(self, exchange: HttpExchange, invocation: Invocation, extra: Headers) -> None:
        logical_id = self._function.logical_id
        reply = await invocation.reply
        if not self._url.streaming:
            if isinstance(reply, Streamed):
                _log.error("url.stream_on_buffered %s InvokeMode is BUFFERED", logical_id)
            reply = await collect(reply)
        match reply:
            case Streamed():
                await send_stream(exchange, invocation, reply, rules=self._rules, extra=extra)
            case Buffered(body, content_type) if self._url.streaming:
                _log.error("url.buffered_on_stream %s the client gets the raw result", logical_id)
                response = HttpResponse(200, (("Content-Type", content_type),), body)
                await _send_with_public_names(exchange, response, extra)
            case Buffered(body):
                await _send_with_public_names(exchange, payload_v2.render(body), extra)
            case Failed():
                await _send_with_public_names(exchange, payload_v2.BAD_GATEWAY, extra)


class RestApiFront:
    """Serves the REST API. `pools` are by the function's logical id."""

    def __init__(
        self,
        routes: tuple[Route, ...],
        pools: Mapping[str, FunctionPool],
        faults: Faults,
        settings: FrontSettings,
    ) -> None:
        self._routes = RouteTable(routes)
        self._pools = pools
        self._faults = faults
        self._stage = settings.stage
        self._base_path = settings.base_path
        self._rules = StreamRules(
            bad_gateway=payload_v1.BAD_GATEWAY,
            bandwidth=bandwidth.REST_API if settings.bandwidth else None,
            hang_on_empty_body=settings.hang_on_empty_body,
        )
        self.server = HttpServer(self._handle, "rest-api")

    async def _handle(self, exchange: HttpExchange) -> None:
        await self._faults.run(exchange, self._serve)

    async def _serve(self, exchange: HttpExchange) -> None:
        sent = await _read_request(exchange)
        if sent is None:
            return
        in_domain = _without_prefix(sent, self._stage)
        request = _without_prefix(in_domain, self._base_path)
        context = _request_context(
            self.server, request, api_id="local", stage=self._stage or "local"
        )
        extra = (("x-amzn-RequestId", context.request_id),)
        match = self._routes.match(request.method, request.raw_path)
        if match is None:
            await _send_with_public_names(exchange, payload_v1.NO_SUCH_ROUTE, extra)
            return
        self._faults.serves(exchange, match.route.function)
        paths = payload_v1.Paths(in_domain=in_domain.raw_path, sent=sent.raw_path)
        fields = payload_v1.build(request, match, context, paths)
        payload = json.dumps(fields).encode()
        pool = self._pools[match.route.function]
        try:
            invocation = await pool.invoke(payload, trace_id=context.trace_id)
        except Throttled:
            await _send_with_public_names(exchange, _API_THROTTLED, extra)
            return
        await self._reply(exchange, invocation, match, extra=extra)

    async def _reply(
        self, exchange: HttpExchange, invocation: Invocation, match: RouteMatch, extra: Headers
    ) -> None:
        """Sends the reply within the timeout of the route's integration."""
        route = match.route
        send = self._send_streamed if route.streaming else self._send_buffered
        try:
            async with asyncio.timeout(route.timeout_s):
                await send(exchange, invocation, match, extra=extra)
        except TimeoutError:
            _log.warning("integration.timed_out %s after %g s", route.path, route.timeout_s)
            invocation.abandon()
            if not exchange.started:
                await _send_with_public_names(exchange, payload_v1.GATEWAY_TIMEOUT, extra)

    async def _send_streamed(
        self, exchange: HttpExchange, invocation: Invocation, match: RouteMatch, extra: Headers
    ) -> None:
        reply = await asyncio.shield(invocation.reply)
        if isinstance(reply, Streamed):
            await send_stream(exchange, invocation, reply, rules=self._rules, extra=extra)
            return
        if isinstance(reply, Buffered):
            _log.error(
                "api.buffered_on_stream %s: the route streams, but its function replied whole",
                match.route.path,
            )
        await _send_with_public_names(exchange, payload_v1.BAD_GATEWAY, extra)

    async def _send_buffered(
        self, exchange: HttpExchange, invocation: Invocation, match: RouteMatch, extra: Headers
    ) -> None:
        reply = await asyncio.shield(invocation.reply)
        result = await collect(reply)
        if isinstance(result, Failed):
            await _send_with_public_names(exchange, payload_v1.BAD_GATEWAY, extra)
            return
        try:
            if isinstance(reply, Streamed):
                _log.error(
                    "api.stream_on_buffered %s is a buffered route: the streamed body is lost",
                    match.route.path,
                )
                response = prelude_response(result)
            else:
                response = _render(result, exchange.header("accept"), match.route)
        except ResultError as error:
            _log.error("api.malformed_result %s %s", match.route.path, error)
            response = payload_v1.BAD_GATEWAY
        await _send_with_public_names(exchange, response, extra)


def _without_prefix(request: HttpRequest, name: str | None) -> HttpRequest:
    """Returns the request without `/name` before its path, if it is there."""
    prefix = f"/{name}"
    path = request.raw_path
    if not name or not (path == prefix or path.startswith(prefix + "/")):
        return request
    target = request.target.removeprefix(prefix)
    if not target.startswith("/"):
        target = f"/{target}"
    return replace(request, target=target)


def _render(result: Buffered, accept: str | None, route: Route) -> HttpResponse:
    """Turns a result of format 1.0 into a response. Raises ResultError."""
    response = payload_v1.render(result.body, accept, route.binary_media_types)
    if payload_v1.base64_left_as_text(result.body, response):
        _log.warning(
            "api.base64_as_text %s: BinaryMediaTypes of the API do not cover it", route.path
        )
    return response
