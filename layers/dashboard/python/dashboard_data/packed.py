"""How do several counts fit into one number of a record? Pure.

One attribute is smaller than four, and an item adds to one counter instead of two. A number of
DynamoDB has 38 digits, and adding to it is exact:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
"""

from typing import NamedTuple

from dashboard_data.feed.item import SENTIMENTS, Item

MICROS = 1_000_000
_COUNT = 10**8  # each count has 8 digits
_SCORES = 10**14  # the sum of 10**8 scores, in millionths


class MinuteSplit(NamedTuple):
    """One minute's items by sentiment, and the sum of their scores in millionths."""

    positive: int
    neutral: int
    negative: int
    score_micros: int

    @property
    def total(self) -> int:
        return self.positive + self.neutral + self.negative


class TickerSplit(NamedTuple):
    """One ticker's items by sentiment; `own` of them carry the ticker itself as a tag."""

    positive: int
    neutral: int
    negative: int
    own: int

    @property
    def total(self) -> int:
        return self.positive + self.neutral + self.negative


def score_micros(score: float) -> int:
    """Returns a score, rounded to 6 decimals, in millionths."""
    return round(round(score, 6) * MICROS)


def packed_minute(item: Item) -> int:
    """Returns what one item adds to the packed number of its minute."""
    return _sentiment_place(item.sentiment) * _SCORES + score_micros(item.score)


def packed_ticker(item: Item) -> int:
    """Returns what one item adds to the packed number of its ticker."""
    return _sentiment_place(item.sentiment) * _COUNT + (item.ticker in item.tags)


def minute_split(packed: int) -> MinuteSplit:
    counts, micros = divmod(packed, _SCORES)
    return MinuteSplit(*_three(counts), micros)


def ticker_split(packed: int) -> TickerSplit:
    counts, own = divmod(packed, _COUNT)
    return TickerSplit(*_three(counts), own)


def whole_number(text: str) -> int:
    """Reads a whole number of a record, however it is written: `12`, `1.2E+1`.

    Raises ValueError for any other text.
    """
    if "E" not in text and "e" not in text:
        return int(text)
    mantissa, _, exponent = text.upper().partition("E")
    digits, _, decimals = mantissa.partition(".")
    zeros = int(exponent) - len(decimals)
    if not 0 <= zeros <= 126:  # the largest exponent of a number in DynamoDB is 125
        raise ValueError("not a whole number")
    return int(digits + decimals + "0" * zeros)


def _sentiment_place(sentiment: str) -> int:
    """Returns a one at the place of this sentiment: the first one stands leftmost."""
    place: int = _COUNT ** (len(SENTIMENTS) - 1 - SENTIMENTS.index(sentiment))
    return place


def _three(counts: int) -> tuple[int, int, int]:
    counts, negative = divmod(counts, _COUNT)
    positive, neutral = divmod(counts, _COUNT)
    return positive, neutral, negative
