"""Reads SAM's REST APIs: events of type `Api`, AWS::Serverless::Api, and the implicit API.

What SAM makes of them is what its translator makes:
https://github.com/aws/serverless-application-model
Pages sam-resource-api.html and sam-property-function-api.html in
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local_lambda.application import Api, Authorizer, FixedResponse, Route
from local_lambda.template.authorizers import (
    NONE,
    Authorizers,
    read_default,
    read_sam_authorizers,
    report_none,
)
from local_lambda.template.cloudformation import TemplateError
from local_lambda.template.integrations import IntegrationReader, read_timeout
from local_lambda.template.openapi import (
    Definition,
    definition_parts,
    read_binary_types,
    report_api_key,
    report_model,
)
from local_lambda.template.resolved import (
    Resolved,
    is_set,
    joined,
    properties_of,
    report_unread,
)
from local_lambda.template.resource import Resource
from local_lambda.template.routes import Routes, check_path, read_method
from local_lambda.template.sam_events import SamEvent, events_by_api
from local_lambda.template.stack import Stack
from local_lambda.template.targets import Targets
from local_lambda.template.values import text_of_property

API = "AWS::Serverless::Api"
IMPLICIT = "ServerlessRestApi"
# Resolved that are read, or that change nothing that can be seen here.
_KNOWN = frozenset(
    {
        "AccessLogSetting",
        "AlwaysDeploy",
        "ApiKeySourceType",
        "Auth",
        "BinaryMediaTypes",
        "CacheClusterSize",
        "Cors",
        "DefinitionBody",
        "DefinitionUri",
        "Description",
        "EndpointConfiguration",
        "EndpointAccessMode",
        "FailOnWarnings",
        "MergeDefinitions",
        "MethodSettings",
        "Mode",
        "Models",
        "Name",
        "OpenApiVersion",
        "PropagateTags",
        "SecurityPolicy",
        "StageName",
        "Tags",
        "TracingEnabled",
        "Variables",
    }
)
# Resolved that change what AWS serves, with what happens here.
_NAMED = {
    "CacheClusterEnabled": ("responses are not cached here", ""),
    "CanarySetting": ("there is no canary here", "all requests go to the same functions"),
    "DisableExecuteApiEndpoint": ("the API has an address here all the same", ""),
    "Domain": (
        "custom domains are not emulated",
        "--base-path serves the API under a base path, too",
    ),
    "GatewayResponses": (
        "API Gateway's own errors have their default form here",
        "test what clients make of them on AWS",
    ),
    "MinimumCompressionSize": ("responses are not compressed here", ""),
    "Policy": ("resource policies are not checked here", "every caller is let in"),
}
_EVENT_KNOWN = frozenset(
    {
        "Auth",
        "Method",
        "Path",
        "RequestModel",
        "RequestParameters",
        "ResponseTransferMode",
        "RestApiId",
        "Stage",
        "TimeoutInMillis",
    }
)
_AUTH_NAMED = {
    "ApiKeyRequired": "API keys are not checked here",
    "ResourcePolicy": "resource policies are not checked here",
    "UsagePlan": "usage plans are not emulated",
}
_CORS_KNOWN = ("AllowMethods", "AllowHeaders", "AllowOrigin", "MaxAge", "AllowCredentials")
# The methods that SAM allows in CORS for a path with ANY.
_ALL_METHODS = "DELETE,GET,HEAD,OPTIONS,PATCH,POST,PUT"


def read_rest_apis(stack: Stack, functions: Mapping[str, Any], targets: Targets) -> list[Api]:
    """Returns the APIs that have a route. What cannot be served becomes a finding."""
    resources = {each.logical_id: each for each in stack.of_type(API)}
    implicit = Resource(IMPLICIT, API, stack.shared("Api"))
    resources.setdefault(IMPLICIT, implicit)
    events = events_by_api(stack, functions, "Api", resources)
    apis = []
    for logical_id, resource in resources.items():
        own = events.get(logical_id, [])
        if resource is implicit and not own:
            continue
        with stack.catching(resource):
            apis.append(_read_api(stack, resource, own, targets))
    return [api for api in apis if api.routes]


def _read_api(stack: Stack, resource: Resource, events: list[SamEvent], targets: Targets) -> Api:
    written = {key: value for key, value in resource.properties.items() if key != "DefinitionBody"}
    properties = properties_of(stack, resource, written)
    _report(stack, resource, properties)
    variables: dict[str, str] = {}
    with stack.catching(resource, served=True):
        declared = properties.map("Variables")
        variables = {name: declared.text(name) for name in declared.values}
    auth = Resolved({}, "Auth")
    with stack.catching(resource, served=True):
        auth = properties.map("Auth")
    reader = _ApiReader(
        stack=stack,
        resource=resource,
        properties=properties,
        auth=auth,
        authorizers=read_sam_authorizers(stack, resource, auth, targets, kind="rest"),
        integrations=IntegrationReader.reporting_to(
            stack, resource, kind="rest", targets=targets, stage_variables=variables
        ),
    )
    return Api(
        logical_id=resource.logical_id,
        kind="rest",
        routes=reader.read(events),
        stage=_stage(properties, resource.logical_id),
        stage_variables=variables,
    )


def _stage(properties: Resolved, logical_id: str) -> str:
    """Returns the stage. That of the implicit API is always `Prod`."""
    return "Prod" if logical_id == IMPLICIT else properties.text("StageName", default="")


def _report(stack: Stack, resource: Resource, properties: Resolved) -> None:
    report_unread(stack, resource, properties, _KNOWN | _NAMED.keys())
    for name, (text, advice) in _NAMED.items():
        if is_set(properties.get(name)):
            stack.report(resource, text, property=name, advice=advice)
    is_implicit = resource.logical_id == IMPLICIT
    if is_implicit and properties.get("StageName") is not None:
        stack.report(
            resource,
            "the stage of the implicit API is always Prod",
            property="StageName",
            advice="SAM refuses StageName in Globals",
        )
    if not is_implicit and properties.get("StageName") is None:
        stack.report(
            resource,
            "StageName is missing",
            property="StageName",
            advice="SAM refuses the template; the API is served without a stage here",
        )


@dataclass(frozen=True)
class _ApiReader:
    """Reads the routes of one API."""

    stack: Stack
    resource: Resource
    properties: Resolved
    auth: Resolved
    authorizers: Authorizers
    integrations: IntegrationReader

    def read(self, events: list[SamEvent]) -> tuple[Route, ...]:
        stack = self.stack
        self._report_auth()
        routes = Routes(stack, "rest")
        definition = None
        types: tuple[str, ...] = ()
        with stack.catching(self.resource):
            types = read_binary_types(Resolved({}), self.properties.texts("BinaryMediaTypes"))
        with stack.catching(self.resource):
            definition = self._definition(types)
        if definition:
            types = definition.binary_media_types
            definition.read_into(routes)
        merges = self._flag("MergeDefinitions")
        for event in events:
            with stack.catching(event.resource):
                self._add_event(event, routes, types, definition is not None, merges)
        with stack.catching(self.resource, served=True):
            self._add_preflights(routes, types)
        return routes.all()

    def _flag(self, name: str) -> bool:
        with self.stack.catching(self.resource, served=True):
            return self.properties.flag(name)
        return False

    def _definition(self, types: tuple[str, ...]) -> Definition | None:
        parts = definition_parts(
            self.stack, self.resource, self.properties, "DefinitionBody", "DefinitionUri"
        )
        if parts is None:
            return None
        body, paths = parts
        return Definition(
            stack=self.stack,
            resource=self.resource,
            kind="rest",
            body=body,
            paths=paths,
            integrations=self.integrations,
            authorizers=self.authorizers,
            default_authorizer=self._default(),
            binary_media_types=read_binary_types(body, types),
        )

    def _default(self) -> str:
        return read_default(self.stack, self.resource, self.auth, self.authorizers)

    def _report_auth(self) -> None:
        for name, text in _AUTH_NAMED.items():
            if is_set(self.auth.get(name)):
                self.stack.report(self.resource, text, property=self.auth.way_of(name))

    def _add_event(
        self,
        event: SamEvent,
        routes: Routes,
        types: tuple[str, ...],
        is_defined: bool,
        merges: bool,
    ) -> None:
        """Adds the route of an event; SAM leaves it out where a definition says the routes."""
        route = self._route(event, types)
        if not is_defined:
            routes.add(route, event.resource, event.way)
        elif merges:
            routes.replace(route, event.resource, event.way)
        elif routes.find(route.method, route.path) is None:
            self.stack.report(
                event.resource,
                f"the definition of {self.resource.logical_id} does not have"
                f" {route.method} {route.path}, so AWS does not serve it",
                property=event.way,
                advice="add it to the definition, or write MergeDefinitions: true",
                served=False,
            )

    def _route(self, event: SamEvent, types: tuple[str, ...]) -> Route:
        properties = event.properties
        report_unread(self.stack, event.resource, properties, _EVENT_KNOWN)
        mode = properties.text("ResponseTransferMode", default="BUFFERED")
        if mode not in ("BUFFERED", "RESPONSE_STREAM"):
            # AWS silently treats such a value as BUFFERED.
            raise properties.error(
                "ResponseTransferMode", f"{mode!r} is neither BUFFERED nor RESPONSE_STREAM"
            )
        streaming = mode == "RESPONSE_STREAM"
        return Route(
            method=read_method(properties.text("Method"), properties.way_of("Method")),
            path=check_path(properties.text("Path"), properties.way_of("Path")),
            function=event.resource.logical_id,
            streaming=streaming,
            timeout_s=read_timeout(properties, "rest", streaming, event.report, "TimeoutInMillis"),
            binary_media_types=types,
            payload_format="1.0",
            authorizer=self._event_authorizer(event),
            required=tuple(_required(self.stack, event)),
            qualifier=text_of_property(self.stack.resolver, event.resource, "AutoPublishAlias"),
        )

    def _event_authorizer(self, event: SamEvent) -> Authorizer | None:
        with self.stack.catching(event.resource, served=True):
            auth = event.properties.map("Auth")
            for name in ("ApiKeyRequired", "ResourcePolicy"):
                if is_set(auth.get(name)):
                    self._report_event_auth(event, auth, name)
            way = auth.way_of("Authorizer")
            own = auth.text("Authorizer", default="")
            default = self._default()
            if own == NONE and not default:
                report_none(self.stack, event.resource, way)
            name = own or default
            return None if name in ("", NONE) else self.authorizers.use(name, event.resource, way)
        return None

    def _report_event_auth(self, event: SamEvent, auth: Resolved, name: str) -> None:
        if name == "ApiKeyRequired":
            report_api_key(self.stack, event.resource, auth.way_of(name))
        else:
            self.stack.report(event.resource, _AUTH_NAMED[name], property=auth.way_of(name))

    def _add_preflights(self, routes: Routes, types: tuple[str, ...]) -> None:
        """Adds what SAM makes of `Cors`: a mock OPTIONS method for each path without one."""
        cors = self._cors()
        if cors is None:
            return
        authorizer = self._preflight_authorizer()
        for path in routes.paths():
            if "OPTIONS" in routes.methods_of(path):
                continue
            headers = tuple(self._cors_headers(cors, routes, path))
            fixed = FixedResponse(headers=headers, body="{}\n")
            route = Route(
                method="OPTIONS",
                path=path,
                function="",
                binary_media_types=types,
                payload_format="1.0",
                authorizer=authorizer,
                fixed=fixed,
            )
            routes.add(route, self.resource, "Cors")

    def _cors(self) -> Resolved | None:
        value = self.properties.get("Cors")
        if not value:
            return None
        if isinstance(value, str):
            return Resolved({"AllowOrigin": value}, "Cors")
        if not isinstance(value, dict):
            raise self.properties.error(
                "Cors",
                f"must be a text or a map, not {value!r}",
                "write \"'*'\" to allow every origin",
            )
        cors = self.properties.map("Cors")
        for name in sorted(cors.values.keys() - set(_CORS_KNOWN)):
            raise cors.error(name, "is no property of Cors", f"use {', '.join(_CORS_KNOWN)}")
        return cors

    def _preflight_authorizer(self) -> Authorizer | None:
        default = self._default()
        if not default or not self.auth.flag("AddDefaultAuthorizerToCorsPreflight", True):
            return None
        authorizer = self.authorizers.use(default, self.resource, "Auth.DefaultAuthorizer")
        if authorizer and authorizer.kind in ("COGNITO", "IAM"):
            self.stack.report(
                self.resource,
                "on AWS the CORS preflight needs the default authorizer, and browsers send it"
                " without credentials",
                property="Auth",
                advice="write AddDefaultAuthorizerToCorsPreflight: false",
            )
        return authorizer

    def _cors_headers(self, cors: Resolved, routes: Routes, path: str) -> Iterator[tuple[str, str]]:
        origin = self._unquoted(cors, "AllowOrigin", default="'*'")
        yield "Access-Control-Allow-Origin", origin
        if cors.get("AllowHeaders"):
            yield "Access-Control-Allow-Headers", self._unquoted(cors, "AllowHeaders")
        methods = {"OPTIONS", *routes.methods_of(path)}
        own = _ALL_METHODS if "ANY" in methods else ",".join(sorted(methods))
        yield "Access-Control-Allow-Methods", self._unquoted(cors, "AllowMethods", f"'{own}'")
        if cors.get("MaxAge") is not None:
            yield "Access-Control-Max-Age", cors.text("MaxAge").strip("'")
        if cors.flag("AllowCredentials"):
            yield "Access-Control-Allow-Credentials", "true"
            if origin == "*":
                self.stack.report(
                    self.resource,
                    "browsers refuse credentials with the origin '*'",
                    property=cors.way_of("AllowCredentials"),
                    advice="name the origin",
                )
        yield "Content-Type", "application/json"

    def _unquoted(self, cors: Resolved, name: str, default: str | None = None) -> str:
        """Returns a value without the apostrophes that API Gateway demands."""
        value = cors.text(name, default=default)
        if len(value) > 1 and value[0] == value[-1] == "'":
            return value[1:-1]
        way = "Cors" if isinstance(self.properties.get("Cors"), str) else cors.way_of(name)
        self.stack.report(
            self.resource,
            f"{name} {value!r} has no apostrophes, and API Gateway refuses it without",
            property=way,
            advice=f"write \"'{value}'\"",
        )
        return value


def _required(stack: Stack, event: SamEvent) -> Iterator[str]:
    """Yields what a request must have. SAM makes a validator only where RequestModel asks."""
    model = event.properties.map("RequestModel")
    if model.flag("ValidateBody"):
        report_model(stack, event.resource, joined(event.way, "Properties.RequestModel"))
        if model.flag("Required"):
            yield "body"
    validates = model.flag("ValidateParameters")
    for parameter in event.properties.list("RequestParameters"):
        if isinstance(parameter, str):
            _parameter(event.properties, parameter)
            continue
        parameters = event.properties.as_map(parameter, "RequestParameters")
        for name in parameters.values:
            place = _parameter(event.properties, str(name))
            is_required = parameters.map(name).flag("Required")
            if validates and is_required and not place.startswith("path."):
                yield place


def _parameter(properties: Resolved, name: str) -> str:
    place = name.removeprefix("method.request.")
    if place == name or place.partition(".")[0] not in ("querystring", "path", "header"):
        raise TemplateError(
            f"{name!r} is no parameter of a request",
            properties.way_of("RequestParameters"),
            "write method.request.querystring.NAME, .path.NAME or .header.NAME",
        )
    return place
