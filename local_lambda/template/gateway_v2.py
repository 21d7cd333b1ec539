"""Reads HTTP APIs of plain CloudFormation, as CDK and Serverless Framework write them.

Pages aws-resource-apigatewayv2-api.html, -integration, -route, -stage and -authorizer in
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/
"""

from collections.abc import Mapping

from local_lambda.application import Api, Authorizer, Cors, Route
from local_lambda.template.api_parts import ApiParts
from local_lambda.template.authorizers import IAM, Authorizers, read_authorizer
from local_lambda.template.cloudformation import TemplateError
from local_lambda.template.http_api import read_cors
from local_lambda.template.integrations import HTTP_TIMEOUT_S, Integration, IntegrationReader
from local_lambda.template.openapi import CORS, Definition, definition_parts
from local_lambda.template.resolved import Resolved, properties_of
from local_lambda.template.resource import Resource
from local_lambda.template.routes import DEFAULT_PATH, Routes, check_path, read_method
from local_lambda.template.stack import Stack
from local_lambda.template.targets import Targets

_PREFIX = "AWS::ApiGatewayV2::"
API_V2 = f"{_PREFIX}Api"
_INTEGRATION = f"{_PREFIX}Integration"
_ROUTE = f"{_PREFIX}Route"
_STAGE = f"{_PREFIX}Stage"
_AUTHORIZER = f"{_PREFIX}Authorizer"
READ = (API_V2, _INTEGRATION, _ROUTE, _STAGE, _AUTHORIZER)
# Types that change nothing that can be seen here. Some of them are for WebSocket APIs only.
WITHOUT_EFFECT = tuple(
    f"{_PREFIX}{name}"
    for name in ("Deployment", "IntegrationResponse", "Model", "RouteResponse", "RoutingRule")
)
_DOMAIN = "custom domains are not emulated"
NAMED = {
    f"{_PREFIX}ApiMapping": (_DOMAIN, "use the address that is printed"),
    f"{_PREFIX}ApiGatewayManagedOverrides": ("overrides of quick create are not emulated", ""),
    f"{_PREFIX}DomainName": (_DOMAIN, "use the address that is printed"),
    f"{_PREFIX}VpcLink": ("VPC links are not emulated", "routes through it are not served"),
    "AWS::Serverless::WebSocketApi": (
        "WebSocket APIs are not emulated",
        "invoke its functions directly",
    ),
}
_AUTHORIZATION_TYPES = ("NONE", "AWS_IAM", "CUSTOM", "JWT")


def read_plain_http_apis(stack: Stack, targets: Targets) -> list[Api]:
    """Returns the APIs that have a route. What cannot be served becomes a finding."""
    for kind, (text, advice) in NAMED.items():
        for resource in stack.of_type(kind):
            stack.report(resource, text, advice=advice, served=False)
    parts = ApiParts(stack, stack.of_type(API_V2), "ApiId")
    apis = []
    for resource in stack.of_type(API_V2):
        with stack.catching(resource):
            reader = _ApiReader(stack, resource, parts, targets)
            if reader.is_http():
                apis.append(reader.read())
    parts.report_orphans(_INTEGRATION, _ROUTE, _STAGE, _AUTHORIZER)
    return [api for api in apis if api.routes]


class _ApiReader:
    """Reads one API from its resources."""

    def __init__(self, stack: Stack, resource: Resource, parts: ApiParts, targets: Targets) -> None:
        self._stack = stack
        self._api = resource
        self._parts = parts
        self._targets = targets
        written = {key: value for key, value in resource.properties.items() if key != "Body"}
        self._properties = properties_of(stack, resource, written)
        self._authorizers = Authorizers(stack)

    def is_http(self) -> bool:
        """Returns whether this is an HTTP API; reports another one."""
        protocol = self._properties.text("ProtocolType", default="HTTP")
        if protocol != "HTTP":
            self._stack.report(
                self._api,
                f"{protocol} APIs are not emulated",
                property="ProtocolType",
                advice="invoke its functions directly",
                served=False,
            )
        return protocol == "HTTP"

    def read(self) -> Api:
        stage, variables = self._stage()
        self._read_authorizers()
        routes = Routes(self._stack, "http")
        definition = None
        with self._stack.catching(self._api):
            definition = self._definition(variables)
            if definition:
                definition.read_into(routes)
        with self._stack.catching(self._api):
            if self._properties.get("Target") is not None:
                routes.add(self._quick_route(variables), self._api, "Target")
        for resource, properties in self._parts.of(self._api, _ROUTE):
            with self._stack.catching(resource):
                route = self._route(resource, properties, variables)
                routes.add(route, resource, "")
        return Api(
            logical_id=self._api.logical_id,
            kind="http",
            routes=routes.all(),
            stage=stage,
            stage_variables=variables,
            cors=self._cors(definition),
        )

    def _cors(self, definition: Definition | None) -> Cors | None:
        with self._stack.catching(self._api, served=True):
            if self._properties.get("CorsConfiguration") is not None:
                return read_cors(self._stack, self._api, self._properties, "CorsConfiguration")
            if definition and definition.body.get(CORS) is not None:
                return read_cors(self._stack, self._api, definition.body, CORS)
        return None

    def _integrations(self, resource: Resource, variables: Mapping[str, str]) -> IntegrationReader:
        return IntegrationReader.reporting_to(
            self._stack, resource, kind="http", targets=self._targets, stage_variables=variables
        )

    def _definition(self, variables: Mapping[str, str]) -> Definition | None:
        parts = definition_parts(self._stack, self._api, self._properties, "Body", "BodyS3Location")
        if parts is None:
            return None
        body, paths = parts
        return Definition(
            stack=self._stack,
            resource=self._api,
            kind="http",
            body=body,
            paths=paths,
            integrations=self._integrations(self._api, variables),
            authorizers=self._authorizers,
        )

    def _stage(self) -> tuple[str, dict[str, str]]:
        """Returns the stage and its variables: `$default` if there is one, else the first."""
        stages = []
        for resource, properties in self._parts.of(self._api, _STAGE):
            with self._stack.catching(resource, served=True):
                variables = properties.map("StageVariables")
                values = {name: variables.text(name) for name in variables.values}
                stages.append((properties.text("StageName"), values, resource))
        if not stages:
            if self._properties.get("Target") is None:
                self._stack.report(
                    self._api,
                    "it has no stage, so AWS does not serve it",
                    advice="add an AWS::ApiGatewayV2::Stage named $default",
                )
            return DEFAULT_PATH, {}
        stages.sort(key=lambda stage: stage[0] != DEFAULT_PATH)
        name, values, _ = stages[0]
        for _, _, resource in stages[1:]:
            self._stack.report(
                resource,
                f"one stage of an API is served, and that is {name!r}",
                property="StageName",
                served=False,
            )
        return name, values

    def _read_authorizers(self) -> None:
        for resource, properties in self._parts.of(self._api, _AUTHORIZER):
            authorizer = None
            with self._stack.catching(resource):
                spelled = Resolved(properties.values, "", ignore_case=True)
                name = resource.logical_id
                authorizer = read_authorizer(name, spelled, self._targets, "http")
            self._authorizers.add(self._parts.id_of(resource), authorizer, resource)

    def _quick_route(self, variables: Mapping[str, str]) -> Route:
        """Returns the route that `Target` makes: all requests unless there is a RouteKey."""
        way = "Target"
        function = self._targets.function(self._properties.text(way), way, variables)
        method, path = _route_key(self._properties, default=DEFAULT_PATH)
        qualifier = self._targets.qualifier(self._properties.text(way), variables)
        return Route(method, path, function, timeout_s=HTTP_TIMEOUT_S, qualifier=qualifier)

    def _route(
        self, resource: Resource, properties: Resolved, variables: Mapping[str, str]
    ) -> Route:
        method, path = _route_key(properties)
        integration = self._integration(properties, variables)
        return Route(
            method=method,
            path=path,
            function=integration.function,
            timeout_s=integration.timeout_s,
            payload_format=integration.payload_format,
            authorizer=self._authorizer(resource, properties),
            qualifier=integration.qualifier,
        )

    def _integration(self, route: Resolved, variables: Mapping[str, str]) -> Integration:
        target = route.text("Target")
        name = target.removeprefix("integrations/")
        for resource, properties in self._parts.of(self._api, _INTEGRATION):
            if name not in (self._parts.id_of(resource), f"{resource.logical_id}.IntegrationId"):
                continue
            spelled = Resolved(properties.values, "", ignore_case=True)
            try:
                return self._integrations(resource, variables).read(spelled)
            except TemplateError as error:
                text = f"its integration {resource.logical_id} cannot be served: {error}"
                raise TemplateError(text, "Target", error.advice) from error
        raise route.error(
            "Target", f"{target!r} is no integration of this API", "write integrations/ID"
        )

    def _authorizer(self, resource: Resource, properties: Resolved) -> Authorizer | None:
        with self._stack.catching(resource, served=True):
            kind = properties.text("AuthorizationType", default="NONE")
            if kind not in _AUTHORIZATION_TYPES:
                raise properties.error(
                    "AuthorizationType", f"{kind!r} is none of {', '.join(_AUTHORIZATION_TYPES)}"
                )
            if kind == "NONE":
                return None
            if kind == IAM:
                return self._authorizers.use(IAM, resource, "AuthorizationType")
            name = properties.text("AuthorizerId").removesuffix(".AuthorizerId")
            return self._authorizers.use(name, resource, "AuthorizerId")
        return None


def _route_key(properties: Resolved, default: str | None = None) -> tuple[str, str]:
    """Returns method and path of a RouteKey such as `GET /items`. Raises TemplateError."""
    key = properties.text("RouteKey", default=default)
    way = properties.way_of("RouteKey")
    if key == DEFAULT_PATH:
        return "ANY", DEFAULT_PATH
    method, _, path = key.partition(" ")
    if not path:
        raise properties.error("RouteKey", f"{key!r} has no path", "write `GET /path`")
    if method.upper() != method:
        raise properties.error("RouteKey", f"{key!r} has a method in small letters")
    return read_method(method, way), check_path(path, way)
