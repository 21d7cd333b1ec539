"""Serves the stand-in of the table: DynamoDB's JSON over HTTP, on a socket that is handed over.

    python -m benchmarks.table FILE_DESCRIPTOR

moto bears about 100 requests a second, and 1,000 streams that open at once make more. Operations
whose target begins with `Bench.` steer the stand-in; DynamoDB has none of them.
"""

import asyncio
import gc
import json
import socket
import sys
from typing import Any

from benchmarks.table.publishing import Publishing
from benchmarks.table.store import Refused, Store


class TableServer:
    """The store and what steers it."""

    def __init__(self) -> None:
        self.store = Store()
        self.publishing = Publishing(self.store)
        self.latency_s = 0.0
        self._tasks: set[asyncio.Task[None]] = set()

    def respond(self, operation: str, body: dict[str, Any]) -> dict[str, Any]:
        """Does one of DynamoDB's operations, within what a partition bears. Raises Refused."""
        self.store.limited = True
        try:
            return self.store.call(operation, body)
        finally:
            self.store.limited = False  # not for the publishing in this process

    def steer(self, operation: str, body: dict[str, Any]) -> dict[str, Any]:
        """Does one operation of the benchmark itself."""
        if operation == "Publish":
            return {"ids": self.publishing.publish(body["count"])}
        if operation == "Schedule":
            task = asyncio.create_task(self._publish_at(body["rate"], body["count"]))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            return {}
        if operation == "Committed":
            return {"at_s": self.publishing.committed, "busy": bool(self._tasks)}
        if operation == "Seed":
            self.publishing.seed(body["count"])
            gc.freeze()
            return {}
        if operation == "Latency":
            self.latency_s = body["s"]
            return {}
        if operation == "Counted":
            counted = dict(self.store.counted)
            if body.get("reset"):
                self.store.counted.clear()
            return counted
        raise Refused("UnknownOperationException", operation)

    async def _publish_at(self, rate: float, count: int) -> None:
        """Publishes `count` items at `rate` a second, at most 50 transactions a second."""
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        each = max(1, round(rate / 50))
        for done in range(0, count, each):
            await asyncio.sleep(max(0.0, began_s + done / rate - loop.time()))
            self.publishing.publish(min(each, count - done))


class Connection(asyncio.Protocol):
    """One connection of a client; its requests come one after the other."""

    def __init__(self, server: TableServer) -> None:
        self._server = server
        self._received = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            head = self._received[:end].decode("latin-1")
            fields = {
                name.strip().lower(): value.strip()
                for name, _, value in (line.partition(":") for line in head.split("\r\n")[1:])
            }
            size = int(fields.get("content-length", "0"))
            if fields.get("expect", "").lower() == "100-continue" and self._transport:
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            if len(self._received) < end + 4 + size:
                return
            content = self._received[end + 4 : end + 4 + size]
            self._received = self._received[end + 4 + size :]
            self._respond(fields.get("x-amz-target", ""), content)

    def _respond(self, target: str, content: bytes) -> None:
        service, _, operation = target.partition(".")
        body = json.loads(content or b"{}")
        status = "200 OK"
        try:
            if service == "Bench":
                response = self._server.steer(operation, body)
            else:
                response = self._server.respond(operation, body)
        except Refused as refused:
            status = "400 Bad Request"
            kind = f"com.amazonaws.dynamodb.v20120810#{refused.kind}"
            response = {"__type": kind, "message": str(refused), **refused.fields}
        text = json.dumps(response, separators=(",", ":")).encode()
        head = (
            f"HTTP/1.1 {status}\r\nContent-Type: application/x-amz-json-1.0\r\n"
            f"Content-Length: {len(text)}\r\n\r\n"
        )
        if service != "Bench" and self._server.latency_s:
            loop = asyncio.get_running_loop()
            loop.call_later(self._server.latency_s, self._send, head.encode() + text)
        else:
            self._send(head.encode() + text)

    def _send(self, response: bytes) -> None:
        if self._transport and not self._transport.is_closing():
            self._transport.write(response)


async def serve(listener: socket.socket) -> None:
    table = TableServer()
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(table), sock=listener, backlog=1024
    )
    await server.serve_forever()


if __name__ == "__main__":
    gc.disable()  # records have no cycles, and 1,000,000 are many
    asyncio.run(serve(socket.socket(fileno=int(sys.argv[1]))))
