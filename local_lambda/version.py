"""Finds the version of the installed distribution, or of the source in a checkout."""

import re
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

DISTRIBUTION = "lambda-streaming"
_SOURCE = Path(__file__).parents[1] / "layers/streaming_runtime/python/streaming_runtime/version.py"


def version() -> str:
    """Returns `1.2.3`, or `unknown` for a copy that is neither installed nor a checkout."""
    if _SOURCE.is_file():
        found = re.search(r'__version__ = "(.*?)"', _SOURCE.read_text("utf-8"))
        return found[1] if found else "unknown"
    try:
        return metadata(DISTRIBUTION)["Version"]
    except PackageNotFoundError:
        return "unknown"
