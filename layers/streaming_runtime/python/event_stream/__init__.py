"""The `text/event-stream` format: an encoder and an incremental decoder.

Both work on bytes alone: no HTTP, no sockets.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from .decoder import Decoder, EventTooLargeError, Received
from .encoder import comment, comment_line, encode

__all__ = ["Decoder", "EventTooLargeError", "Received", "comment", "comment_line", "encode"]
