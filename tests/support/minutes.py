"""A client that keeps what `metrics` events tell of the minutes, as the contract has it."""

from datetime import datetime
from typing import Any

NAMES = ("positive", "neutral", "negative", "score_sum")


class KnownMinutes:
    """`known` has for each minute, by its number since 1970, the four values told of it last."""

    def __init__(self) -> None:
        self.known: dict[int, tuple[Any, ...]] = {}
        self.lengths: list[int] = []

    def hear(self, metrics: dict[str, Any]) -> None:
        """Takes the data of a `metrics` event."""
        last = int(datetime.fromisoformat(metrics["timestamp"]).timestamp() // 60)
        told = list(zip(*[metrics["minutes"][name] for name in NAMES], strict=True))
        first = last - len(told) + 1
        self.known |= dict(enumerate(told, first))
        self.lengths.append(len(told))

    def shown(self, now: float) -> dict[str, list[Any]]:
        """Returns the last 60 minutes in the form of `minutes`. Fails for one never heard of."""
        last = int(now // 60)
        values = [self.known[at] for at in range(last - 59, last + 1)]
        return {name: [each[place] for each in values] for place, name in enumerate(NAMES)}
