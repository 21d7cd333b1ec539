"""Tells the test about each event, in a line of JSON, and about each thing that user code did."""

import json
import sys
from collections.abc import Mapping

URL = sys.argv[1]
LONGEST_PAUSE_S = float(sys.argv[2])
PATIENCE_S = float(sys.argv[3])  # without a byte


def report_event(type: str | None, id: str | None, data: str) -> None:
    """Parses the data as every program does, so an event without data is an error here."""
    _write({"event": type, "id": id, "item_id": json.loads(data).get("item_id")})


def report_state(state: object) -> None:
    _write({"state": repr(state)})


def pause_after(headers: Mapping[str, str]) -> float:
    """Returns the seconds that `Retry-After` names, but never more than the test allows."""
    return min(float(headers.get("Retry-After") or 1), LONGEST_PAUSE_S)


def _write(line: dict[str, object]) -> None:
    print(json.dumps(line), flush=True)
