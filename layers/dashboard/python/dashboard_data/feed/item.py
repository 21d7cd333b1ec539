"""What is an item, and is this record of the table's stream one?

The rules are the producer's table in the contract. A reason names the field and never quotes what stood in it.
"""

import json
import math
import re
from dataclasses import dataclass
from typing import Any

from dashboard_data.times import normalised

SENTIMENTS = ("positive", "neutral", "negative")
# What of an item's tags is shown and counted: what one event and one expression of DynamoDB have room for.
MOST_TAGS = 100
LONGEST_TAGS_BYTES = 10_000

_TICKER = re.compile(r"[A-Z]{1,5}")
_NO_TEXT = re.compile(r"[\ud800-\udfff]")


class InvalidItem(ValueError):
    """This record is no item. `field` names the attribute at fault, `reason` what is wrong with it."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Item:
    """One analysed item, as far as it is ever shown: titles, texts and sources are not even read."""

    item_id: str
    ticker: str
    tags: tuple[str, ...]
    sentiment: str
    score: float
    timestamp: str
    written_at: float = 0.0  # epoch seconds; when the table took it

    def data(self) -> dict[str, Any]:
        """What a `new_item` event carries. `source_id` is `item_id` again: the older dashboard keys its list by it."""
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
        """How a feed entry keeps it: one attribute is read twice as fast as nine."""
        return json.dumps(self.data() | {"written_at": self.written_at}, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_text(cls, value: str) -> "Item":
        """Back from a feed entry. What we wrote ourselves is not validated again."""
        fields = json.loads(value)
        del fields["source_id"]
        return cls(**fields | {"tags": tuple(fields["tags"])})


def parse_item(image: Any, written_at: float = 0.0) -> Item:
    """The item in the `NewImage` of a stream record. Raises InvalidItem, and nothing else, for any other value."""
    if not isinstance(image, dict):
        raise InvalidItem("item", "is not a record")
    ticker = _string(image, "ticker")
    if not _TICKER.fullmatch(ticker):
        raise InvalidItem("ticker", "must be 1 to 5 upper-case letters")
    sentiment = _string(image, "sentiment")
    if sentiment not in SENTIMENTS:
        raise InvalidItem("sentiment", "must be positive, neutral or negative")
    timestamp = normalised(_string(image, "timestamp"))
    if timestamp is None:
        raise InvalidItem("timestamp", "must be ISO 8601 with Z or an offset, from 1970 on")
    return Item(_item_id(image), ticker, _tags(image) or (ticker,), sentiment, _score(image), timestamp, written_at)


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
    if "tags" not in image or image["tags"] == {"NULL": True}:
        return ()
    tags = [value.get("S") if isinstance(value, dict) else None for value in _typed(image, "tags", "L")]
    if not all(isinstance(tag, str) and not _NO_TEXT.search(tag) for tag in tags):
        raise InvalidItem("tags", "must be texts")
    kept, room = [], LONGEST_TAGS_BYTES
    for tag in dict.fromkeys(filter(None, tags)):
        room -= len(tag.encode())
        if room < 0 or len(kept) == MOST_TAGS:
            break
        kept.append(tag)
    return tuple(kept)


def _string(image: dict[str, Any], field: str) -> str:
    return _typed(image, field, "S")


def _typed(image: dict[str, Any], field: str, kind: str) -> Any:
    value = image.get(field)
    if value is None:
        raise InvalidItem(field, "is missing")
    inner = value.get(kind) if isinstance(value, dict) else None
    if not isinstance(inner, list if kind == "L" else str):
        raise InvalidItem(field, f"must be of type {kind}")
    return inner
