"""Reads the event sources of a stack's functions that are no routes.

Pages sam-property-function-eventsource.html, sam-property-function-dynamodb.html in
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/
and aws-resource-lambda-eventsourcemapping.html in
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/
"""

import json
from collections.abc import Mapping
from typing import Any

from local_lambda import filters
from local_lambda.application import Event, EventSourceMapping, Function
from local_lambda.events.defaults import command_for
from local_lambda.template.resource import Resource
from local_lambda.template.sources import read_sources
from local_lambda.template.stack import Stack
from local_lambda.template.text import TemplateError
from local_lambda.template.values import SIMPLE_TABLE, TABLES, function_named, target_of
from local_lambda.template.written import Written, shown

MAPPING = "AWS::Lambda::EventSourceMapping"
_ROUTES = ("Api", "HttpApi")
_KINDS = (
    "AlexaSkill",
    "CloudWatchEvent",
    "CloudWatchLogs",
    "Cognito",
    "DocumentDB",
    "DynamoDB",
    "EventBridgeRule",
    "IoTRule",
    "Kinesis",
    "MQ",
    "MSK",
    "S3",
    "SNS",
    "SQS",
    "Schedule",
    "ScheduleV2",
    "SelfManagedKafka",
)
_KINDS_OF_ARNS = {
    "dynamodb": "DynamoDB",
    "kafka": "MSK",
    "kinesis": "Kinesis",
    "mq": "MQ",
    "rds": "DocumentDB",
    "sqs": "SQS",
}
_READ = frozenset(
    {
        "BatchSize",
        "BisectBatchOnFunctionError",
        "Enabled",
        "EventSourceArn",
        "FilterCriteria",
        "FunctionName",
        "FunctionResponseTypes",
        "KmsKeyArn",
        "MaximumBatchingWindowInSeconds",
        "MaximumRetryAttempts",
        "MetricsConfig",
        "ParallelizationFactor",
        "StartingPosition",
        "Stream",
        "Tags",
    }
)
_POSITIONS = ("TRIM_HORIZON", "LATEST")


def read_events(
    stack: Stack, functions: Mapping[str, Function]
) -> tuple[tuple[EventSourceMapping, ...], tuple[Event, ...]]:
    """Returns the mappings of tables, and the events that `local-lambda event` can send."""
    reader = _Reader(stack)
    for logical_id in functions:
        resource = stack.resources[logical_id]
        written = resource.properties.get("Events")
        if not isinstance(written, dict):
            continue  # the module that reads routes names it
        own = Written(stack, resource, resource.properties).mapping("Events")
        for name in own.values if own else ():
            reader.read_sam(logical_id, str(name), own)
    for resource in stack.of_type(MAPPING):
        with stack.catching(resource):
            reader.read_resource(resource, functions)
    for properties, event in read_sources(stack, functions):
        reader.add_event(properties, event)
    return tuple(reader.mappings), tuple(reader.events)


class _Reader:
    """Collects mappings and events."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self.mappings: list[EventSourceMapping] = []
        self.events: list[Event] = []

    def read_sam(self, function: str, name: str, events: Written | None) -> None:
        """Reads one entry of a function's `Events`."""
        event = events.mapping(name) if events else None
        if event is None:
            return
        kind = event.get("Type")
        if kind in _ROUTES:
            return
        if kind not in _KINDS:
            text = f"{shown(kind)} is no type of event of SAM" if kind else "Type is missing"
            event.report("Type", text, advice="Api, HttpApi, Schedule, SQS ...", served=False)
            return
        properties = event.mapping("Properties") or Written(
            self._stack, event.resource, {}, event.way("Properties")
        )
        with self._stack.catching(event.resource):
            if kind == "DynamoDB":
                self._add_mapping(function, properties, "Stream")
            else:
                self.add_event(event, Event(function, name, kind, _resolved(properties)))

    def read_resource(self, resource: Resource, functions: Mapping[str, Function]) -> None:
        """Reads an AWS::Lambda::EventSourceMapping. Raises TemplateError."""
        stack = self._stack
        properties = Written(stack, resource, resource.properties)
        target = target_of(properties.values.get("FunctionName"), stack.resources, stack.names)
        target = target or function_named(
            properties.text("FunctionName"), stack.resources, stack.names
        )
        if target is None:
            raise TemplateError(
                "no function of this template is its target",
                property="FunctionName",
                advice="name a function of this template, such as !Ref F",
            )
        if target not in functions:
            return  # the function itself has been reported
        kind = _kind(properties)
        if kind == "DynamoDB":
            self._add_mapping(target, properties, "EventSourceArn")
        else:
            event = Event(target, resource.logical_id, kind, _resolved(properties))
            self.add_event(properties, event)

    def add_event(self, properties: Written, event: Event) -> None:
        """Adds an event, and says that it does not come by itself."""
        properties.report(
            "",
            f"events of type {event.kind} do not come by themselves here",
            advice=command_for(event.kind, event.function),
        )
        self.events.append(event)

    def _add_mapping(self, function: str, properties: Written, key: str) -> None:
        if not properties.flag("Enabled", default=True):
            properties.report("Enabled", "it is not enabled")
            return
        for unknown in sorted(map(str, properties.values.keys() - _READ)):
            properties.report(unknown, "this property is not emulated")
        patterns = _patterns(properties)
        table = _table_of(properties, key)
        if "StartingPosition" not in properties:
            properties.report(
                "StartingPosition",
                "StartingPosition is missing; LATEST is used",
                advice="TRIM_HORIZON or LATEST: AWS refuses it without",
            )
        retries = properties.integer(
            "MaximumRetryAttempts", default=-1, low=-1, high=10_000, unit="retries"
        )
        mapping = EventSourceMapping(
            function=function,
            table=table,
            batch_size=properties.integer(
                "BatchSize", default=100, low=1, high=10_000, unit="records"
            ),
            batching_window_s=properties.integer(
                "MaximumBatchingWindowInSeconds", default=0, low=0, high=300, unit="seconds"
            ),
            from_start=properties.choice("StartingPosition", _POSITIONS, "LATEST") == _POSITIONS[0],
            patterns=patterns,
            report_item_failures="ReportBatchItemFailures"
            in properties.texts("FunctionResponseTypes"),
            bisect=properties.flag("BisectBatchOnFunctionError"),
            maximum_retries=None if retries < 0 else retries,
        )
        self.mappings.append(mapping)


def _resolved(properties: Written) -> dict[str, Any]:
    """Returns the properties that can be resolved."""
    found = {key: properties.get(key) for key in properties.values}
    return {str(key): value for key, value in found.items() if value is not None}


def _kind(properties: Written) -> str:
    arn = properties.need("EventSourceArn")
    if arn is None and "SelfManagedEventSource" in properties.values:
        return "SelfManagedKafka"
    parts = str(arn).split(":")
    kind = _KINDS_OF_ARNS.get(parts[2] if len(parts) > 2 else "")
    if kind is None:
        raise TemplateError(
            f"{shown(arn)} is no source that a function can read",
            property="EventSourceArn",
            advice="name the ARN of a stream or a queue",
        )
    return kind


def _table_of(properties: Written, key: str) -> str:
    """Returns the logical id of the table with this stream. Raises TemplateError."""
    stack = properties.stack
    arn = str(properties.need(key))
    for resource in stack.of_type(*TABLES):
        name = stack.names[resource.logical_id]
        if f":table/{name}/stream/" not in f"{arn}/":
            continue
        if resource.kind == SIMPLE_TABLE or not resource.properties.get("StreamSpecification"):
            advice = "StreamSpecification: {StreamViewType: NEW_AND_OLD_IMAGES}"
            if resource.kind == SIMPLE_TABLE:
                advice = f"an AWS::DynamoDB::Table can have {advice}"
            raise TemplateError(
                f"table {resource.logical_id} has no stream",
                property=properties.way(key),
                advice=advice,
            )
        return resource.logical_id
    raise TemplateError(
        f"{key} {shown(arn)} is not the stream of a table of this template",
        property=properties.way(key),
        advice="name one, such as !GetAtt T.StreamArn",
    )


def _patterns(properties: Written) -> tuple[dict[str, Any], ...]:
    """Returns the filters. Raises TemplateError."""
    criteria = properties.need("FilterCriteria")
    found: list[dict[str, Any]] = []
    if criteria is None:
        return ()
    try:
        for entry in criteria.get("Filters") or ():
            pattern = json.loads(entry["Pattern"])
            filters.check(pattern)
            found.append(pattern)
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise TemplateError(
            f"a filter cannot be read: {error}",
            property=properties.way("FilterCriteria"),
            advice="Filters: [{Pattern: 'JSON'}]",
        ) from error
    return tuple(found)
