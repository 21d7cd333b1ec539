"""The command line of `local-lambda event`: makes a payload, and sends it to an emulator."""

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from local_lambda.events import payloads
from local_lambda.events.defaults import KINDS, defaults, ignores_failed_items
from local_lambda.events.matching import notes
from local_lambda.events.payloads import Origin
from local_lambda.events.running import NotFound, choose, every, folder
from local_lambda.events.sending import Application, SendFailed

_DESCRIPTION = (
    "Makes a payload as the service sends it, and sends it to a function of a running emulator. "
    "What the template says of the function's event is the default. A value that begins with @ "
    "names a file; - means standard input."
)


_GREETING = "Hello from local-lambda"


class Mistake(ValueError):
    """A value cannot be used. The message names its option."""


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(prog="local-lambda event", description=_DESCRIPTION)
    kinds = result.add_subparsers(dest="kind", required=True, metavar="KIND")
    for kind, add_options in _OPTIONS.items():
        one = kinds.add_parser(kind, description=_DESCRIPTION)
        one.add_argument(
            "function",
            nargs="?",
            metavar="FUNCTION",
            help="name or logical id; default: the only one whose template has such an event",
        )
        one.add_argument("--admin", metavar="URL", help="admin address; default: that of yours")
        one.add_argument("--print", action="store_true", help="print the payload; send nothing")
        one.add_argument("--region", help="default: the emulator's, or us-east-1")
        add_options(one)
    return result


def _add_sqs_options(one: argparse.ArgumentParser) -> None:
    one.add_argument("--body", action="append", metavar="TEXT", help="repeated: more messages")
    one.add_argument("--queue", metavar="NAME")
    one.add_argument("--group", metavar="ID", help="message group of a FIFO queue")
    _add_attributes(one)


def _add_sns_options(one: argparse.ArgumentParser) -> None:
    one.add_argument("--message", metavar="TEXT")
    one.add_argument("--subject", metavar="TEXT")
    one.add_argument("--topic", metavar="NAME")
    _add_attributes(one)


def _add_attributes(one: argparse.ArgumentParser) -> None:
    one.add_argument("--attribute", action="append", metavar="NAME=VALUE", help="may be repeated")


def _add_s3_options(one: argparse.ArgumentParser) -> None:
    one.add_argument("--bucket", metavar="NAME")
    one.add_argument("--key", metavar="KEY")
    one.add_argument("--size", type=int, metavar="BYTES")
    one.add_argument("--event-name", metavar="NAME", help="such as ObjectCreated:Put")


def _add_eventbridge_options(one: argparse.ArgumentParser) -> None:
    one.add_argument("--source", metavar="TEXT")
    one.add_argument("--detail-type", metavar="TEXT")
    one.add_argument("--detail", metavar="JSON")
    one.add_argument("--resource", action="append", metavar="ARN", help="may be repeated")


def _add_schedule_options(one: argparse.ArgumentParser) -> None:
    one.add_argument("--rule", metavar="NAME")
    one.add_argument("--input", metavar="JSON", help="what the schedule sends instead")
    one.add_argument("--scheduler", action="store_true", help="as EventBridge Scheduler does")


def _add_kinesis_options(one: argparse.ArgumentParser) -> None:
    one.add_argument("--data", action="append", metavar="TEXT", help="repeated: more records")
    one.add_argument("--stream", metavar="NAME")
    one.add_argument("--partition-key", metavar="TEXT")


def _add_dynamodb_options(one: argparse.ArgumentParser) -> None:
    one.add_argument("--new-image", metavar="JSON", help="the item, plain or with DynamoDB's types")
    one.add_argument("--old-image", metavar="JSON")
    one.add_argument("--key", action="append", metavar="NAME", help="the key's attributes")
    one.add_argument("--table", metavar="NAME")


def _add_logs_options(one: argparse.ArgumentParser) -> None:
    one.add_argument("--message", action="append", metavar="TEXT", help="repeated: more lines")
    one.add_argument("--log-group", metavar="NAME")


def _add_payload_options(one: argparse.ArgumentParser) -> None:
    one.add_argument("--json", default="{}", metavar="JSON", help="the whole payload")


_OPTIONS: dict[str, Callable[[argparse.ArgumentParser], None]] = {
    "sqs": _add_sqs_options,
    "sns": _add_sns_options,
    "s3": _add_s3_options,
    "eventbridge": _add_eventbridge_options,
    "schedule": _add_schedule_options,
    "kinesis": _add_kinesis_options,
    "dynamodb": _add_dynamodb_options,
    "logs": _add_logs_options,
    "payload": _add_payload_options,
}


def payload_of(arguments: argparse.Namespace, found: Mapping[str, Any], origin: Origin) -> Any:
    """Returns the payload that the options describe; `found` are defaults. Raises Mistake."""
    given = _given(arguments)
    if "input" in found and not given:
        return _json("Input of the template", str(found["input"]))
    fields = {**found, **given}
    fields.pop("input", None)
    make = getattr(payloads, arguments.kind)
    try:
        return make(origin, **fields)
    except ValueError as error:
        raise Mistake(str(error)) from error


def _given(arguments: argparse.Namespace) -> dict[str, Any]:
    """Returns the options that were given, as arguments of a function of payloads.py."""
    match arguments.kind:
        case "sqs":
            bodies = _texts(arguments.body) or [_GREETING]
            fields = {"bodies": bodies, "queue": arguments.queue, "group": arguments.group}
            return _present({**fields, "attributes": _attributes(arguments)})
        case "sns":
            message = _text(arguments.message) or _GREETING
            fields = {"message": message, "subject": arguments.subject, "topic": arguments.topic}
            return _present({**fields, "attributes": _attributes(arguments)})
        case "s3":
            fields = {"bucket": arguments.bucket, "key": arguments.key}
            fields |= {"size_bytes": arguments.size, "event_name": arguments.event_name}
            return _present(fields)
        case "eventbridge":
            fields = {"source": arguments.source, "detail_type": arguments.detail_type}
            detail = _optional_json("--detail", arguments.detail)
            return _present({**fields, "detail": detail, "resources": arguments.resource})
        case "schedule":
            fields = {"rule": arguments.rule, "text": _text(arguments.input)}
            return _present({**fields, "by_scheduler": arguments.scheduler or None})
        case "kinesis":
            data = _texts(arguments.data) or [_GREETING]
            fields = {"data": data, "stream": arguments.stream}
            return _present({**fields, "partition_key": arguments.partition_key})
        case "logs":
            lines = _texts(arguments.message) or [_GREETING]
            return _present({"messages": lines, "log_group": arguments.log_group})
        case "payload":
            return {"value": _optional_json("--json", arguments.json)}
    return _given_for_dynamodb(arguments)


def _given_for_dynamodb(arguments: argparse.Namespace) -> dict[str, Any]:
    new_image = _image("--new-image", arguments.new_image)
    old_image = _image("--old-image", arguments.old_image)
    fields = {"keys": arguments.key, "table": arguments.table}
    if new_image is None and old_image is None:
        return _present(fields)
    return {"new_image": new_image, "old_image": old_image, **_present(fields)}


def _present(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _attributes(arguments: argparse.Namespace) -> dict[str, str] | None:
    """Raises Mistake."""
    found = {}
    for pair in arguments.attribute or ():
        name, separator, value = pair.partition("=")
        if not separator or not name:
            raise Mistake(f"--attribute: {pair} is not NAME=VALUE")
        found[name] = value
    return found or None


def _texts(values: Sequence[str] | None) -> list[str]:
    return [str(_text(value)) for value in values or ()]


def _text(value: str | None) -> str | None:
    """Returns the value, or what a file or standard input holds. Raises Mistake."""
    if value is None:
        return None
    try:
        if value == "-":
            return sys.stdin.read()
        if value.startswith("@"):
            return Path(value[1:]).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Mistake(f"{value}: {error}") from error
    return value


def _image(option: str, value: str | None) -> dict[str, Any] | None:
    text = _text(value)
    if text is None:
        return None
    image = _json(option, text, parse_float=Decimal)
    if not isinstance(image, dict):
        raise Mistake(f"{option}: not a JSON object")
    return image


def _optional_json(option: str, value: str | None) -> Any:
    text = _text(value)
    return None if text is None else _json(option, text)


def _json(option: str, text: str, parse_float: Callable[[str], Any] = float) -> Any:
    try:
        return json.loads(text, parse_float=parse_float)
    except ValueError as error:
        raise Mistake(f"{option}: not JSON: {error}") from error


# Sending.


def main(arguments: Sequence[str]) -> int:
    """Returns 0, 1 if the function failed or was not reached, 2 for a wrong option."""
    chosen = parser().parse_args(arguments)
    try:
        return _run(chosen)
    except Mistake as error:
        print(f"local-lambda event: {error}", file=sys.stderr)
        return 2
    except (NotFound, SendFailed) as error:
        print(f"local-lambda event: {error}", file=sys.stderr)
        return 1


def _run(chosen: argparse.Namespace) -> int:
    application = _application(chosen)
    event = application.event(chosen.function, KINDS[chosen.kind]) if application else {}
    found: dict[str, Any] = {}
    if event:
        found = defaults(event["kind"], event["name"], event["properties"])
    region = chosen.region or (application.region if application else "us-east-1")
    payload = payload_of(chosen, found, Origin(region, datetime.now(UTC)))
    if chosen.print or application is None:
        print(json.dumps(payload, indent=2))
        return 0
    function = chosen.function or event.get("function")
    if not function:
        kinds = " or ".join(KINDS[chosen.kind])
        functions = ", ".join(application.functions)
        raise NotFound(
            f"name a function: not exactly one has an event of type {kinds}: {functions}"
        )
    for line in notes(event, payload) if chosen.kind != "payload" else ():
        print(line, file=sys.stderr)
    result = application.invoke(function, payload)
    print(result.text)
    if result.failed:
        print(f"{function} failed: {result.error}", file=sys.stderr)
        return 1
    for line in _failed_items(payload, result.value, event):
        print(line, file=sys.stderr)
    return 0


def _application(chosen: argparse.Namespace) -> Application | None:
    """Returns the emulator's, or None where only the payload is asked for and none runs."""
    try:
        admin = chosen.admin or choose(every(folder()), Path("template.yaml")).admin
        return Application.read(admin)
    except (NotFound, SendFailed):
        if chosen.print and not chosen.admin:
            return None
        raise


def _failed_items(payload: Any, result: Any, event: Mapping[str, Any]) -> list[str]:
    """Returns what a partial batch response means, as lines."""
    failures = result.get("batchItemFailures") if isinstance(result, dict) else None
    if not isinstance(failures, list) or not failures:
        return []
    if event and ignores_failed_items(event["kind"], event["properties"]):
        return ["batchItemFailures counts for nothing: the event lacks ReportBatchItemFailures"]
    records = payload["Records"]
    names = [each.get("itemIdentifier") if isinstance(each, dict) else None for each in failures]
    known = {_identifier(record): number for number, record in enumerate(records, start=1)}
    if unknown := [str(name) for name in names if name not in known]:
        return [f"no record is called {', '.join(unknown)}: Lambda repeats the whole batch"]
    numbers = ", ".join(str(known[name]) for name in dict.fromkeys(names))
    count = len(records)
    return [f"of {count} records these failed, and would come again: number {numbers}"]


def _identifier(record: Mapping[str, Any]) -> Any:
    """Returns what names the record in a partial batch response."""
    for service in ("kinesis", "dynamodb"):
        if service in record:
            fields = record[service]
            return fields.get("sequenceNumber") or fields.get("SequenceNumber")
    return record.get("messageId")
