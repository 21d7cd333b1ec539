"""Injects faults for tests and developers: refused, delayed, dropped and cut requests.

It knows the open requests of all fronts.
"""

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from local_lambda.http.messages import Headers, json_response
from local_lambda.http.server import HttpExchange


@dataclass(frozen=True)
class Block:
    """Requests whose path begins with `path_prefix` get `status`.

    Without a `status` their connection is reset.
    """

    path_prefix: str
    status: int | None = None


_numbers = itertools.count(1)


@dataclass(eq=False)
class OpenRequest:
    """Describes a request whose response is not complete. `function` is a logical id, once known.

    `since_s` is in seconds of the epoch.
    """

    exchange: HttpExchange
    function: str = ""
    since_s: float = field(default_factory=time.time)
    number: int = field(default_factory=_numbers.__next__)

    def describe(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "method": self.exchange.method,
            "path": self.exchange.target,
            "function": self.function,
            "since_s": self.since_s,
            "streaming": self.exchange.started,
            "sent_bytes": self.exchange.sent_bytes,
        }


class Faults:
    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.delays_ms: dict[str, int] = {}  # by path prefix
        self._open: dict[HttpExchange, OpenRequest] = {}

    @property
    def open_requests(self) -> list[OpenRequest]:
        """Returns the open requests, oldest first."""
        return list(self._open.values())

    def block(self, block: Block) -> None:
        self.unblock(block.path_prefix)
        self.blocks.append(block)

    def unblock(self, path_prefix: str) -> None:
        self.blocks = [block for block in self.blocks if block.path_prefix != path_prefix]

    def delay(self, path_prefix: str, delay_ms: int) -> None:
        """Lets requests of a route wait before anything reads them. 0 ends that."""
        self.delays_ms.pop(path_prefix, None)
        if delay_ms > 0:
            self.delays_ms[path_prefix] = delay_ms

    def cut(self, path_prefix: str) -> int:
        """Resets the open connections of a route, as a failing network does.

        Returns how many there were.
        """
        hit = [exchange for exchange in self._open if exchange.target.startswith(path_prefix)]
        for exchange in hit:
            exchange.abort()
        return len(hit)

    def cut_one(self, number: int) -> int:
        """Resets the connection of one open request. Returns how many there were: 0 or 1."""
        hit = [exchange for exchange, each in self._open.items() if each.number == number]
        for exchange in hit:
            exchange.abort()
        return len(hit)

    def serves(self, exchange: HttpExchange, function: str) -> None:
        """Notes which function's invocation the request is, by logical id."""
        if opened := self._open.get(exchange):
            opened.function = function

    async def run(
        self,
        exchange: HttpExchange,
        handler: Callable[[HttpExchange], Awaitable[None]],
        headers: Headers = (),
    ) -> None:
        """Hands the exchange to `handler`, unless its route is blocked."""
        if block := self._block_of(exchange):
            await _refuse(exchange, block.status, headers)
            return
        self._open[exchange] = OpenRequest(exchange)
        try:
            if delay_ms := self.delay_ms_of(exchange.target):
                await asyncio.sleep(delay_ms / 1000)
            await handler(exchange)
        finally:
            del self._open[exchange]

    def _block_of(self, exchange: HttpExchange) -> Block | None:
        for block in self.blocks:
            if exchange.target.startswith(block.path_prefix):
                return block
        return None

    def delay_ms_of(self, target: str) -> int:
        """Returns the delay of the longest prefix that fits, or 0."""
        prefixes = [each for each in self.delays_ms if target.startswith(each)]
        return self.delays_ms[max(prefixes, key=len)] if prefixes else 0


async def _refuse(exchange: HttpExchange, status: int | None, headers: Headers) -> None:
    if status is None:
        exchange.abort()
    else:
        response = json_response(status, '{"message":"blocked by the emulator"}')
        await exchange.respond(response.with_headers(headers))
