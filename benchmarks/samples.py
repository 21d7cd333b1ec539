"""What did a run measure? Samples by name, medians and spread of them, growth as an exponent. Pure.

Names are flat: `<what>_<unit>`, with `ours_` or a peer's name first where both were measured.
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from statistics import median


def percentile(values: Sequence[float], share: float) -> float:
    """Returns the value that this share does not exceed. Raises ValueError without any."""
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)]


def exponent(points: Sequence[tuple[float, float]]) -> float:
    """Returns k of y = c * x^k, fitted in logarithms. 0 is constant, 1 is linear.

    A value of 0 has no logarithm, so it counts as a tenth of the least that is larger.
    """
    if len(points) < 2:
        raise ValueError("a curve needs two points")
    least = min((y for _, y in points if y > 0), default=10.0) / 10
    logs = [(math.log(x), math.log(max(y, least))) for x, y in points]
    mean_x = sum(x for x, _ in logs) / len(logs)
    mean_y = sum(y for _, y in logs) / len(logs)
    spread = sum((x - mean_x) ** 2 for x, _ in logs)
    return sum((x - mean_x) * (y - mean_y) for x, y in logs) / spread


class Samples:
    """All samples of a run, by name. `problems` says what could not be measured, and why."""

    def __init__(self) -> None:
        self.values: defaultdict[str, list[float]] = defaultdict(list)
        self.problems: dict[str, str] = {}

    def note(self, name: str, value: float) -> None:
        self.values[name].append(value)

    def median(self, name: str) -> float:
        return median(self.values[name])

    def ratio(self, name: str, ours: str, peer: str) -> None:
        """Notes the ratio of each pair of samples: those of one round."""
        pairs = zip(self.values.get(ours, ()), self.values.get(peer, ()), strict=False)
        for one, other in pairs:
            if other:
                self.note(name, one / other)

    def curve(self, name: str, points: Sequence[tuple[float, str]]) -> None:
        """Notes the exponent of a curve: of x, and of the medians of these names."""
        found = [(x, self.median(each)) for x, each in points if each in self.values]
        if len(found) > 1:
            self.note(name, exponent(found))

    def flat(self) -> dict[str, float]:
        """Returns the median of each name; with `_min` and `_max` where there are several."""
        result: dict[str, float] = {}
        for name, values in sorted(self.values.items()):
            result[name] = rounded(median(values))
            if len(values) > 1:
                result[f"{name}_min"] = rounded(min(values))
                result[f"{name}_max"] = rounded(max(values))
        return result


def rounded(value: float) -> float:
    """Keeps four digits."""
    return float(f"{value:.4g}")
