"""Reads the REST API of a stack: events of type `Api`, and AWS::Serverless::Api."""

from collections.abc import Mapping

from local_lambda.application import Api, Function, Route
from local_lambda.template.events import read_route
from local_lambda.template.openapi import read_routes
from local_lambda.template.resource import Resource
from local_lambda.template.stack import Stack

API = "AWS::Serverless::Api"
# Properties that are read, or that have no effect in the emulator.
_PROPERTIES = frozenset(
    {
        "AccessLogSetting",
        "BinaryMediaTypes",
        "DefinitionBody",
        "Description",
        "EndpointConfiguration",
        "MergeDefinitions",
        "MethodSettings",
        "Name",
        "OpenApiVersion",
        "PropagateTags",
        "StageName",
        "Tags",
        "TracingEnabled",
        "Variables",
    }
)


def read_apis(stack: Stack, functions: Mapping[str, Function]) -> tuple[Api, ...]:
    """Returns the APIs with a route. A route that cannot be served becomes a finding."""
    for resource in stack.of_type(API):
        for unknown in sorted(resource.properties.keys() - _PROPERTIES):
            stack.report(resource, "this property is not emulated", property=unknown)
    routes = [*_routes_of_events(stack, functions), *_routes_of_definitions(stack, functions)]
    return (Api("ServerlessRestApi", "rest", tuple(routes)),) if routes else ()


def _routes_of_events(stack: Stack, functions: Mapping[str, Function]) -> list[Route]:
    routes = []
    for logical_id in functions:
        resource = stack.resources[logical_id]
        for name, event in (resource.properties.get("Events") or {}).items():
            if event.get("Type") == "Api":
                way = f"Events.{name}"
                with stack.catching(resource, way):
                    routes.append(_route(stack, resource, way, event.get("Properties") or {}))
    return routes


def _route(stack: Stack, resource: Resource, way: str, properties: dict[str, object]) -> Route:
    return read_route(
        function=resource.logical_id,
        properties=stack.resolve(properties),
        binary_media_types=_binary_types(stack, properties.get("RestApiId")),
        warn=lambda text: stack.report(resource, text, property=way),
    )


def _binary_types(stack: Stack, api: object) -> tuple[str, ...]:
    name = api.get("Ref") if isinstance(api, dict) else api
    own = stack.resources.get(str(name))
    declared = own.properties if own else stack.shared("Api")
    types = stack.resolve(declared.get("BinaryMediaTypes") or [])
    return tuple(str(kind).replace("~1", "/") for kind in types)


def _routes_of_definitions(stack: Stack, functions: Mapping[str, Function]) -> list[Route]:
    routes: list[Route] = []
    by_arn = {function.arn(stack.region): name for name, function in functions.items()}
    for resource in stack.of_type(API):
        body = resource.properties.get("DefinitionBody")
        if not isinstance(body, dict):
            continue

        def warn(text: str, resource: Resource = resource) -> None:
            stack.report(resource, text, property="DefinitionBody")

        with stack.catching(resource, "DefinitionBody"):
            types = _binary_types(stack, resource.logical_id)
            routes += read_routes(stack.resolve(body), by_arn, types, warn=warn)
    return routes
