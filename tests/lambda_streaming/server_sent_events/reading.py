"""Reads what `sse()` gives, as a client would."""

import json
import threading

from event_stream import Decoder

THREAD = "lambda_streaming.sse"


def events(pieces):
    """Returns the type and the data of each event in the bytes of `pieces`."""
    decoder = Decoder()
    return [(event.type, event.data) for event in decoder.feed(b"".join(pieces))]


def data_of(pieces):
    """Returns the JSON of each event, and other data as text."""
    return [_value(data) for _, data in events(pieces)]


def _value(data):
    try:
        return json.loads(data)
    except ValueError:
        return data


def until_error(body):
    """Returns the pieces of `body` and the exception that ended it, or None."""
    pieces = []
    try:
        pieces += iter(lambda: next(body), None)
    except StopIteration:
        return pieces, None
    except Exception as error:
        return pieces, error
    raise AssertionError("the body yielded None")


def threads():
    return [thread for thread in threading.enumerate() if thread.name == THREAD]
