"""Litestar: its channels bring each text to every stream's ServerSentEvent response."""

from collections.abc import AsyncIterator

from litestar import Litestar, Request, get, post
from litestar.channels import ChannelsPlugin
from litestar.channels.backends.memory import MemoryChannelsBackend
from litestar.response import ServerSentEvent, ServerSentEventMessage


@get("/stream", sync_to_thread=False)
def stream(channels: ChannelsPlugin) -> ServerSentEvent:
    async def events() -> AsyncIterator[ServerSentEventMessage]:
        async with channels.start_subscription(["texts"]) as subscriber:
            async for text in subscriber.iter_events():
                yield ServerSentEventMessage(data=text)

    return ServerSentEvent(events())


@post("/emit")
async def emit(request: Request, channels: ChannelsPlugin) -> None:
    channels.publish(await request.body(), ["texts"])


app = Litestar(
    [stream, emit],
    plugins=[ChannelsPlugin(backend=MemoryChannelsBackend(), channels=["texts"])],
)
