"""What does a client hear while the table cannot be read? Comments and reconnection times.

docs/contract.md: any status but 200 would be final for an `EventSource`, so a stream that cannot be
opened is 200, and its end.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import event_stream

from stream_function import life

TABLE_UNREADABLE = "the table cannot be read at the moment"
CANNOT_OPEN = "this stream cannot be opened at the moment"


class TableUnreadableError(Exception):
    """A call of the table failed; its error is the cause. What was known may be true no longer."""


@contextmanager
def reading_the_table() -> Iterator[None]:
    """Turns every error in the block, which reads the table, into a TableUnreadableError."""
    try:
        yield
    except Exception as error:
        raise TableUnreadableError from error


def farewell(comment: str, uniform: life.Random) -> bytes:
    """Returns the last bytes of a response that ends because of an outage.

    There is no empty line: some clients would take the block for a message without data. A client
    takes a `retry` over with its line.
    https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
    """
    retry_ms = life.retry_ms(life.OUTAGE_RETRY_MS, uniform)
    retry = event_stream.encode(retry_ms=retry_ms).removesuffix(b"\n")
    return retry + event_stream.comment_line(comment)
