"""What is an item, and is this record from the table's stream one?

The rules are those of docs/contract.md, "What a producer writes". A reason names the field and
never quotes its value.
"""

import json
import math
import re
from dataclasses import dataclass
from typing import Any

from dashboard_data.times import HOUR_S, moment_s, normalise_timestamp

SENTIMENTS = ("positive", "neutral", "negative")
# Only so many of an item's tags are shown and counted: one event and one expression of DynamoDB
# have room for no more. The bytes are those of an event, where JSON writes some characters as six.
MOST_TAGS = 100
LONGEST_TAGS_BYTES = 10_000
# A timestamp may be so much later than the writing of the item: clocks differ.
MOST_AHEAD_S = HOUR_S

_TICKER = re.compile(r"[A-Z]{1,5}")
_TYPES: dict[str, type] = {"S": str, "N": str, "L": list}  # in DynamoDB's JSON
_NOTHING = (None, {"NULL": True})
_NO_TEXT = re.compile(r"[\ud800-\udfff]")


class InvalidItem(ValueError):
    """This record is no item. `field` names the attribute at fault, `reason` says what is wrong."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class NotAnalysedYet(InvalidItem):
    """This record has neither a sentiment nor a score: its producer writes first, then analyses."""

    def __init__(self) -> None:
        super().__init__("sentiment", "is missing, and so is the score")


@dataclass(frozen=True, slots=True)
class Item:
    """One analysed item, as far as it is ever shown: titles, texts and sources are never read.

    `written_at`: epoch seconds at which the table took it.
    """

    item_id: str
    ticker: str
    tags: tuple[str, ...]
    sentiment: str
    score: float
    timestamp: str
    written_at: float = 0.0

    def data(self) -> dict[str, Any]:
        """Returns the data of a `new_item` event.

        `source_id` is `item_id` again: the older dashboard keys its list by it.
        """
        return {
            "item_id": self.item_id,
            "source_id": self.item_id,
            "ticker": self.ticker,
            "tags": list(self.tags),
            "sentiment": self.sentiment,
            "score": self.score,
            "timestamp": self.timestamp,
        }

    def to_text(self) -> str:
        """Writes it as a feed entry keeps it: one attribute is read twice as fast as nine."""
        fields = self.data() | {"written_at": self.written_at}
        return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_text(cls, value: str) -> "Item":
        """Reads it back from a feed entry. It was validated when it was written.

        Fields of a later version are passed over: during a deployment both run beside each other.
        """
        fields = json.loads(value)
        return cls(
            item_id=fields["item_id"],
            ticker=fields["ticker"],
            tags=tuple(fields["tags"]),
            sentiment=fields["sentiment"],
            score=fields["score"],
            timestamp=fields["timestamp"],
            written_at=fields.get("written_at", 0.0),
        )


def parse_item(image: Any, written_at: float) -> Item:
    """Returns the item in the `NewImage` of a stream record.

    `written_at`: epoch seconds at which the table took it. Raises InvalidItem, and nothing else,
    for any other value; NotAnalysedYet for one that may still become an item.
    """
    if not isinstance(image, dict):
        raise InvalidItem("item", "is not a record")
    if all(image.get(field) in _NOTHING for field in ("sentiment", "score")):
        raise NotAnalysedYet
    ticker = _string(image, "ticker")
    if not _TICKER.fullmatch(ticker):
        raise InvalidItem("ticker", "must be 1 to 5 upper-case letters")
    sentiment = _string(image, "sentiment")
    if sentiment not in SENTIMENTS:
        raise InvalidItem("sentiment", "must be positive, neutral or negative")
    return Item(
        item_id=_item_id(image),
        ticker=ticker,
        tags=_tags(image) or (ticker,),
        sentiment=sentiment,
        score=_score(image),
        timestamp=_timestamp(image, written_at),
        written_at=written_at,
    )


def _timestamp(image: dict[str, Any], written_at: float) -> str:
    timestamp = normalise_timestamp(_string(image, "timestamp"))
    if timestamp is None:
        raise InvalidItem("timestamp", "must be ISO 8601 with Z or an offset, from 1970 on")
    if moment_s(timestamp) > written_at + MOST_AHEAD_S:
        raise InvalidItem("timestamp", "must not be more than an hour ahead")
    return timestamp


def _item_id(image: dict[str, Any]) -> str:
    item_id = _string(image, "item_id")
    if not item_id or _NO_TEXT.search(item_id):
        raise InvalidItem("item_id", "must be a text")
    if _string(image, "PK") != f"ITEM#{item_id}":
        raise InvalidItem("item_id", "must be the one in PK")
    return item_id


def _score(image: dict[str, Any]) -> float:
    try:
        score = float(_typed(image, "score", "N"))
    except ValueError as error:
        raise InvalidItem("score", "must be a number") from error
    if not (math.isfinite(score) and 0 <= score <= 1):
        raise InvalidItem("score", "must be from 0 to 1")
    return score


def _tags(image: dict[str, Any]) -> tuple[str, ...]:
    if image.get("tags") in _NOTHING:
        return ()
    tags = [_tag(value) for value in _typed(image, "tags", "L")]
    kept: list[str] = []
    room_bytes = LONGEST_TAGS_BYTES
    for tag in dict.fromkeys(filter(None, tags)):
        room_bytes -= len(json.dumps(tag, ensure_ascii=False).encode()) - len('""')
        if room_bytes < 0 or len(kept) == MOST_TAGS:
            break
        kept.append(tag)
    return tuple(kept)


def _tag(value: object) -> str:
    tag = value.get("S") if isinstance(value, dict) else None
    if not isinstance(tag, str) or _NO_TEXT.search(tag):
        raise InvalidItem("tags", "must be texts")
    return tag


def _string(image: dict[str, Any], field: str) -> str:
    value: str = _typed(image, field, "S")
    return value


def _typed(image: dict[str, Any], field: str, kind: str) -> Any:
    value = image.get(field)
    if value is None:
        raise InvalidItem(field, "is missing")
    inner = value.get(kind) if isinstance(value, dict) else None
    if not isinstance(inner, _TYPES[kind]):
        raise InvalidItem(field, f"must be of type {kind}")
    return inner
