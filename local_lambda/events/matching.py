"""Says which events AWS would not send, by the filters and patterns of the template.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
"""

import base64
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_plus

from local_lambda import filters

_RULES = ("EventBridgeRule", "CloudWatchEvent")


def notes(event: Mapping[str, Any], payload: Any) -> list[str]:
    """Returns a sentence for each reason. A filter that cannot be read here is left alone."""
    properties = event.get("properties") or {}
    if event.get("kind") in _RULES:
        return _of_rule(properties, payload)
    if event.get("kind") == "S3":
        return _of_bucket(properties, payload)
    return _of_filters(properties, payload)


def _of_rule(properties: Mapping[str, Any], payload: Any) -> list[str]:
    pattern = properties.get("Pattern")
    is_fixed = properties.get("Input") is not None
    if is_fixed or not isinstance(pattern, dict) or not _is_pattern(pattern):
        return []
    if filters.matches(pattern, payload):
        return []
    return ["the rule's pattern does not match: EventBridge would not send this event"]


def _of_bucket(properties: Mapping[str, Any], payload: Any) -> list[str]:
    rules = _list(_at(_at(properties.get("Filter"), "S3Key"), "Rules"))
    key = unquote_plus(payload["Records"][0]["s3"]["object"]["key"])
    for rule in rules:
        value = str(_at(rule, "Value"))
        fits = key.startswith(value)
        if str(_at(rule, "Name")).lower() == "suffix":
            fits = key.endswith(value)
        if not fits:
            return [f"{key} does not fit the event's Filter: S3 would not send this event"]
    return []


def _of_filters(properties: Mapping[str, Any], payload: Any) -> list[str]:
    patterns = []
    for entry in _list(_at(properties.get("FilterCriteria"), "Filters")):
        pattern = _parsed(str(_at(entry, "Pattern")))
        if not _is_pattern(pattern):
            return []
        patterns.append(pattern)
    records = payload.get("Records") if isinstance(payload, dict) else None
    left_out = [
        str(number)
        for number, record in enumerate(records or (), start=1)
        if not filters.matches_any(patterns, _filtered(record))
    ]
    if not left_out:
        return []
    numbers = ", ".join(left_out)
    return [f"FilterCriteria leaves out number {numbers}: Lambda would not get it"]


def _filtered(record: Mapping[str, Any]) -> Any:
    """Returns a record as filters see it: JSON in its body or data is parsed."""
    if "kinesis" in record:
        data = base64.b64decode(record["kinesis"]["data"]).decode("utf-8", "replace")
        return {**record["kinesis"], "data": _parsed(data)}
    if "body" in record:
        return {**record, "body": _parsed(record["body"])}
    return record


def _parsed(text: str) -> Any:
    """Returns the value of JSON, or the text itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _is_pattern(pattern: Any) -> bool:
    try:
        filters.check(pattern)
    except (filters.PatternError, AttributeError, TypeError, KeyError):
        return False
    return True


def _at(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, dict) else None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
