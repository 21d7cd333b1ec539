"""Lambda's Runtime API for one execution environment, streaming and trailers included.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html#runtimes-custom-response-streaming
"""

import asyncio
import base64
import binascii
import json
import logging
from typing import Protocol

import h11

from local_lambda.environments.invocation import (
    BUFFERED_LIMIT_BYTES,
    STREAMED_LIMIT_BYTES,
    Buffered,
    Failed,
    Invocation,
    StreamClosed,
    Streamed,
    StreamEnd,
    platform_error,
)
from local_lambda.environments.runtime_state import (
    INVALID_ID,
    TOO_LARGE,
    TRUNCATED,
    Refusal,
    RuntimeState,
)
from local_lambda.http.messages import Headers, HttpResponse, json_response
from local_lambda.http.server import BodyTooLarge, HttpExchange

_log = logging.getLogger(__name__)
_PREFIX = "/2018-06-01/runtime/"
_MAX_ERROR_BYTES = 1024 * 1024
MAX_TRAILER_BYTES = (
    4096  # Go's net/http refuses more: "suspiciously long trailer" (golang net/http transfer.go)
)
_OK = json_response(202, '{"status":"OK"}\n')


class Host(Protocol):
    """The execution environment, as its Runtime API sees it."""

    label: str
    function_arn: str
    state: RuntimeState

    async def next_invocation(self) -> Invocation: ...
    def find(self, request_id: str) -> Invocation | None: ...
    def finished(self, invocation: Invocation) -> None: ...
    def init_failed(self, failure: Failed) -> None: ...


class RuntimeApi:
    def __init__(self, host: Host) -> None:
        self._host = host

    async def handle(self, exchange: HttpExchange) -> None:
        parts = exchange.target.removeprefix(_PREFIX).split("/")
        match exchange.method, *parts:
            case "GET", "invocation", "next":
                await self._next(exchange)
            case "POST", "invocation", request_id, "response":
                await self._response(exchange, request_id)
            case "POST", "invocation", request_id, "error":
                await self._error(exchange, request_id)
            case "POST", "init" | "restore", "error":
                await self._init_error(exchange)
            case "GET", "restore", "next":
                await self._respond(exchange, self._host.state.restore_next(), HttpResponse(200))
            case _:
                await exchange.respond(json_response(404, '{"errorMessage":"404 page not found"}'))

    async def _respond(
        self, exchange: HttpExchange, refusal: Refusal | None, answer: HttpResponse
    ) -> None:
        if refusal:
            _log.warning("runtime_api.refused %s %s %s", self._host.label, exchange.target, refusal)
            body = json.dumps({"errorMessage": refusal.message, "errorType": refusal.error_type})
            answer = json_response(refusal.status, body)
        await exchange.respond(answer)

    async def _next(self, exchange: HttpExchange) -> None:
        await exchange.body(0)
        if refusal := self._host.state.next():
            return await self._respond(exchange, refusal, _OK)
        waiting = asyncio.ensure_future(self._host.next_invocation())
        gone = asyncio.ensure_future(exchange.peer_closed())
        try:
            await asyncio.wait((waiting, gone), return_when=asyncio.FIRST_COMPLETED)
            if waiting.done():
                invocation = waiting.result()
                self._host.state.handed_over(invocation.request_id, invocation.invocation_id)
                await exchange.respond(
                    HttpResponse(200, self._next_headers(invocation), invocation.payload)
                )
            else:
                exchange.abort()
        finally:
            waiting.cancel()
            gone.cancel()
            await asyncio.gather(waiting, gone, return_exceptions=True)

    def _next_headers(self, invocation: Invocation) -> Headers:
        context = (
            (("Lambda-Runtime-Client-Context", invocation.client_context),)
            if invocation.client_context
            else ()
        )
        return (
            ("Content-Type", "application/json"),
            ("Lambda-Runtime-Aws-Request-Id", invocation.request_id),
            ("Lambda-Runtime-Deadline-Ms", str(invocation.deadline_ms)),
            ("Lambda-Runtime-Invoked-Function-Arn", self._host.function_arn),
            ("Lambda-Runtime-Trace-Id", invocation.trace_id),
            ("Lambda-Runtime-Invocation-Id", invocation.invocation_id),
            *context,
        )

    async def _response(self, exchange: HttpExchange, request_id: str) -> None:
        mode = exchange.header("lambda-runtime-function-response-mode")
        invocation_id = exchange.header("lambda-runtime-invocation-id")
        refusal = self._host.state.response(request_id, invocation_id, mode)
        invocation = self._host.find(request_id)
        if refusal or invocation is None:
            return await self._respond(exchange, refusal or INVALID_ID, _OK)
        take = self._take_stream if mode else self._take_buffered
        refusal = await take(exchange, invocation)
        self._host.state.replied(request_id)
        try:
            await self._respond(exchange, refusal, _OK)
        finally:
            self._host.finished(invocation)

    async def _take_buffered(
        self, exchange: HttpExchange, invocation: Invocation
    ) -> Refusal | None:
        try:
            body = await exchange.body(BUFFERED_LIMIT_BYTES)
        except BodyTooLarge:
            message = f"Response payload size exceeded maximum allowed payload size ({BUFFERED_LIMIT_BYTES} bytes)."
            invocation.resolve(platform_error("Function.ResponseSizeTooLarge", message))
            return TOO_LARGE
        except h11.RemoteProtocolError:
            invocation.resolve(
                platform_error("Runtime.TruncatedResponse", "The response was cut short")
            )
            return TRUNCATED
        invocation.resolve(Buffered(body, exchange.header("content-type") or "application/json"))
        return None

    async def _take_stream(self, exchange: HttpExchange, invocation: Invocation) -> Refusal | None:
        stream = Streamed(exchange.header("content-type") or "application/octet-stream")
        invocation.resolve(stream)
        try:
            async for piece in exchange.pieces():
                await stream.put(piece)
                if stream.size_bytes > STREAMED_LIMIT_BYTES:
                    stream.close(StreamEnd("Function.ResponseSizeTooLarge", cut=True))
                    return TOO_LARGE
            end, refusal = read_trailers(exchange.trailers)
        except StreamClosed:
            exchange.abort()
            return None
        except h11.RemoteProtocolError:
            end, refusal = StreamEnd("Runtime.TruncatedResponse", cut=True), TRUNCATED
        if end.error_type:
            error = Failed(end.error_type, end.error_body).text
            _log.warning(
                "invocation.failed_midway %s %s %s", self._host.label, end.error_type, error
            )
        stream.close(end)
        return refusal

    async def _error(self, exchange: HttpExchange, request_id: str) -> None:
        invocation_id = exchange.header("lambda-runtime-invocation-id")
        refusal = self._host.state.error(request_id, invocation_id)
        invocation = self._host.find(request_id)
        if refusal or invocation is None:
            return await self._respond(exchange, refusal or INVALID_ID, _OK)
        failure = await _read_failure(exchange)
        _log.warning(
            "invocation.failed %s %s %s", self._host.label, failure.error_type, failure.text[:2_000]
        )
        invocation.resolve(failure)
        self._host.state.replied(request_id)
        try:
            await exchange.respond(_OK)
        finally:
            self._host.finished(invocation)

    async def _init_error(self, exchange: HttpExchange) -> None:
        failure = await _read_failure(exchange)
        refusal = self._host.state.init_error()
        await self._respond(exchange, refusal, _OK)
        if not refusal:
            self._host.init_failed(failure)


async def _read_failure(exchange: HttpExchange) -> Failed:
    try:
        body = await exchange.body(_MAX_ERROR_BYTES)
    except BodyTooLarge:
        return platform_error(
            "Runtime.ErrorTooLarge", f"The error report is over {_MAX_ERROR_BYTES} bytes"
        )
    return Failed(exchange.header("lambda-runtime-function-error-type") or "Runtime.Unknown", body)


def read_trailers(trailers: Headers) -> tuple[StreamEnd, Refusal | None]:
    """How the stream ended, by its trailers; a block over 4,096 bytes destroys the response."""
    size_bytes = sum(len(name) + len(value) + len(": \r\n") for name, value in trailers) + len(
        "\r\n"
    )
    if trailers and size_bytes > MAX_TRAILER_BYTES:
        _log.error(
            "runtime_api.trailers_too_large size_bytes=%d limit_bytes=%d",
            size_bytes,
            MAX_TRAILER_BYTES,
        )
        return StreamEnd("Runtime.TruncatedResponse", cut=True), TRUNCATED
    fields = {name.lower(): value for name, value in trailers}
    error_type = fields.get("lambda-runtime-function-error-type")
    if not error_type:
        return StreamEnd(), None
    try:
        body = base64.b64decode(fields.get("lambda-runtime-function-error-body", ""), validate=True)
    except (binascii.Error, ValueError):
        _log.error("runtime_api.trailer_not_base64 type=%s", error_type)
        body = b""
    return StreamEnd(error_type, body), None
