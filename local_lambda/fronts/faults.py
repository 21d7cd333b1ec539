"""Faults that tests and developers inject at a front: routes that refuse or drop, connections that are cut."""

from dataclasses import dataclass

from local_lambda.http.messages import json_response
from local_lambda.http.server import HttpExchange


@dataclass(frozen=True)
class Block:
    """Requests whose path begins with `path_prefix` get `status`, or a reset connection when there is none."""

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
        """Reset the open connections of a route, as a failing network does; how many there were."""
        hit = [exchange for exchange in self._open if exchange.target.startswith(path_prefix)]
        for exchange in hit:
            exchange.abort()
        return len(hit)

    async def run(self, exchange: HttpExchange, handler) -> None:
        """Hand the exchange to `handler`, unless its route is blocked."""
        block = next(
            (block for block in self.blocks if exchange.target.startswith(block.path_prefix)), None
        )
        if block and block.status is None:
            return exchange.abort()
        if block:
            return await exchange.respond(
                json_response(block.status, '{"message":"blocked by the emulator"}')
            )
        self._open.add(exchange)
        try:
            return await handler(exchange)
        finally:
            self._open.discard(exchange)
