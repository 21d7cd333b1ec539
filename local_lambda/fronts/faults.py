"""Injects faults for tests and developers: refused requests, dropped and cut connections."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from local_lambda.http.messages import json_response
from local_lambda.http.server import HttpExchange


@dataclass(frozen=True)
class Block:
    """Requests whose path begins with `path_prefix` get `status`.

    Without a `status` their connection is reset.
    """

    path_prefix: str
    status: int | None = None


class Faults:
    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._open: set[HttpExchange] = set()

    def block(self, block: Block) -> None:
        self.unblock(block.path_prefix)
        self.blocks.append(block)

    def unblock(self, path_prefix: str) -> None:
        self.blocks = [block for block in self.blocks if block.path_prefix != path_prefix]

    def cut(self, path_prefix: str) -> int:
        """Resets the open connections of a route, as a failing network does.

        Returns how many there were.
        """
        hit = [exchange for exchange in self._open if exchange.target.startswith(path_prefix)]
        for exchange in hit:
            exchange.abort()
        return len(hit)

    async def run(
        self, exchange: HttpExchange, handler: Callable[[HttpExchange], Awaitable[None]]
    ) -> None:
        """Hands the exchange to `handler`, unless its route is blocked."""
        if block := self._block_of(exchange):
            await _refuse(exchange, block.status)
            return
        self._open.add(exchange)
        try:
            await handler(exchange)
        finally:
            self._open.discard(exchange)

    def _block_of(self, exchange: HttpExchange) -> Block | None:
        for block in self.blocks:
            if exchange.target.startswith(block.path_prefix):
                return block
        return None


async def _refuse(exchange: HttpExchange, status: int | None) -> None:
    if status is None:
        exchange.abort()
    else:
        response = json_response(status, '{"message":"blocked by the emulator"}')
        await exchange.respond(response)
