"""The two fronts that clients see: a Function URL for each function, and one REST API for all functions with routes.

https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode.html
"""

import asyncio
import json
import logging
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from local_lambda.application import Function, Route
from local_lambda.environments.invocation import (
    Buffered,
    Failed,
    Invocation,
    Streamed,
    Throttled,
    collect,
    new_trace_id,
)
from local_lambda.environments.pool import FunctionPool
from local_lambda.fronts import bandwidth, cors, payload_v1, payload_v2
from local_lambda.fronts.faults import Faults
from local_lambda.fronts.payload import RequestContext, ResultError
from local_lambda.fronts.replies import (
    StreamRules,
    send_stream,
    with_public_names,
    without_body,
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


async def _read(exchange: HttpExchange) -> HttpRequest | None:
    try:
        body = await exchange.body(_REQUEST_LIMIT_BYTES)
    except BodyTooLarge:
        await exchange.respond(_TOO_LARGE)
        return None
    return HttpRequest(exchange.method, exchange.target, exchange.headers, body, exchange.peer_ip)


def _origin(server: HttpServer, api_id: str, stage: str) -> RequestContext:
    now_s = time.time()
    request_id, trace_id = str(uuid.uuid4()), new_trace_id(now_s)
    return RequestContext(
        api_id,
        f"127.0.0.1:{server.port}",
        server.port,
        request_id,
        trace_id,
        int(now_s * 1000),
        stage,
    )


async def _send(exchange: HttpExchange, answer: HttpResponse, extra: Headers = ()) -> None:
    try:
        await exchange.respond(with_public_names(answer).with_headers(extra))
    except ClientGone:
        _log.info("client.gone %s", exchange.target)


class FunctionUrlFront:
    """`pools` by the function's logical id; it may be filled later than the front listens."""

    def __init__(
        self,
        function: Function,
        pools: Mapping[str, FunctionPool],
        faults: Faults,
        settings: FrontSettings,
    ) -> None:
        self._function, self._pools, self._faults = function, pools, faults
        self._rules = StreamRules(
            payload_v2.BAD_GATEWAY,
            bandwidth.FUNCTION_URL if settings.bandwidth else None,
            settings.hang_on_empty_body,
        )
        self.server = HttpServer(self._handle, f"url-{function.logical_id}")

    async def _handle(self, exchange: HttpExchange) -> None:
        await self._faults.run(exchange, self._serve)

    async def _serve(self, exchange: HttpExchange) -> None:
        if (request := await _read(exchange)) is None:
            return
        rules = self._function.url.cors
        if rules and (answer := cors.preflight(rules, request)):
            return await exchange.respond(answer)
        origin = _origin(self.server, self._function.logical_id.lower(), "$default")
        extra = (
            ("x-amzn-RequestId", origin.request_id),
            *(cors.response_headers(rules, request) if rules else ()),
        )
        try:
            payload = json.dumps(payload_v2.build(request, origin)).encode()
            invocation = await self._pools[self._function.logical_id].invoke(
                payload, trace_id=origin.trace_id
            )
        except Throttled:
            return await _send(exchange, _URL_THROTTLED, extra)
        await self._reply(exchange, invocation, extra)

    async def _reply(self, exchange: HttpExchange, invocation: Invocation, extra: Headers) -> None:
        reply = await invocation.reply
        if not self._function.url.streaming:
            if isinstance(reply, Streamed):
                _log.error(
                    "url.stream_on_buffered %s InvokeMode is BUFFERED", self._function.logical_id
                )
            reply = await collect(reply)
        match reply:
            case Streamed():
                await send_stream(exchange, invocation, reply, self._rules, extra)
            case Buffered(body, content_type) if self._function.url.streaming:
                _log.error(
                    "url.buffered_on_stream %s the client gets the raw result",
                    self._function.logical_id,
                )
                await _send(
                    exchange, HttpResponse(200, (("Content-Type", content_type),), body), extra
                )
            case Buffered(body):
                await _send(exchange, payload_v2.render(body), extra)
            case Failed():
                await _send(exchange, payload_v2.BAD_GATEWAY, extra)


class RestApiFront:
    """`pools` by the function's logical id."""

    def __init__(
        self,
        routes: tuple[Route, ...],
        pools: Mapping[str, FunctionPool],
        faults: Faults,
        settings: FrontSettings,
    ) -> None:
        self._routes, self._pools, self._faults = RouteTable(routes), pools, faults
        self._stage = settings.stage
        self._rules = StreamRules(
            payload_v1.BAD_GATEWAY,
            bandwidth.REST_API if settings.bandwidth else None,
            settings.hang_on_empty_body,
        )
        self.server = HttpServer(self._handle, "rest-api")

    async def _handle(self, exchange: HttpExchange) -> None:
        await self._faults.run(exchange, self._serve)

    async def _serve(self, exchange: HttpExchange) -> None:
        if (staged := await _read(exchange)) is None:
            return
        request = self._without_stage(staged)
        origin = _origin(self.server, "local", self._stage or "local")
        extra = (("x-amzn-RequestId", origin.request_id),)
        match = self._routes.match(request.method, request.raw_path)
        if match is None:
            return await _send(exchange, payload_v1.NO_SUCH_ROUTE, extra)
        payload = json.dumps(payload_v1.build(request, match, origin, staged.raw_path)).encode()
        try:
            invocation = await self._pools[match.route.function].invoke(
                payload, trace_id=origin.trace_id
            )
        except Throttled:
            return await _send(exchange, _API_THROTTLED, extra)
        serve = self._stream if match.route.streaming else self._buffered
        try:
            async with asyncio.timeout(match.route.timeout_s):
                await serve(exchange, invocation, match, extra)
        except TimeoutError:
            _log.warning(
                "integration.timed_out %s after %g s", match.route.path, match.route.timeout_s
            )
            invocation.abandon()
            if not exchange.started:
                await _send(exchange, payload_v1.GATEWAY_TIMEOUT, extra)

    def _without_stage(self, request: HttpRequest) -> HttpRequest:
        prefix = f"/{self._stage}"
        if not self._stage or not (
            request.raw_path == prefix or request.raw_path.startswith(prefix + "/")
        ):
            return request
        target = request.target.removeprefix(prefix)
        target = target if target.startswith("/") else "/" + target
        return HttpRequest(request.method, target, request.headers, request.body, request.source_ip)

    async def _stream(
        self, exchange: HttpExchange, invocation: Invocation, match: RouteMatch, extra: Headers
    ) -> None:
        reply = await asyncio.shield(invocation.reply)
        if isinstance(reply, Streamed):
            return await send_stream(exchange, invocation, reply, self._rules, extra)
        if isinstance(reply, Buffered):
            _log.error(
                "api.buffered_on_stream %s: this route streams, its function answers whole",
                match.route.path,
            )
        return await _send(exchange, payload_v1.BAD_GATEWAY, extra)

    async def _buffered(
        self, exchange: HttpExchange, invocation: Invocation, match: RouteMatch, extra: Headers
    ) -> None:
        reply = await asyncio.shield(invocation.reply)
        streamed = isinstance(reply, Streamed)
        reply = await collect(reply)
        if isinstance(reply, Failed):
            return await _send(exchange, payload_v1.BAD_GATEWAY, extra)
        try:
            if streamed:
                _log.error(
                    "api.stream_on_buffered %s is a buffered route: the streamed body is lost",
                    match.route.path,
                )
                return await _send(exchange, without_body(reply), extra)
            answer = payload_v1.render(
                reply.body, exchange.header("accept"), match.route.binary_media_types
            )
        except ResultError as error:
            _log.error("api.malformed_result %s %s", match.route.path, error)
            return await _send(exchange, payload_v1.BAD_GATEWAY, extra)
        if payload_v1.base64_left_as_text(reply.body, answer):
            _log.warning(
                "api.base64_as_text %s: BinaryMediaTypes of the API do not cover it",
                match.route.path,
            )
        return await _send(exchange, answer, extra)
