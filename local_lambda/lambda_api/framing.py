"""Encodes messages of AWS's event stream format, `application/vnd.amazon.eventstream`.

A message is its length and its headers' length (4 bytes each, the prelude), the prelude's CRC, the
headers, the payload and the CRC of all that. The format is described in
https://docs.aws.amazon.com/lexv2/latest/dg/event-stream-encoding.html
"""

import struct
import zlib
from collections.abc import Mapping

CONTENT_TYPE = "application/vnd.amazon.eventstream"
_FRAME_BYTES = 16  # prelude, its CRC, and the CRC of the message
_TEXT = 7  # the type of a header whose value is text


def event(event_type: str, payload: bytes, content_type: str) -> bytes:
    """Returns one event of a response."""
    headers = {
        ":event-type": event_type,
        ":content-type": content_type,
        ":message-type": "event",
    }
    return message(headers, payload)


def message(headers: Mapping[str, str], payload: bytes) -> bytes:
    """Returns one message whose headers are all text."""
    encoded = b"".join(_header(name, value) for name, value in headers.items())
    size_bytes = _FRAME_BYTES + len(encoded) + len(payload)
    prelude = struct.pack("!II", size_bytes, len(encoded))
    body = b"".join((prelude, _checksum(prelude), encoded, payload))
    return body + _checksum(body)


def _header(name: str, value: str) -> bytes:
    name_bytes = name.encode()
    value_bytes = value.encode()
    start = struct.pack("!B", len(name_bytes)) + name_bytes
    return start + struct.pack("!BH", _TEXT, len(value_bytes)) + value_bytes


def _checksum(data: bytes) -> bytes:
    return struct.pack("!I", zlib.crc32(data))
