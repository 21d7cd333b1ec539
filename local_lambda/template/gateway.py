"""Reads REST APIs of plain CloudFormation, as CDK and Serverless Framework write them.

Pages aws-resource-apigateway-restapi.html, -resource, -method, -deployment, -stage, -authorizer
and -requestvalidator in
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from local_lambda.application import Api, Authorizer, Route
from local_lambda.template.api_parts import ApiParts
from local_lambda.template.authorizers import IAM, Authorizers, read_authorizer
from local_lambda.template.cloudformation import TemplateError
from local_lambda.template.integrations import IntegrationReader
from local_lambda.template.openapi import (
    Definition,
    definition_parts,
    read_binary_types,
    report_api_key,
    report_model,
)
from local_lambda.template.resolved import Resolved, is_set, properties_of
from local_lambda.template.resource import Resource
from local_lambda.template.routes import Routes, check_path, read_method
from local_lambda.template.stack import Stack
from local_lambda.template.targets import Targets

_PREFIX = "AWS::ApiGateway::"
REST_API = f"{_PREFIX}RestApi"
_RESOURCE = f"{_PREFIX}Resource"
_METHOD = f"{_PREFIX}Method"
_STAGE = f"{_PREFIX}Stage"
_DEPLOYMENT = f"{_PREFIX}Deployment"
_AUTHORIZER = f"{_PREFIX}Authorizer"
_VALIDATOR = f"{_PREFIX}RequestValidator"
READ = (REST_API, _RESOURCE, _METHOD, _STAGE, _DEPLOYMENT, _AUTHORIZER, _VALIDATOR)
# Types that change nothing that can be seen here.
WITHOUT_EFFECT = tuple(
    f"{_PREFIX}{name}"
    for name in (
        "Account",
        "ApiKey",
        "ClientCertificate",
        "DocumentationPart",
        "DocumentationVersion",
        "Model",
        "UsagePlan",
        "UsagePlanKey",
    )
)
_PROXY_ERRORS = "API Gateway's own errors have their default form here"
_DOMAIN = "custom domains are not emulated"
NAMED = {
    f"{_PREFIX}BasePathMapping": (_DOMAIN, "--base-path serves an API under a base path, too"),
    f"{_PREFIX}BasePathMappingV2": (_DOMAIN, "--base-path serves an API under a base path, too"),
    f"{_PREFIX}DomainName": (_DOMAIN, "use the address that is printed"),
    f"{_PREFIX}DomainNameV2": (_DOMAIN, "use the address that is printed"),
    f"{_PREFIX}DomainNameAccessAssociation": (_DOMAIN, "use the address that is printed"),
    f"{_PREFIX}GatewayResponse": (_PROXY_ERRORS, "test what clients make of them on AWS"),
    f"{_PREFIX}VpcLink": ("VPC links are not emulated", "routes through it are not served"),
}
_API_NAMED = {
    "MinimumCompressionSize": ("responses are not compressed here", ""),
    "Policy": ("resource policies are not checked here", "every caller is let in"),
    "CloneFrom": ("an API is not cloned here", "write its methods or its Body"),
    "DisableExecuteApiEndpoint": ("the API has an address here all the same", ""),
}
_AUTHORIZATION_TYPES = ("NONE", "AWS_IAM", "CUSTOM", "COGNITO_USER_POOLS")


def read_plain_rest_apis(stack: Stack, targets: Targets) -> list[Api]:
    """Returns the APIs that have a route. What cannot be served becomes a finding."""
    for kind, (text, advice) in NAMED.items():
        for resource in stack.of_type(kind):
            stack.report(resource, text, advice=advice, served=False)
    parts = ApiParts(stack, stack.of_type(REST_API), "RestApiId")
    apis = []
    for resource in stack.of_type(REST_API):
        with stack.catching(resource):
            apis.append(_ApiReader(stack, resource, parts, targets).read())
    parts.report_orphans(_RESOURCE, _METHOD, _STAGE, _DEPLOYMENT, _AUTHORIZER)
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
        self._types = self._properties.texts("BinaryMediaTypes")
        self._tree = _Tree(parts.of(resource, _RESOURCE), parts.id_of(resource))

    def read(self) -> Api:
        for name, (text, advice) in _API_NAMED.items():
            if is_set(self._properties.get(name)):
                self._stack.report(self._api, text, property=name, advice=advice)
        stage, variables = self._stage()
        self._read_authorizers()
        routes = Routes(self._stack, "rest")
        with self._stack.catching(self._api):
            definition = self._definition(variables)
            if definition:
                definition.read_into(routes)
        for resource, properties in self._parts.of(self._api, _METHOD):
            with self._stack.catching(resource):
                route = self._method(resource, properties, variables)
                routes.add(route, resource, "")
        return Api(self._api.logical_id, "rest", routes.all(), stage, variables)

    def _integrations(self, resource: Resource, variables: Mapping[str, str]) -> IntegrationReader:
        return IntegrationReader.reporting_to(
            self._stack, resource, kind="rest", targets=self._targets, stage_variables=variables
        )

    def _definition(self, variables: Mapping[str, str]) -> Definition | None:
        parts = definition_parts(self._stack, self._api, self._properties, "Body", "BodyS3Location")
        if parts is None:
            return None
        body, paths = parts
        return Definition(
            stack=self._stack,
            resource=self._api,
            kind="rest",
            body=body,
            paths=paths,
            integrations=self._integrations(self._api, variables),
            authorizers=self._authorizers,
            binary_media_types=read_binary_types(body, self._types),
        )

    def _stage(self) -> tuple[str, dict[str, str]]:
        """Returns the first stage and its variables."""
        stages = list(self._stages())
        if not stages:
            self._stack.report(
                self._api,
                "it has no stage, so AWS does not serve it",
                advice="add an AWS::ApiGateway::Deployment and a Stage",
            )
            return "", {}
        for other, resource, _ in stages[1:]:
            if other != stages[0][0]:
                self._stack.report(
                    resource,
                    f"one stage of an API is served, and that is {stages[0][0]!r}",
                    property="StageName",
                    served=False,
                )
        name, _, variables = stages[0]
        return name, {key: variables.text(key) for key in variables.values}

    def _stages(self) -> Iterator[tuple[str, Resource, Resolved]]:
        for resource, properties in self._parts.of(self._api, _STAGE):
            with self._stack.catching(resource, served=True):
                yield properties.text("StageName"), resource, properties.map("Variables")
        for resource, properties in self._parts.of(self._api, _DEPLOYMENT):
            if properties.get("StageName") is None:
                continue
            with self._stack.catching(resource, served=True):
                variables = properties.map("StageDescription").map("Variables")
                yield properties.text("StageName"), resource, variables

    def _read_authorizers(self) -> None:
        for resource, properties in self._parts.of(self._api, _AUTHORIZER):
            authorizer = None
            with self._stack.catching(resource):
                spelled = Resolved(properties.values, "", ignore_case=True)
                name = resource.logical_id
                authorizer = read_authorizer(name, spelled, self._targets, "rest")
            self._authorizers.add(self._parts.id_of(resource), authorizer, resource)

    def _method(
        self, resource: Resource, properties: Resolved, variables: Mapping[str, str]
    ) -> Route:
        path = self._tree.path(properties.text("ResourceId"))
        if properties.get("Integration") is None:
            raise properties.error("Integration", "is missing", "AWS cannot deploy such a method")
        written = properties.map("Integration")
        spelled = Resolved(written.values, "Integration", ignore_case=True)
        integration = self._integrations(resource, variables).read(spelled)
        if properties.flag("ApiKeyRequired"):
            report_api_key(self._stack, resource, "ApiKeyRequired")
        return Route(
            method=read_method(properties.text("HttpMethod"), "HttpMethod"),
            path=check_path(path, "ResourceId"),
            function=integration.function,
            streaming=integration.streaming,
            timeout_s=integration.timeout_s,
            binary_media_types=tuple(each.replace("~1", "/") for each in self._types),
            payload_format="1.0",
            authorizer=self._authorizer(resource, properties),
            required=tuple(self._required(resource, properties)),
            fixed=integration.fixed,
            qualifier=integration.qualifier,
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
            name = properties.text("AuthorizerId")
            return self._authorizers.use(name, resource, "AuthorizerId")
        return None

    def _required(self, resource: Resource, properties: Resolved) -> Iterator[str]:
        """Yields what a request must have, if the method has a validator."""
        if properties.get("RequestValidatorId") is None:
            return
        reference = properties.text("RequestValidatorId")
        for validator, values in self._parts.of(self._api, _VALIDATOR):
            if self._parts.id_of(validator) != reference:
                continue
            if values.flag("ValidateRequestParameters"):
                yield from _required_parameters(properties.map("RequestParameters"))
            if values.flag("ValidateRequestBody") and properties.get("RequestModels"):
                report_model(self._stack, resource, "RequestModels")


def _required_parameters(parameters: Resolved) -> Iterator[str]:
    for name in parameters.values:
        place = name.removeprefix("method.request.")
        if parameters.flag(name) and not place.startswith("path."):
            yield place


@dataclass(frozen=True)
class _Tree:
    """Knows the paths of an API's resources by the value of `!Ref`."""

    resources: list[tuple[Resource, Resolved]]
    api_id: str

    def path(self, reference: str) -> str:
        """Returns the path of a resource. Raises TemplateError if there is none."""
        parts: list[str] = []
        seen = set()
        while not self._is_root(reference):
            found = self._find(reference)
            if found is None or reference in seen:
                raise TemplateError(
                    f"{reference!r} is no AWS::ApiGateway::Resource of this API", "ResourceId"
                )
            seen.add(reference)
            parts.insert(0, found.text("PathPart"))
            reference = found.text("ParentId")
        return f"/{'/'.join(parts)}"

    def _is_root(self, reference: str) -> bool:
        return reference == f"{self.api_id}.RootResourceId"

    def _find(self, reference: str) -> Resolved | None:
        for resource, properties in self.resources:
            if reference in (resource.logical_id, f"{resource.logical_id}.ResourceId"):
                return properties
        return None
