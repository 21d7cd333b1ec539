"""Takes what a template's event says, such as the queue's name, as the defaults of a payload."""

import json
from collections.abc import Mapping
from typing import Any

# SAM's types of events, by the kind that the command line names.
KINDS = {
    "sqs": ("SQS",),
    "sns": ("SNS",),
    "s3": ("S3",),
    "eventbridge": ("EventBridgeRule", "CloudWatchEvent"),
    "schedule": ("Schedule", "ScheduleV2"),
    "kinesis": ("Kinesis",),
    "dynamodb": ("DynamoDB",),
    "logs": ("CloudWatchLogs",),
    "payload": (),
}


def command_for(sam_type: str, function: str) -> str:
    """Returns the command that sends such an event, as advice."""
    for kind, types in KINDS.items():
        if sam_type in types:
            return f"local-lambda event {kind} {function} sends one"
    return f"local-lambda event payload {function} --json @FILE sends a payload of yours"


def defaults(sam_type: str, name: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    """Returns arguments of a function of payloads.py, by name, and `input` for a fixed payload."""
    match sam_type:
        case "SQS":
            return _queue(properties)
        case "SNS":
            return _named("topic", properties.get("Topic"), ":")
        case "Kinesis":
            return _named("stream", properties.get("Stream"), "/")
        case "S3":
            return _bucket(properties)
        case "DynamoDB":
            return _table(properties)
        case "CloudWatchLogs":
            return _named("log_group", properties.get("LogGroupName"), ":")
        case "Schedule" | "ScheduleV2":
            by_scheduler = sam_type == "ScheduleV2"
            rule = _text(properties.get("Name")) or name
            return {"rule": rule, "text": _input(properties), "by_scheduler": by_scheduler}
        case "EventBridgeRule" | "CloudWatchEvent":
            return _rule(properties)
    return {}


def ignores_failed_items(sam_type: str, properties: Mapping[str, Any]) -> bool:
    """Returns whether Lambda would ignore `batchItemFailures` in the function's result."""
    types = properties.get("FunctionResponseTypes")
    if isinstance(types, list) and "ReportBatchItemFailures" in types:
        return False
    return sam_type in ("SQS", "Kinesis", "DynamoDB")


def _queue(properties: Mapping[str, Any]) -> dict[str, Any]:
    found = _named("queue", properties.get("Queue"), ":")
    if found.get("queue", "").endswith(".fifo"):
        found["group"] = "local-group"
    return found


def _table(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a table's name and key, and an item that has nothing but the key."""
    found = _named("table", properties.get("Table"), "/")
    types = {}
    for definition in _list(properties.get("AttributeDefinitions")):
        types[_at(definition, "AttributeName")] = _at(definition, "AttributeType")
    keys = [_at(each, "AttributeName") for each in _list(properties.get("KeySchema"))]
    if keys and all(isinstance(key, str) for key in keys):
        found["keys"] = keys
        found["new_image"] = {key: 1 if types.get(key) == "N" else "local" for key in keys}
    return found


def _bucket(properties: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if bucket := _text(properties.get("Bucket")):
        found["bucket"] = bucket.rpartition(":")[2]
    events = properties.get("Events")
    event_name = _text(events[0] if isinstance(events, list) and events else events)
    if event_name:
        found["event_name"] = event_name
    rules = _at(properties, "Filter", "S3Key", "Rules")
    if isinstance(rules, list):
        parts = {str(_at(each, "Name")).lower(): _text(_at(each, "Value")) for each in rules}
        prefix = parts.get("prefix") or ""
        suffix = parts.get("suffix") or ".txt"
        found["key"] = f"{prefix}local-file{suffix}"
    return found


def _rule(properties: Mapping[str, Any]) -> dict[str, Any]:
    if (text := _input(properties)) is not None:
        return {"input": text}
    pattern = properties.get("Pattern")
    sample = example(pattern) if isinstance(pattern, dict) else {}
    found: dict[str, Any] = {}
    if isinstance(sample.get("source"), str):
        found["source"] = sample["source"]
    if isinstance(sample.get("detail-type"), str):
        found["detail_type"] = sample["detail-type"]
    if isinstance(sample.get("detail"), dict):
        found["detail"] = sample["detail"]
    if isinstance(sample.get("resources"), str):
        found["resources"] = [sample["resources"]]
    return found


def example(pattern: Mapping[str, Any]) -> dict[str, Any]:
    """Returns values that an EventBridge pattern matches, as far as one can be told from it.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
    """
    found: dict[str, Any] = {}
    for key, rule in pattern.items():
        if key.startswith("$"):
            continue
        if isinstance(rule, dict):
            found[key] = example(rule)
        elif isinstance(rule, list) and rule and rule[0] != {"exists": False}:
            found[key] = _choice(rule[0])
    return found


def _choice(rule: Any) -> Any:
    """Returns a value that one entry of a pattern's list matches."""
    if not isinstance(rule, dict):
        return rule
    for operator in ("prefix", "suffix", "equals-ignore-case", "wildcard"):
        value = rule.get(operator)
        if isinstance(value, str):
            return value.replace("*", "x") if operator == "wildcard" else value
    numeric = rule.get("numeric")
    if isinstance(numeric, list) and len(numeric) > 1 and isinstance(numeric[1], int | float):
        step = {">": 1, "<": -1}.get(str(numeric[0]), 0)
        return numeric[1] + step
    return "local"


def _input(properties: Mapping[str, Any]) -> str | None:
    value = properties.get("Input")
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value)


def _named(key: str, arn: Any, separator: str) -> dict[str, Any]:
    """Returns the name at the end of an ARN."""
    text = _text(arn)
    return {key: text.rpartition(separator)[2]} if text else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _at(value: Any, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value
