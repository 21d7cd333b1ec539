"""The shape of Quart's page on streamed responses."""

from collections.abc import AsyncIterator

from quart import Quart, request, stream_with_context

from tests.lambda_streaming.shapes.source import async_items

app = Quart(__name__)


@app.get("/")
async def stream() -> tuple[AsyncIterator[str], int, dict[str, str]]:
    async def generate() -> AsyncIterator[str]:
        async for item in async_items():
            yield item

    return generate(), 200, {"X-Something": "value"}


@app.get("/with-context")
async def with_context() -> AsyncIterator[str]:
    @stream_with_context
    async def generate() -> AsyncIterator[str]:
        yield request.args["name"]
        async for item in async_items():
            yield item

    return generate()
