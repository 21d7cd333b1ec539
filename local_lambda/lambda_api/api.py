"""Serves Lambda's API: invocations whole, asynchronous and streamed, and descriptions of functions.

Signatures are not checked.
https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html
"""

import asyncio
import json
import logging
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from local_lambda.application import Function
from local_lambda.environments.invocation import (
    Buffered,
    Failed,
    Invocation,
    Reply,
    Streamed,
    Throttled,
    collect,
)
from local_lambda.environments.pool import FunctionPool
from local_lambda.environments.variables import version_of
from local_lambda.fronts.replies import send_or_cut_off
from local_lambda.http.messages import Headers, HttpResponse, json_response
from local_lambda.http.server import ClientGone, HttpExchange
from local_lambda.lambda_api import calls, descriptions, framing
from local_lambda.lambda_api.calls import ApiError, Call, FunctionName
from local_lambda.lambda_api.log_tail import LogTail, listening
from local_lambda.logs import Log
from local_lambda.tasks import tell_of_failure

_log = logging.getLogger(__name__)
_VERSIONED = re.compile(r"/20\d\d-\d\d-\d\d/")
_SERVED = (
    "Invoke, InvokeAsync, InvokeWithResponseStream, GetFunction, GetFunctionConfiguration, "
    "ListFunctions, GetFunctionUrlConfig, ListFunctionUrlConfigs"
)
_LARGEST_BYTES = max(calls.LIMITS_BYTES.values())
_READ_LIMIT_BYTES = 64 * 1024 * 1024
_RETRY_LIMIT_S = 300.0


@dataclass(frozen=True)
class _Body:
    """Holds a request's body. `content` is empty for one that is over every limit."""

    content: bytes
    size_bytes: int

    @classmethod
    async def read(cls, exchange: HttpExchange) -> "_Body":
        """Reads a body to its end, even if it is too large: clients read no response before."""
        content = bytearray()
        size_bytes = 0
        async for piece in exchange.pieces():
            size_bytes += len(piece)
            if size_bytes <= _LARGEST_BYTES:
                content += piece
            if size_bytes > _READ_LIMIT_BYTES:
                break
        return cls(bytes(content), size_bytes)

    def payload(self, invocation_type: str) -> bytes:
        """Raises ApiError if it is too large or not JSON."""
        if self.size_bytes > _READ_LIMIT_BYTES:
            raise calls.far_too_large()
        if self.size_bytes > calls.LIMITS_BYTES[invocation_type]:
            raise calls.too_large(self.size_bytes, invocation_type)
        return calls.payload(self.content)


class LambdaApi:
    """Serves the functions of `pools`.

    `urls` are the Function URLs by logical id. `log` has the lines of the invocations.
    """

    def __init__(
        self,
        pools: Mapping[str, FunctionPool],
        region: str,
        urls: Mapping[str, str],
        log: Log,
    ) -> None:
        self._pools = pools
        self._region = region
        self._urls = urls
        self._log = log
        self._tasks: set[asyncio.Task[None]] = set()

    @staticmethod
    def serves(target: str) -> bool:
        """Returns whether a request target is one of AWS's, which begin with a date."""
        return bool(_VERSIONED.match(target))

    async def close(self) -> None:
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def handle(self, exchange: HttpExchange) -> None:
        path, _, query = exchange.target.partition("?")
        parts = path.strip("/").split("/")
        body = await _Body.read(exchange)
        try:
            match exchange.method, *parts:
                case "POST", "2015-03-31", "functions", name, "invocations":
                    response = await self._invoke(exchange, FunctionName.parse(name, query), body)
                case "POST", "2021-11-15", "functions", name, "response-streaming-invocations":
                    await self._stream(exchange, FunctionName.parse(name, query), body)
                    return
                case "POST", "2014-11-13", "functions", name, "invoke-async":
                    response = self._invoke_async(FunctionName.parse(name), body)
                case "GET", *rest:
                    response = self._describe(rest, query)
                case _:
                    raise _unknown_operation(exchange)
        except ApiError as error:
            response = error.response()
        await exchange.respond(response)

    # Invocations.

    async def _invoke(
        self, exchange: HttpExchange, name: FunctionName, body: "_Body"
    ) -> HttpResponse:
        pool = self._pool(name)
        call = Call.read(
            _first_values(exchange), (calls.ASYNCHRONOUS, calls.SYNCHRONOUS, calls.DRY_RUN)
        )
        payload = body.payload(call.invocation_type)
        if call.invocation_type == calls.DRY_RUN:
            return HttpResponse(204)
        if call.invocation_type == calls.ASYNCHRONOUS:
            self._invoke_later(pool, payload, call, name)
            return HttpResponse(202)
        with listening(self._log, wanted=call.with_log) as tail:
            invocation = await _started(pool, payload, call, name)
            reply = await collect(await invocation.reply)
            headers = _headers(invocation, pool.function)
            if tail:
                headers = (*headers, ("X-Amz-Log-Result", await tail.of(invocation)))
        if isinstance(reply, Failed):
            headers = (("X-Amz-Function-Error", "Unhandled"), *headers)
            return json_response(200, reply.text).with_headers(headers)
        return HttpResponse(200, (("Content-Type", reply.content_type), *headers), reply.body)

    def _invoke_async(self, name: FunctionName, body: "_Body") -> HttpResponse:
        """Serves the deprecated form of an asynchronous invocation."""
        pool = self._pool(name)
        payload = body.payload(calls.ASYNCHRONOUS)
        call = Call(invocation_type=calls.ASYNCHRONOUS)
        self._invoke_later(pool, payload, call, name)
        return json_response(202, "{}")

    def _invoke_later(
        self, pool: FunctionPool, payload: bytes, call: Call, name: FunctionName
    ) -> None:
        running = _run_asynchronously(pool, payload, call, name)
        task = asyncio.get_running_loop().create_task(running)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(tell_of_failure)

    async def _stream(self, exchange: HttpExchange, name: FunctionName, body: "_Body") -> None:
        """Sends each piece as an event, and the ending as the last one. Raises ApiError."""
        pool = self._pool(name)
        call = Call.read(_first_values(exchange), (calls.SYNCHRONOUS, calls.DRY_RUN))
        payload = body.payload(call.invocation_type)
        if call.invocation_type == calls.DRY_RUN:
            await exchange.respond(HttpResponse(204))
            return
        with listening(self._log, wanted=call.with_log) as tail:
            invocation = await _started(pool, payload, call, name)
            headers = _headers(invocation, pool.function)
            await _stream_reply(exchange, invocation, headers, tail)

    # Functions.

    def _pool(self, name: FunctionName) -> FunctionPool:
        """Finds a function by name or logical id. Raises ApiError."""
        for pool in self._pools.values():
            if name.fits(pool.function):
                if not name.qualifies(pool.function):
                    break
                return pool
        fields = {"Message": f"Function not found: {name.arn(self._region)}"}
        raise ApiError(404, "ResourceNotFoundException", fields)

    def _describe(self, parts: list[str], query: str) -> HttpResponse:
        match parts:
            case "2015-03-31", "functions":
                functions = [pool.function for pool in self._pools.values()]
                return _json({"Functions": [self._configuration(each) for each in functions]})
            case "2015-03-31", "functions", name:
                function = self._pool(FunctionName.parse(name, query)).function
                return _json(descriptions.description(function, self._region))
            case "2015-03-31", "functions", name, "configuration":
                function = self._pool(FunctionName.parse(name, query)).function
                return _json(self._configuration(function))
            case "2021-10-31", "functions", name, ("url" | "urls") as noun:
                function = self._pool(FunctionName.parse(name, query)).function
                return self._describe_url(function, is_list=noun == "urls")
        raise _not_served(f"GET /{'/'.join(parts)}")

    def _configuration(self, function: Function) -> dict[str, Any]:
        return descriptions.configuration(function, self._region)

    def _describe_url(self, function: Function, is_list: bool) -> HttpResponse:
        found = []
        if function.url and function.logical_id in self._urls:
            url = self._urls[function.logical_id]
            found = [descriptions.url_configuration(function, function.url, url, self._region)]
        if is_list:
            return _json({"FunctionUrlConfigs": found})
        if not found:
            fields = {"Message": "The resource you requested does not exist."}
            raise ApiError(404, "ResourceNotFoundException", fields)
        return _json(found[0])


async def _started(
    pool: FunctionPool, payload: bytes, call: Call, name: FunctionName
) -> Invocation:
    """Starts an invocation. Raises ApiError where it is throttled."""
    try:
        return await _handed_over(pool, payload, call, name)
    except Throttled as error:
        raise calls.throttled(pool.function) from error


async def _handed_over(
    pool: FunctionPool, payload: bytes, call: Call, name: FunctionName
) -> Invocation:
    """Raises Throttled."""
    return await pool.invoke(
        payload,
        client_context=call.client_context,
        trace_id=call.trace_id,
        qualifier=name.qualifier,
        tenant_id=call.tenant_id,
    )


async def _run_asynchronously(
    pool: FunctionPool, payload: bytes, call: Call, name: FunctionName
) -> None:
    """Runs an invocation whose caller does not wait. A throttled one tries again, as Lambda does.

    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
    """
    pause_s = 1.0
    while True:
        try:
            invocation = await _handed_over(pool, payload, call, name)
            break
        except Throttled:
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _RETRY_LIMIT_S)
    reply = await collect(await invocation.reply)
    if isinstance(reply, Failed):
        _log.warning(
            "invocation.async_failed %s request_id=%s %s; Lambda would run it again after 1 and "
            "after 2 minutes, and then hand it to its failure destination; nothing does so here",
            pool.function.logical_id,
            invocation.request_id,
            reply.error_type,
        )


async def _stream_reply(
    exchange: HttpExchange, invocation: Invocation, headers: Headers, tail: LogTail | None
) -> None:
    """Sends the reply's events. A client that goes away ends the sending; no function is told."""
    reply = await invocation.reply
    sending = _send_events(exchange, invocation, headers, tail)
    if isinstance(reply, Streamed):
        await send_or_cut_off(exchange, reply, sending)
        return
    try:
        await sending
    except ClientGone:
        _log.info("client.gone %s; the function is not told", exchange.path)


async def _send_events(
    exchange: HttpExchange, invocation: Invocation, headers: Headers, tail: LogTail | None
) -> None:
    reply = await invocation.reply
    await exchange.start(200, (("Content-Type", framing.CONTENT_TYPE), *headers))
    async for piece in _pieces(reply):
        chunk = framing.event("PayloadChunk", piece, content_type="application/octet-stream")
        await exchange.send(chunk)
    ending = _ending(reply)
    if tail:
        ending["LogResult"] = await tail.of(invocation)
    text = json.dumps(ending).encode()
    await exchange.send(framing.event("InvokeComplete", text, content_type="application/json"))
    await exchange.finish()


async def _pieces(reply: Reply) -> AsyncIterator[bytes]:
    """Yields the payload: a streamed reply as it is made, prelude included, a whole one at once."""
    if isinstance(reply, Streamed):
        async for piece in reply.pieces():
            yield piece
    elif isinstance(reply, Buffered) and reply.body:
        yield reply.body


def _ending(reply: Reply) -> dict[str, str]:
    """Returns the fields of `InvokeComplete`: the error, if there was one."""
    error: Failed | None = None
    if isinstance(reply, Failed):
        error = reply
    elif isinstance(reply, Streamed) and reply.end and reply.end.error_type:
        error = Failed(reply.end.error_type, reply.end.error_body)
    return {"ErrorCode": error.error_type, "ErrorDetails": error.text} if error else {}


def _headers(invocation: Invocation, function: Function) -> Headers:
    return (
        ("X-Amz-Executed-Version", version_of(function)),
        ("x-amzn-RequestId", invocation.request_id),
        ("X-Amzn-Trace-Id", invocation.trace_id),
    )


def _first_values(exchange: HttpExchange) -> dict[str, str]:
    """Returns the headers by name in lower case. Where a header is repeated, the first counts."""
    return {name.lower(): value for name, value in reversed(exchange.headers)}


def _unknown_operation(exchange: HttpExchange) -> ApiError:
    return _not_served(f"{exchange.method} {exchange.target.partition('?')[0]}")


def _not_served(what: str) -> ApiError:
    message = f"local-lambda does not serve {what}. Of Lambda's API it serves {_SERVED}."
    return ApiError(404, "UnknownOperationException", {"message": message})


def _json(value: Any) -> HttpResponse:
    return json_response(200, json.dumps(value))
