"""Measures contrasts, because axe skips mixed colours silently."""

from pathlib import Path

# A script that defines `contrasts()`, which returns the ratio of every visible text.
CONTRASTS = (Path(__file__).parent / "contrast.js").read_text("utf-8")
ENOUGH = 4.5  # https://www.w3.org/TR/WCAG22/#contrast-minimum
