"""How is a body of events read where an event loop runs, as in Starlette?"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from lambda_streaming.server_sent_events.async_sources import async_reader_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from lambda_streaming.server_sent_events.body import Progress


async def pieces(source: Any, progress: Progress) -> AsyncIterator[bytes]:
    """Yields what there is to send, and nothing empty."""
    progress.begin()
    reader = async_reader_of(source, in_thread=progress.heartbeat_s < math.inf)
    try:
        while not progress.is_over:
            try:
                piece = progress.overdue()
                if not piece:
                    wait_s = progress.due_s()
                    limit_s = wait_s if wait_s < math.inf else None
                    piece = progress.after(await reader.take(limit_s))
            except Exception as error:
                farewell = progress.failed(error)
                if farewell:
                    yield farewell
                raise
            if piece:
                yield piece
    finally:
        await reader.close()
