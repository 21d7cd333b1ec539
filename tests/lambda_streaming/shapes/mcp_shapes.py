"""The shape of the MCP SDK's page on mounting: a server inside of a FastAPI application."""

import contextlib
from collections.abc import AsyncIterator

from fastapi import FastAPI
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.transport_security import TransportSecuritySettings

from tests.lambda_streaming.shapes.source import async_items


def make_app() -> FastAPI:
    """Returns a new application. The SDK's session manager runs once in its life."""
    server = MCPServer("shapes", log_level="CRITICAL")

    @server.tool()
    async def work(context: Context) -> str:
        done = 0
        async for item in async_items():
            done += 1
            await context.report_progress(done, message=item)
        return "done"

    mounted = server.streamable_http_app(
        streamable_http_path="/",
        stateless_http=True,
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
    )

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with server.session_manager.run():
            yield

    app = FastAPI(lifespan=lifespan)
    app.mount("/mcp", mounted)
    return app
