"""An MCP server, with the official SDK: streamable HTTP, stateless, progress while a tool runs."""

import os
from typing import Annotated

import anyio
from lambda_streaming import Asgi
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.transport_security import TransportSecuritySettings
from pydantic import Field
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

# Seconds that reading one source takes here. Your tool has real work instead.
STEP_S = 0.3
HOSTS = [host for host in os.environ.get("ALLOWED_HOSTS", "").split(",") if host]
ORIGINS = [origin for origin in os.environ.get("ALLOWED_ORIGINS", "").split(",") if origin]
PATH = "/mcp"

# A subscription would hold an execution environment until the timeout, and could only tell what
# happens in that one.
server = MCPServer("research", version="1.0.0", subscriptions=False)


async def read_source(topic: str, number: int) -> str:
    await anyio.sleep(STEP_S)
    return f"source {number} on {topic}"


@server.tool()
async def research(topic: str, context: Context, steps: Annotated[int, Field(ge=1)] = 5) -> str:
    """Researches a topic step by step, and reports its progress."""
    for step in range(1, steps + 1):
        source = await read_source(topic, step)
        await context.report_progress(step, steps, f"read {source}")
    return f"{steps} sources agree on {topic}"


@server.tool()
def count_words(text: str) -> int:
    """Counts the words of a text."""
    if not text.strip():
        raise ToolError("there is no text to count")
    return len(text.split())


class Guard:
    """Refuses what the SDK would let through, and what does not fit Lambda.

    A GET would open a stream on which a stateless server never says anything: the client is told
    that there is none, as the specification allows, instead of paying for it until the timeout.
    The specification wants `Origin` to be checked. The SDK does that only together with `Host`,
    and the host name of a Function URL is not known before it is deployed.
    """

    def __init__(self, app: ASGIApp, origins: list[str]) -> None:
        self.app = app
        self.origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self.app
        if scope["type"] == "http" and scope["path"] == scope.get("root_path", "") + PATH:
            app = self._refusal(scope) or app
        await app(scope, receive, send)

    def _refusal(self, scope: Scope) -> ASGIApp | None:
        origin = dict(scope["headers"]).get(b"origin", b"").decode("latin-1")
        if origin and origin not in self.origins:
            return PlainTextResponse("This origin may not call the server.", 403)
        if scope["method"] != "POST":
            return PlainTextResponse("Only POST is served.", 405, {"Allow": "POST"})
        return None


app = server.streamable_http_app(
    streamable_http_path=PATH,
    stateless_http=True,  # the next request may be another execution environment's
    json_response=False,  # JSON would hold the progress back until the tool has ended
    transport_security=TransportSecuritySettings(
        enable_dns_rebinding_protection=bool(HOSTS),
        allowed_hosts=HOSTS,
        allowed_origins=ORIGINS,
    ),
)
app.add_middleware(Guard, origins=ORIGINS)
app.add_middleware(
    CORSMiddleware,
    allow_origins=ORIGINS,
    allow_methods=["POST"],
    allow_headers=["*"],
)

handler = Asgi(app)
