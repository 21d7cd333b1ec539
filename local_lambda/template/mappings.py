"""Reads the event sources of a stack's functions that are no routes."""

from collections.abc import Mapping
from typing import Any

from local_lambda.application import Event, EventSourceMapping, Function
from local_lambda.template.cloudformation import TemplateError
from local_lambda.template.events import read_mapping
from local_lambda.template.resource import Resource
from local_lambda.template.stack import Stack
from local_lambda.template.values import TABLES

_ROUTES = ("Api", "HttpApi")


def read_events(
    stack: Stack, functions: Mapping[str, Function]
) -> tuple[tuple[EventSourceMapping, ...], tuple[Event, ...]]:
    """Returns the mappings of tables, and the events that `local-lambda event` can send."""
    mappings = []
    events = []
    for logical_id in functions:
        resource = stack.resources[logical_id]
        for name, event in (resource.properties.get("Events") or {}).items():
            kind = event.get("Type")
            way = f"Events.{name}"
            if kind in _ROUTES:
                continue
            with stack.catching(resource, way):
                properties = stack.resolve(event.get("Properties") or {})
                if kind == "DynamoDB":
                    mappings += _mapping(stack, resource, way, properties)
                else:
                    stack.report(
                        resource,
                        f"events of type {kind} do not come by themselves here",
                        property=way,
                        advice=f"local-lambda event sends one to {logical_id}",
                    )
                    events.append(Event(logical_id, str(name), str(kind), properties))
    return tuple(mappings), tuple(events)


def _mapping(
    stack: Stack, resource: Resource, way: str, properties: dict[str, Any]
) -> list[EventSourceMapping]:
    if properties.get("Enabled", True) is False:
        stack.report(resource, "it is not enabled", property=way)
        return []
    table = _table_of(stack, str(properties.get("Stream")))
    mapping = read_mapping(
        function=resource.logical_id,
        table=table,
        properties=properties,
        warn=lambda text: stack.report(resource, text, property=way),
    )
    return [mapping]


def _table_of(stack: Stack, stream_arn: str) -> str:
    for resource in stack.of_type(*TABLES):
        if f"table/{stack.names[resource.logical_id]}/stream/" in stream_arn:
            return resource.logical_id
    raise TemplateError("Stream is not the stream of a table of this template", property="Stream")
