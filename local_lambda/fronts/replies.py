"""From the function's reply to bytes for the client: prelude, remapped headers, pace, and how a stream ends.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-response-streaming.html
"""

import asyncio
import logging
from dataclasses import dataclass

from local_lambda.environments.invocation import (
    Buffered,
    Invocation,
    Streamed,
)
from local_lambda.fronts import prelude
from local_lambda.fronts.bandwidth import Bandwidth, TokenBucket
from local_lambda.fronts.payload import ResultError
from local_lambda.http.messages import Headers, HttpResponse
from local_lambda.http.server import ClientGone, HttpExchange

_log = logging.getLogger(__name__)
# Of a REST API documented: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html
_REMAPPED = ("connection", "date", "server", "www-authenticate", "x-amzn-requestid")


@dataclass(frozen=True)
class StreamRules:
    """How one front streams."""

    bad_gateway: HttpResponse
    bandwidth: Bandwidth | None = None
    hang_on_empty_body: bool = False


def public_headers(status: int, headers: Headers, cookies: tuple[str, ...] = ()) -> Headers:
    """What the client gets of the function's headers. The front frames the body itself."""
    public: list[tuple[str, str]] = []
    for name, value in headers:
        if name.lower() == "transfer-encoding":
            continue
        framing = name.lower() == "content-length" and value.strip() != "0"
        public.append(("x-amzn-remapped-content-length" if framing else _public_name(name), value))
    if status not in (204, 304) and not any(name.lower() == "content-type" for name, _ in public):
        public.append(("Content-Type", "application/octet-stream"))
    return (*public, *(("Set-Cookie", cookie) for cookie in cookies))


def with_public_names(answer: HttpResponse) -> HttpResponse:
    """`answer` with the names under which the client gets the function's headers."""
    return HttpResponse(
        answer.status,
        tuple((_public_name(name), value) for name, value in answer.headers),
        answer.body,
    )


def _public_name(name: str) -> str:
    return f"x-amzn-remapped-{name.lower()}" if name.lower() in _REMAPPED else name


def declares_empty(headers: Headers) -> bool:
    return any(name.lower() == "content-length" and value.strip() == "0" for name, value in headers)


def without_body(streamed: Buffered) -> HttpResponse:
    """What a buffered integration makes of a stream: status and headers of the prelude. Raises ResultError."""
    try:
        head = prelude.parse(streamed.body.partition(prelude.DELIMITER)[0])
    except prelude.PreludeError as error:
        raise ResultError(str(error)) from error
    return HttpResponse(head.status, public_headers(head.status, head.headers, head.cookies))


async def send_stream(
    exchange: HttpExchange,
    invocation: Invocation,
    stream: Streamed,
    rules: StreamRules,
    extra: Headers = (),
) -> None:
    """Piece by piece, as the function writes them. A client that goes away is not told to the function."""
    try:
        await _send_stream(exchange, invocation, stream, rules, extra)
    except ClientGone:
        _log.info("client.gone %s; the function is not told", exchange.target)
    finally:
        stream.abandon()


async def _send_stream(exchange, invocation, stream, rules, extra) -> None:
    pieces = stream.pieces()
    try:
        status, headers, first = await _head(stream, pieces)
    except prelude.PreludeError as error:
        _log.error("prelude.malformed %s %s", exchange.target, error)
        return await exchange.respond(rules.bad_gateway.with_headers(extra))
    await exchange.start(status, (*headers, *extra))
    sent_bytes = await _send_body(exchange, first, pieces, rules, declares_empty(headers))
    if stream.end.cut:
        _log.warning("stream.cut %s %s", exchange.target, stream.end.error_type)
        return None
    if not sent_bytes and not declares_empty(headers):
        _log.error(
            "zero-byte body: clients of a real Function URL hang here: %s %s",
            exchange.method,
            exchange.target,
        )
        if rules.hang_on_empty_body:
            return await invocation.expired()
    await exchange.finish()


async def _head(stream: Streamed, pieces) -> tuple[int, Headers, bytes]:
    if stream.content_type.partition(";")[0].strip().lower() != prelude.CONTENT_TYPE:
        return 200, (("Content-Type", stream.content_type),), b""
    reader = prelude.PreludeReader()
    async for piece in pieces:
        if found := reader.feed(piece):
            head, rest = found
            if any(name.lower() == "content-encoding" for name, _ in head.headers):
                _log.warning(
                    "prelude.content_encoding a real Function URL undoes compression of a stream"
                )
            return head.status, public_headers(head.status, head.headers, head.cookies), rest
    raise prelude.PreludeError("the response ended before the delimiter")


async def _send_body(exchange, first: bytes, pieces, rules: StreamRules, empty: bool) -> int:
    loop = asyncio.get_running_loop()
    bucket = TokenBucket(rules.bandwidth, loop.time()) if rules.bandwidth else None
    sent_bytes = 0
    async for piece in _chain(first, pieces):
        sent_bytes += len(piece)
        if empty:
            _log.warning("body.dropped %s the prelude says content-length: 0", exchange.target)
            continue
        await exchange.send(piece)
        if bucket and (delay_s := bucket.delay_s(len(piece), loop.time())):
            await asyncio.sleep(delay_s)
    return sent_bytes


async def _chain(first: bytes, pieces):
    if first:
        yield first
    async for piece in pieces:
        yield piece
