"""Sends a function's reply to the client: prelude, remapped headers, bandwidth and endings.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-response-streaming.html
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any

from local_lambda.environments.invocation import Buffered, Invocation, Streamed
from local_lambda.fronts import prelude
from local_lambda.fronts.bandwidth import Bandwidth, TokenBucket
from local_lambda.fronts.payload import ResultError
from local_lambda.http.messages import Headers, HttpResponse
from local_lambda.http.server import ClientGone, HttpExchange

_log = logging.getLogger(__name__)
# Documented for REST APIs:
# https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html
_REMAPPED = ("connection", "date", "server", "www-authenticate", "x-amzn-requestid")
# How long a client may take over what was sent before its stream was cut.
_READS_WITHIN_S = 1.0


@dataclass(frozen=True)
class StreamRules:
    """Says how one front streams.

    `on_headers` is called with the function's headers and those that the front adds.
    """

    bad_gateway: HttpResponse
    bandwidth: Bandwidth | None = None
    hang_on_empty_body: bool = False
    on_headers: Callable[[Headers, Headers], None] | None = None


def public_headers(status: int, headers: Headers, cookies: tuple[str, ...] = ()) -> Headers:
    """Returns the headers that the client gets for the function's headers and cookies.

    The front frames the body itself, so `transfer-encoding` is dropped and `content-length` is
    remapped.
    """
    public: list[tuple[str, str]] = []
    for name, value in headers:
        if name.lower() == "transfer-encoding":
            continue
        if name.lower() == "content-length" and value.strip() != "0":
            public.append(("x-amzn-remapped-content-length", value))
        else:
            public.append((_public_name(name), value))
    if status not in (204, 304) and not any(name.lower() == "content-type" for name, _ in public):
        public.append(("Content-Type", "application/octet-stream"))
    return (*public, *(("Set-Cookie", cookie) for cookie in cookies))


def with_public_names(response: HttpResponse) -> HttpResponse:
    """Returns the response with the header names that the client gets."""
    headers = tuple((_public_name(name), value) for name, value in response.headers)
    return replace(response, headers=headers)


def _public_name(name: str) -> str:
    return f"x-amzn-remapped-{name.lower()}" if name.lower() in _REMAPPED else name


def declares_empty_body(headers: Headers) -> bool:
    return any(name.lower() == "content-length" and value.strip() == "0" for name, value in headers)


def prelude_response(streamed: Buffered) -> HttpResponse:
    """Returns status and headers of a collected stream without its body.

    That is how a buffered integration responds to a stream. Raises ResultError.
    """
    try:
        found = prelude.parse(streamed.body.partition(prelude.DELIMITER)[0])
    except prelude.PreludeError as error:
        raise ResultError(str(error)) from error
    headers = public_headers(found.status, found.headers, found.cookies)
    return HttpResponse(found.status, headers)


async def send_stream(
    exchange: HttpExchange,
    invocation: Invocation,
    stream: Streamed,
    rules: StreamRules,
    extra: Headers = (),
) -> None:
    """Sends each piece as the function writes it, as far as `send_or_cut_off` does."""
    sending = _send_stream(exchange, invocation, stream, rules=rules, extra=extra)
    await send_or_cut_off(exchange, stream, sending)


async def send_or_cut_off(
    exchange: HttpExchange, stream: Streamed, sending: Coroutine[Any, Any, None]
) -> None:
    """Runs `sending`, which sends the stream's pieces, to its end.

    A client that goes away ends the sending; the function is not told. A client that does not read
    when the stream is cut is cut off.
    """
    task = asyncio.ensure_future(sending)
    cut = asyncio.ensure_future(stream.cut())
    try:
        await asyncio.wait((task, cut), return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            await asyncio.wait((task,), timeout=_READS_WITHIN_S)
        if not task.done():
            _log.warning("stream.cut %s the client does not read", exchange.path)
            exchange.abort()
            return
        task.result()
    except ClientGone:
        _log.info("client.gone %s; the function is not told", exchange.path)
    finally:
        task.cancel()
        cut.cancel()
        await asyncio.gather(task, cut, return_exceptions=True)
        stream.abandon()


async def _send_stream(
    exchange: HttpExchange,
    invocation: Invocation,
    stream: Streamed,
    rules: StreamRules,
    extra: Headers,
) -> None:
    pieces = stream.pieces()
    try:
        status, headers, first = await _response_head(stream, pieces)
    except prelude.PreludeError as error:
        _log.error("prelude.malformed %s %s", exchange.path, error)
        await exchange.respond(rules.bad_gateway.with_headers(extra))
        return
    if rules.on_headers:
        rules.on_headers(headers, extra)
    await exchange.start(status, (*headers, *extra))
    empty = declares_empty_body(headers)
    sent_bytes = await _send_body(
        exchange, _chain(first, pieces), bandwidth=rules.bandwidth, drop=empty
    )
    if stream.end and stream.end.cut:
        _log.warning("stream.cut %s %s", exchange.path, stream.end.error_type)
        return
    if not sent_bytes and not empty:
        _log.error(
            "zero-byte body: clients of a real Function URL hang here: %s %s",
            exchange.method,
            exchange.path,
        )
        if rules.hang_on_empty_body:
            await invocation.expired()
            return
    await exchange.finish()


async def _response_head(
    stream: Streamed, pieces: AsyncIterator[bytes]
) -> tuple[int, Headers, bytes]:
    """Returns status, headers and the first bytes of the body. Raises PreludeError."""
    if stream.content_type.partition(";")[0].strip().lower() != prelude.CONTENT_TYPE:
        return 200, (("Content-Type", stream.content_type),), b""
    reader = prelude.PreludeReader()
    async for piece in pieces:
        if found := reader.feed(piece):
            parsed, first = found
            _warn_of_compression(parsed.headers)
            headers = public_headers(parsed.status, parsed.headers, parsed.cookies)
            return parsed.status, headers, first
    raise prelude.PreludeError("the response ended before the delimiter")


def _warn_of_compression(headers: Headers) -> None:
    """Says what is known of compressed streams. The emulator passes them on as they are."""
    for name, value in headers:
        if name.lower() != "content-encoding" or value.lower() == "identity":
            continue
        if value.lower() in ("gzip", "deflate"):
            _log.warning(
                "prelude.content_encoding %s: Function URLs are reported to undo it and to drop "
                "the header",
                value,
            )
        else:
            _log.warning(
                "prelude.content_encoding %s: what a Function URL does with it is not known", value
            )


async def _send_body(
    exchange: HttpExchange, pieces: AsyncIterator[bytes], bandwidth: Bandwidth | None, drop: bool
) -> int:
    """Sends the pieces, or drops them. Returns how many bytes there were."""
    loop = asyncio.get_running_loop()
    bucket = TokenBucket(bandwidth, loop.time()) if bandwidth else None
    sent_bytes = 0
    async for piece in pieces:
        sent_bytes += len(piece)
        if drop:
            _log.warning("body.dropped %s the prelude says content-length: 0", exchange.path)
            continue
        await exchange.send(piece)
        if bucket and (delay_s := bucket.delay_s(len(piece), loop.time())):
            await asyncio.sleep(delay_s)
    return sent_bytes


async def _chain(first: bytes, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    if first:
        yield first
    async for piece in pieces:
        yield piece
