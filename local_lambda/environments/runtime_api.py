"""Serves Lambda's Runtime API to one execution environment, streaming and trailers included.

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

from local_lambda import witness
from local_lambda.environments import metadata
from local_lambda.environments.invocation import (
    BUFFERED_LIMIT_BYTES,
    STREAMED_LIMIT_BYTES,
    UNKNOWN_ERROR,
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
from local_lambda.environments.snapshot import CREDENTIALS_TARGET, Snapshot
from local_lambda.http.messages import Headers, HttpResponse, json_response
from local_lambda.http.server import BodyTooLarge, HttpExchange
from local_lambda.logs import REQUEST_ID

_log = logging.getLogger(__name__)
_PREFIX = "/2018-06-01/runtime/"
_MAX_ERROR_BYTES = 1024 * 1024
# Go's net/http refuses more: "suspiciously long trailer" (golang net/http transfer.go).
MAX_TRAILER_BYTES = 4096
_RESET_CHECK_S = 0.1
_OK = json_response(202, '{"status":"OK"}\n')


class ExecutionEnvironment(Protocol):
    """Describes the execution environment as far as its Runtime API uses it."""

    function_arn: str
    state: RuntimeState
    snapshot: Snapshot

    @property
    def label(self) -> str: ...
    async def restored(self) -> None: ...
    async def next_invocation(self) -> Invocation: ...
    def find(self, request_id: str) -> Invocation | None: ...
    def drain_output(self) -> None: ...
    def finished(self, invocation: Invocation) -> None: ...
    def init_failed(self, failure: Failed) -> None: ...


class RuntimeApi:
    def __init__(self, environment: ExecutionEnvironment) -> None:
        self._environment = environment

    async def handle(self, exchange: HttpExchange) -> None:
        if exchange.target == metadata.TARGET:
            authorization = exchange.header("authorization") or ""
            await exchange.respond(metadata.response(exchange.method, authorization))
            return
        if exchange.target == CREDENTIALS_TARGET and exchange.method == "GET":
            authorization = exchange.header("authorization") or ""
            await exchange.respond(self._environment.snapshot.credentials(authorization))
            return
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
                await self._restore_next(exchange)
            case _:
                not_found = json_response(404, '{"errorMessage":"404 page not found"}')
                await exchange.respond(not_found)

    async def _respond(
        self, exchange: HttpExchange, refusal: Refusal | None, response: HttpResponse
    ) -> None:
        """Sends the refusal if there is one, else `response`."""
        if refusal:
            label = self._environment.label
            _log.warning("runtime_api.refused %s %s %s", label, exchange.target, refusal)
            fields = {"errorMessage": refusal.message, "errorType": refusal.error_type}
            response = json_response(refusal.status, json.dumps(fields))
        await exchange.respond(response)

    async def _next(self, exchange: HttpExchange) -> None:
        await exchange.body(0)
        refusal = self._environment.state.next()
        if refusal:  # perhaps it has just reset a response, which was not noticed yet
            await asyncio.sleep(2 * _RESET_CHECK_S)
            refusal = self._environment.state.next()
        if refusal:
            await self._respond(exchange, refusal, _OK)
            return
        waiting = asyncio.ensure_future(self._environment.next_invocation())
        gone = asyncio.ensure_future(exchange.peer_closed())
        try:
            await asyncio.wait((waiting, gone), return_when=asyncio.FIRST_COMPLETED)
            if waiting.done():
                invocation = waiting.result()
                self._environment.state.handed_over(invocation.request_id, invocation.invocation_id)
                headers = self._next_headers(invocation)
                await exchange.respond(HttpResponse(200, headers, invocation.payload))
            else:
                exchange.abort()
        finally:
            waiting.cancel()
            gone.cancel()
            await asyncio.gather(waiting, gone, return_exceptions=True)

    async def _restore_next(self, exchange: HttpExchange) -> None:
        """Responds when the snapshot is restored: at the first invocation that needs it."""
        refusal = self._environment.state.restore_next()
        if refusal is None:
            await self._environment.restored()
        await self._respond(exchange, refusal, HttpResponse(200))

    def _next_headers(self, invocation: Invocation) -> Headers:
        arn = self._environment.function_arn
        if invocation.qualifier:
            arn = f"{arn}:{invocation.qualifier}"
        headers = [
            ("Content-Type", "application/json"),
            ("Lambda-Runtime-Aws-Request-Id", invocation.request_id),
            ("Lambda-Runtime-Deadline-Ms", str(invocation.deadline_ms)),
            ("Lambda-Runtime-Invoked-Function-Arn", arn),
            ("Lambda-Runtime-Trace-Id", invocation.trace_id),
            ("Lambda-Runtime-Invocation-Id", invocation.invocation_id),
        ]
        if invocation.client_context:
            headers.append(("Lambda-Runtime-Client-Context", invocation.client_context))
        if invocation.tenant_id:
            headers.append(("Lambda-Runtime-Aws-Tenant-Id", invocation.tenant_id))
        return tuple(headers)

    async def _response(self, exchange: HttpExchange, request_id: str) -> None:
        mode = exchange.header("lambda-runtime-function-response-mode")
        invocation_id = exchange.header("lambda-runtime-invocation-id")
        refusal = self._environment.state.response(request_id, invocation_id, mode)
        invocation = self._environment.find(request_id)
        if refusal or invocation is None:
            await self._respond(exchange, refusal or INVALID_ID, _OK)
            return
        take = self._take_stream if mode else self._take_buffered
        refusal = await take(exchange, invocation)
        self._environment.state.replied(request_id)
        try:
            await self._respond(exchange, refusal, _OK)
        finally:
            self._environment.finished(invocation)

    async def _take_buffered(
        self, exchange: HttpExchange, invocation: Invocation
    ) -> Refusal | None:
        reply: Buffered | Failed
        refusal = None
        try:
            body = await exchange.body(BUFFERED_LIMIT_BYTES)
            reply = Buffered(body, exchange.header("content-type") or "application/json")
        except BodyTooLarge:
            message = (
                "Response payload size exceeded maximum allowed payload size"
                f" ({BUFFERED_LIMIT_BYTES} bytes)."
            )
            reply, refusal = platform_error("Function.ResponseSizeTooLarge", message), TOO_LARGE
        except h11.RemoteProtocolError:
            message = "The response was cut short"
            reply, refusal = platform_error("Runtime.TruncatedResponse", message), TRUNCATED
        self._environment.drain_output()
        invocation.resolve(reply)
        return refusal

    async def _take_stream(self, exchange: HttpExchange, invocation: Invocation) -> Refusal | None:
        stream = Streamed(exchange.header("content-type") or "application/octet-stream")
        invocation.resolve(stream)
        refusal: Refusal | None
        try:
            async for piece in exchange.pieces():
                await _hand_on(piece, stream, exchange)
                if stream.size_bytes > STREAMED_LIMIT_BYTES:
                    self._environment.drain_output()
                    stream.close(StreamEnd("Function.ResponseSizeTooLarge", cut=True))
                    return TOO_LARGE
            end, refusal = read_trailers(exchange.trailers)
        except StreamClosed:
            exchange.abort()
            return None
        except h11.RemoteProtocolError:
            end = StreamEnd("Runtime.TruncatedResponse", cut=True)
            refusal = TRUNCATED
        self._environment.drain_output()
        if end.error_type:
            label = self._environment.label
            error = Failed(end.error_type, end.error_body).text
            _log.warning(
                "invocation.failed_midway %s %s %s",
                label,
                end.error_type,
                error,
                extra={REQUEST_ID: invocation.request_id},
            )
        stream.close(end)
        return refusal

    async def _error(self, exchange: HttpExchange, request_id: str) -> None:
        invocation_id = exchange.header("lambda-runtime-invocation-id")
        refusal = self._environment.state.error(request_id, invocation_id)
        invocation = self._environment.find(request_id)
        if refusal or invocation is None:
            await self._respond(exchange, refusal or INVALID_ID, _OK)
            return
        failure = await _read_failure(exchange)
        self._environment.drain_output()
        label = self._environment.label
        _log.warning(
            "invocation.failed %s %s %s",
            label,
            failure.error_type,
            failure.text[:2_000],
            extra={REQUEST_ID: request_id},
        )
        invocation.resolve(failure)
        self._environment.state.replied(request_id)
        try:
            await exchange.respond(_OK)
        finally:
            self._environment.finished(invocation)

    async def _init_error(self, exchange: HttpExchange) -> None:
        failure = await _read_failure(exchange)
        refusal = self._environment.state.init_error()
        await self._respond(exchange, refusal, _OK)
        if not refusal:
            self._environment.init_failed(failure)


async def _hand_on(piece: bytes, stream: Streamed, exchange: HttpExchange) -> None:
    """Waits until the client's side takes the piece.

    Raises h11.RemoteProtocolError if the runtime resets its connection meanwhile, because it waits
    no longer, and what `stream.put` raises.
    """
    if stream.offer(piece):
        return
    putting = asyncio.ensure_future(stream.put(piece))
    try:
        while not (await asyncio.wait((putting,), timeout=_RESET_CHECK_S))[0]:
            if exchange.is_reset:
                raise h11.RemoteProtocolError("the runtime has given the response up")
    finally:
        putting.cancel()
    putting.result()


async def _read_failure(exchange: HttpExchange) -> Failed:
    try:
        body = await exchange.body(_MAX_ERROR_BYTES)
    except BodyTooLarge:
        message = f"The error report is over {_MAX_ERROR_BYTES} bytes"
        return platform_error("Runtime.ErrorTooLarge", message)
    witness.report(exchange.headers, body)
    error_type = exchange.header("lambda-runtime-function-error-type") or UNKNOWN_ERROR
    return Failed(error_type, body)


def read_trailers(trailers: Headers) -> tuple[StreamEnd, Refusal | None]:
    """Reads from the trailers how the stream ended.

    A trailer block over 4,096 bytes destroys the response.
    """
    lines_bytes = sum(len(name) + len(value) + len(": \r\n") for name, value in trailers)
    size_bytes = lines_bytes + len("\r\n")
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
    encoded = fields.get("lambda-runtime-function-error-body", "")
    try:
        body = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        _log.error("runtime_api.trailer_not_base64 type=%s", error_type)
        body = b""
    return StreamEnd(error_type, body), None
