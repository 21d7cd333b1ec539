"""Finds the events of SAM's functions that are routes, and the APIs that they belong to."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local_lambda.template.cloudformation import NO_VALUE, TemplateError
from local_lambda.template.resolved import (
    Resolved,
    joined,
    kind_of,
    properties_of,
)
from local_lambda.template.resource import Resource
from local_lambda.template.stack import Stack
from local_lambda.template.values import FUNCTION
from local_lambda.template.written import is_intrinsic

# The property that names the API, by the type of event.
_API_PROPERTY = {"Api": "RestApiId", "HttpApi": "ApiId"}
_IMPLICIT = {"Api": "ServerlessRestApi", "HttpApi": "ServerlessHttpApi"}
_OTHER = {"AWS::Serverless::Api": "Api", "AWS::Serverless::HttpApi": "HttpApi"}


@dataclass(frozen=True)
class SamEvent:
    """One event of a function. `way` is the way to it, such as `Events.Get`."""

    stack: Stack
    resource: Resource
    way: str
    properties: Resolved

    def report(self, text: str, way: str, advice: str) -> None:
        self.stack.report(self.resource, text, property=way, advice=advice)


def events_by_api(
    stack: Stack, functions: Iterable[str], kind: str, apis: Mapping[str, Resource]
) -> dict[str, list[SamEvent]]:
    """Returns the events of this kind by the logical id of their API."""
    found: dict[str, list[SamEvent]] = {}
    for logical_id in functions:
        resource = stack.resources[logical_id]
        if resource.kind != FUNCTION:
            continue
        for way, event in _events(stack, resource, kind):
            with stack.catching(resource):
                written = event.get("Properties") or {}
                where = joined(way, "Properties")
                properties = properties_of(stack, resource, written, where)
                api = _api_of(stack, properties, kind, apis)
                found.setdefault(api, []).append(SamEvent(stack, resource, way, properties))
    return found


def _events(stack: Stack, resource: Resource, kind: str) -> Iterator[tuple[str, dict[Any, Any]]]:
    events = resource.properties.get("Events")
    if is_intrinsic(events):
        events = _resolved(stack, resource, events, "Events")
    if events is None:
        return
    if not isinstance(events, dict):
        stack.report(
            resource,
            f"Events must be a map, not {kind_of(events)}",
            property="Events",
            advice="give each event a name",
        )
        return
    for name, event in events.items():
        if is_intrinsic(event):
            event = _resolved(stack, resource, event, joined("Events", str(name)))
        if isinstance(event, dict) and event.get("Type") == kind:
            yield joined("Events", str(name)), event


def _resolved(stack: Stack, resource: Resource, value: Any, way: str) -> Any:
    """Returns what an intrinsic function gives where SAM takes none."""
    stack.report(
        resource,
        f"SAM takes no {next(iter(value))} here",
        property=way,
        advice="write it into the values of the event's properties",
    )
    with stack.catching(resource, way):
        value = stack.resolve(value)
        return None if value is NO_VALUE else value
    return None


def _api_of(stack: Stack, properties: Resolved, kind: str, apis: Mapping[str, Resource]) -> str:
    """Returns the logical id of the event's API. Raises TemplateError if there is none."""
    name = _API_PROPERTY[kind]
    if properties.get(name) is None:
        return _IMPLICIT[kind]
    reference = properties.text(name)
    if reference in apis:
        return reference
    other = stack.resources.get(reference)
    if other and other.kind in _OTHER:
        raise properties.error(
            name,
            f"{reference} is of type {other.kind}, and the event of type {kind}",
            f"use an event of type {_OTHER[other.kind]}",
        )
    raise TemplateError(
        f"{name} {reference!r} is no API of this template",
        properties.way_of(name),
        f"without {name} the event belongs to the implicit API",
    )
