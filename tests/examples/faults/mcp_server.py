"""The MCP server, whose sources fail, are slow or many, as the topic says."""

import os

import anyio
import app


async def read_source(topic: str, number: int) -> str:
    if topic == "failing" and number == 2:
        raise RuntimeError("the source failed midway")
    if topic == "crashing" and number == 2:
        await anyio.sleep(0.2)
        os._exit(3)
    if topic == "endless":
        await anyio.sleep(0.2)
    return f"source {number} on {topic} " + ("x" * 5_000 if topic == "large" else "")


app.read_source = read_source
handler = app.handler
