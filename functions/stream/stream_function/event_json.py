"""How does the data of an event become JSON? An allow-list: exactly these fields, in this order.

The models of `dashboard_http/events.py` say the same for the API and its document, and a test
compares the two byte by byte. They need pydantic, which costs a stream's environment a fifth of its
start and of its memory, so no stream loads them.

Every function here takes the data as a mapping. It raises ValueError, TypeError or KeyError for a
field that is missing or unknown, or that has a value which the models refuse.
"""

from collections.abc import Callable, Mapping, Sequence
from json import JSONEncoder
from json.encoder import encode_basestring
from typing import Any

Data = Mapping[str, Any]

SENTIMENTS = frozenset(("positive", "neutral", "negative"))
MOST_MINUTES = 60
_COUNTS: frozenset[type] = frozenset((int, type(None)))
_SUMS: frozenset[type] = frozenset((float, type(None)))

# It writes a text as JSON, and raises TypeError for anything else.
_text: Callable[[str], str] = encode_basestring
_json = JSONEncoder(
    ensure_ascii=False, check_circular=False, allow_nan=False, separators=(",", ":")
).encode


def _new_item(data: Data) -> str:
    _require_fields(data, 7)
    tags = data["tags"]
    if type(tags) is not list:
        raise TypeError("tags is no list")
    sentiment = data["sentiment"]
    if sentiment not in SENTIMENTS:
        raise ValueError("sentiment is not one of the three")
    score = data["score"]
    if not 0 <= score <= 1:
        raise ValueError("score is outside 0 to 1")
    return (
        f'{{"item_id":{_text(data["item_id"])}'
        f',"ticker":{_text(data["ticker"])}'
        f',"tags":[{",".join(map(_text, tags))}]'
        f',"sentiment":"{sentiment}"'
        f',"score":{_number(score)}'
        f',"timestamp":{_text(data["timestamp"])}'
        f',"source_id":{_text(data["source_id"])}}}'
    )


def _metrics(data: Data) -> str:
    _require_fields(data, 9)
    return (
        f'{{"total":{_count(data["total"])}'
        f',"positive":{_count(data["positive"])}'
        f',"neutral":{_count(data["neutral"])}'
        f',"negative":{_count(data["negative"])}'
        f',"by_tag":{_by_tag(data["by_tag"])}'
        f',"rate_last_hour":{_count(data["rate_last_hour"])}'
        f',"rate_last_24h":{_count(data["rate_last_24h"])}'
        f',"minutes":{_minutes(data["minutes"])}'
        f',"timestamp":{_text(data["timestamp"])}}}'
    )


def _heartbeat(data: Data) -> str:
    _require_fields(data, 2)
    timestamp = _text(data["timestamp"])
    return f'{{"timestamp":{timestamp},"connections":{_count(data["connections"])}}}'


def _reset(data: Data) -> str:
    _require_fields(data, 2)
    return f'{{"reason":{_text(data["reason"])},"timestamp":{_text(data["timestamp"])}}}'


def _failure(data: Data) -> str:
    _require_fields(data, 1)
    return f'{{"detail":{_text(data["detail"])}}}'


# By event type. A type that is not here cannot be sent.
ENCODERS: dict[str, Callable[[Data], str]] = {
    "new_item": _new_item,
    "metrics": _metrics,
    "heartbeat": _heartbeat,
    "reset": _reset,
    "failure": _failure,
}


def _minutes(data: Data) -> str:
    _require_fields(data, 4)
    return (
        f'{{"positive":{_values(data["positive"], _COUNTS)}'
        f',"neutral":{_values(data["neutral"], _COUNTS)}'
        f',"negative":{_values(data["negative"], _COUNTS)}'
        f',"score_sum":{_values(data["score_sum"], _SUMS)}}}'
    )


def _values(values: Sequence[float | None], types: frozenset[type]) -> str:
    """Writes numbers of these types, one for each minute."""
    if not 1 <= len(values) <= MOST_MINUTES or not types.issuperset(map(type, values)):
        raise ValueError("minutes has a list that is none of 1 to 60 numbers")
    written = _json(values)
    if "e-0" not in written:
        return written
    return f"[{','.join('null' if each is None else _number(each) for each in values)}]"


def _by_tag(counts: Mapping[str, int]) -> str:
    members = [f"{_text(tag)}:{_count(count)}" for tag, count in counts.items()]
    return f"{{{','.join(members)}}}"


def _count(value: int) -> str:
    if type(value) is not int:
        raise TypeError("a count is no int")
    return str(value)


def _number(value: float) -> str:
    """Writes a float as pydantic does: 0.00001 and 1e-6, for which Python has 1e-05 and 1e-06."""
    if type(value) is not float:
        raise TypeError("a number is no float")
    written = repr(value)
    digits, small, exponent = written.partition("e-0")
    if not small:
        return written
    if exponent == "5":
        return f"0.0000{digits.replace('.', '')}"
    return f"{digits}e-{exponent}"


def _require_fields(data: Data, count: int) -> None:
    """Raises ValueError for an unknown field: each of so many fields is looked up by its name."""
    if len(data) != count:
        raise ValueError(f"an event has {count} fields, and not {', '.join(data)}")
