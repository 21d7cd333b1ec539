"""Events from any source: `sse`, its result, and the sources that it takes (docs/sse.md)."""

from lambda_streaming.server_sent_events.body import SseBody, WholeSseBody, ndjson, sse
from lambda_streaming.server_sent_events.events import Event

__all__ = ["Event", "SseBody", "WholeSseBody", "ndjson", "sse"]
