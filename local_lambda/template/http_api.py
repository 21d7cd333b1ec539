"""Reads SAM's HTTP APIs: events of type `HttpApi`, AWS::Serverless::HttpApi, the implicit API.

Pages sam-resource-httpapi.html and sam-property-function-httpapi.html in
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/
"""

from collections.abc import Iterable
from dataclasses import dataclass

from local_lambda.application import Api, Authorizer, Cors, Route
from local_lambda.template.authorizers import (
    IAM,
    NONE,
    Authorizers,
    read_default,
    read_sam_authorizers,
    report_none,
)
from local_lambda.template.integrations import (
    IntegrationReader,
    read_payload_format,
    read_timeout,
)
from local_lambda.template.openapi import CORS, Definition, definition_parts
from local_lambda.template.resolved import Resolved, is_set, properties_of, report_unread
from local_lambda.template.resource import Resource
from local_lambda.template.routes import DEFAULT_PATH, Routes, check_path, read_method
from local_lambda.template.sam_events import SamEvent, events_by_api
from local_lambda.template.stack import Stack
from local_lambda.template.targets import Targets
from local_lambda.template.values import text_of_property

HTTP_API = "AWS::Serverless::HttpApi"
IMPLICIT = "ServerlessHttpApi"
_KNOWN = frozenset(
    {
        "AccessLogSettings",
        "Auth",
        "CorsConfiguration",
        "DefaultRouteSettings",
        "DefinitionBody",
        "DefinitionUri",
        "Description",
        "FailOnWarnings",
        "Name",
        "PropagateTags",
        "RouteSettings",
        "StageName",
        "StageVariables",
        "Tags",
    }
)
_NAMED = {
    "DisableExecuteApiEndpoint": ("the API has an address here all the same", ""),
    "Domain": ("custom domains are not emulated", "use the address that is printed"),
}
_EVENT_KNOWN = frozenset(
    {
        "ApiId",
        "Auth",
        "Method",
        "Path",
        "PayloadFormatVersion",
        "RouteSettings",
        "Stage",
        "TimeoutInMillis",
    }
)
_CORS_KNOWN = (
    "AllowCredentials",
    "AllowHeaders",
    "AllowMethods",
    "AllowOrigins",
    "ExposeHeaders",
    "MaxAge",
)


def read_http_apis(stack: Stack, functions: Iterable[str], targets: Targets) -> list[Api]:
    """Returns the APIs that have a route. What cannot be served becomes a finding."""
    resources = {each.logical_id: each for each in stack.of_type(HTTP_API)}
    implicit = Resource(IMPLICIT, HTTP_API, stack.shared("HttpApi"))
    resources.setdefault(IMPLICIT, implicit)
    events = events_by_api(stack, functions, "HttpApi", resources)
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
    report_unread(stack, resource, properties, _KNOWN | _NAMED.keys())
    for name, (text, advice) in _NAMED.items():
        if is_set(properties.get(name)):
            stack.report(resource, text, property=name, advice=advice)
    variables: dict[str, str] = {}
    with stack.catching(resource, served=True):
        declared = properties.map("StageVariables")
        variables = {name: declared.text(name) for name in declared.values}
    auth = Resolved({}, "Auth")
    with stack.catching(resource, served=True):
        auth = properties.map("Auth")
    reader = _ApiReader(
        stack=stack,
        resource=resource,
        properties=properties,
        auth=auth,
        authorizers=read_sam_authorizers(stack, resource, auth, targets, kind="http"),
        integrations=IntegrationReader.reporting_to(
            stack, resource, kind="http", targets=targets, stage_variables=variables
        ),
    )
    is_implicit = resource.logical_id == IMPLICIT
    stage = DEFAULT_PATH if is_implicit else properties.text("StageName", default=DEFAULT_PATH)
    definition = reader.definition()
    return Api(
        logical_id=resource.logical_id,
        kind="http",
        routes=reader.read(definition, events),
        stage=stage,
        stage_variables=variables,
        cors=reader.cors(definition),
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

    def definition(self) -> Definition | None:
        with self.stack.catching(self.resource):
            return self._definition()
        return None

    def _definition(self) -> Definition | None:
        parts = definition_parts(
            self.stack, self.resource, self.properties, "DefinitionBody", "DefinitionUri"
        )
        if parts is None:
            return None
        body, paths = parts
        return Definition(
            stack=self.stack,
            resource=self.resource,
            kind="http",
            body=body,
            paths=paths,
            integrations=self.integrations,
            authorizers=self.authorizers,
            default_authorizer=self._default(),
        )

    def read(self, definition: Definition | None, events: list[SamEvent]) -> tuple[Route, ...]:
        routes = Routes(self.stack, "http")
        if definition:
            definition.read_into(routes)
        for event in events:
            with self.stack.catching(event.resource):
                route = self._route(event)
                if definition and _leads_to_same_function(routes, route):
                    continue  # the definition says more about it
                routes.add(route, event.resource, event.way)
        return routes.all()

    def cors(self, definition: Definition | None) -> Cors | None:
        """Returns the CORS rules: those of the property win over those of the definition."""
        value = self.properties.get("CorsConfiguration")
        with self.stack.catching(self.resource, served=True):
            if value is True or value == "true":
                return Cors(allow_origins=("*",))
            if value not in (None, False, "false"):
                return read_cors(self.stack, self.resource, self.properties, "CorsConfiguration")
            if definition and definition.body.get(CORS) is not None:
                return read_cors(self.stack, self.resource, definition.body, CORS)
        return None

    def _default(self) -> str:
        return read_default(self.stack, self.resource, self.auth, self.authorizers)

    def _route(self, event: SamEvent) -> Route:
        properties = event.properties
        report_unread(self.stack, event.resource, properties, _EVENT_KNOWN)
        is_default = properties.get("Path") is None and properties.get("Method") is None
        path = DEFAULT_PATH if is_default else properties.text("Path")
        method = "ANY" if is_default else properties.text("Method")
        if path.removeprefix("/") == DEFAULT_PATH:
            path = DEFAULT_PATH
        else:
            check_path(path, properties.way_of("Path"))
        return Route(
            method=read_method(method, properties.way_of("Method")),
            path=path,
            function=event.resource.logical_id,
            timeout_s=read_timeout(
                properties, "http", streaming=False, report=event.report, name="TimeoutInMillis"
            ),
            payload_format=read_payload_format(properties, "PayloadFormatVersion"),
            authorizer=self._authorizer(event),
            qualifier=text_of_property(self.stack.resolver, event.resource, "AutoPublishAlias"),
        )

    def _authorizer(self, event: SamEvent) -> Authorizer | None:
        with self.stack.catching(event.resource, served=True):
            auth = event.properties.map("Auth")
            way = auth.way_of("Authorizer")
            own = auth.text("Authorizer", default="")
            default = self._default()
            if own == NONE and not default:
                report_none(self.stack, event.resource, way)
            name = own or default
            if name in ("", NONE):
                return None
            is_built_in = name == IAM and name not in self.authorizers
            if is_built_in and not self.auth.flag("EnableIamAuthorizer"):
                raise self.auth.error("EnableIamAuthorizer", "is not true, and AWS_IAM needs it")
            return self.authorizers.use(name, event.resource, way)
        return None


def read_cors(stack: Stack, resource: Resource, properties: Resolved, name: str) -> Cors:
    """Reads the CORS rules of an HTTP API in either spelling. Raises TemplateError."""
    value = properties.get(name)
    if not isinstance(value, dict):
        raise properties.error(
            name, f"must be a map, not {value!r}", "such as {AllowOrigins: ['*']}"
        )
    cors = Resolved(value, properties.way_of(name), ignore_case=True)
    known = {each.lower() for each in _CORS_KNOWN}
    for key in sorted(cors.values):
        if key.lower() not in known:
            raise cors.error(key, "is no property of CORS", f"use {', '.join(_CORS_KNOWN)}")
    allow_origins = cors.texts("AllowOrigins")
    allow_credentials = cors.flag("AllowCredentials")
    if allow_credentials and "*" in allow_origins:
        stack.report(
            resource,
            "API Gateway refuses credentials with the origin '*'",
            property=cors.way_of("AllowCredentials"),
            advice="name the origins",
        )
    max_age_s = cors.number("MaxAge", -1) if cors.get("MaxAge") is not None else None
    return Cors(
        allow_origins=allow_origins,
        allow_methods=cors.texts("AllowMethods"),
        allow_headers=cors.texts("AllowHeaders"),
        expose_headers=cors.texts("ExposeHeaders"),
        max_age_s=None if max_age_s is None else int(max_age_s),
        allow_credentials=allow_credentials,
    )


def _leads_to_same_function(routes: Routes, route: Route) -> bool:
    known = routes.find(route.method, route.path)
    return known is not None and known.function == route.function
