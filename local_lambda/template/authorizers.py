"""Reads the authorizers of APIs: of SAM's `Auth`, of OpenAPI, and of CloudFormation.

Pages apigateway-use-lambda-authorizer.html, http-api-lambda-authorizer.html and
api-gateway-swagger-extensions-authorizer.html in
https://docs.aws.amazon.com/apigateway/latest/developerguide/
"""

from typing import NamedTuple

from local_lambda.application import Authorizer
from local_lambda.template.cloudformation import TemplateError
from local_lambda.template.integrations import read_payload_format
from local_lambda.template.resolved import Resolved
from local_lambda.template.resource import Resource
from local_lambda.template.stack import Stack
from local_lambda.template.targets import Targets

IAM = "AWS_IAM"
NONE = "NONE"
EXTENSION = "x-amazon-apigateway-authorizer"
DEFAULT_TTL_S = 300
_UNCHECKED = {
    "COGNITO": "tokens of a user pool are not checked here",
    "JWT": "tokens are not checked here",
    "IAM": "signatures are not checked here",
}
# Prefixes of the identity sources by the property of SAM's `Identity`.
_REST_SOURCES = {
    "Headers": "method.request.header.",
    "QueryStrings": "method.request.querystring.",
    "StageVariables": "stageVariables.",
    "Context": "context.",
}
_HTTP_SOURCES = {
    "Headers": "$request.header.",
    "QueryStrings": "$request.querystring.",
    "StageVariables": "$stageVariables.",
    "Context": "$context.",
}


class _Known(NamedTuple):
    authorizer: Authorizer | None
    resource: Resource
    way: str


class Authorizers:
    """The authorizers of one API by name, or by logical id where they are resources."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._known: dict[str, _Known] = {}

    def add(
        self, name: str, authorizer: Authorizer | None, resource: Resource, way: str = ""
    ) -> None:
        """Adds one. None stands for one that could not be read, which is reported already."""
        self._known[name] = _Known(authorizer, resource, way)

    def __contains__(self, name: str) -> bool:
        return name in self._known

    def use(self, name: str, resource: Resource, way: str) -> Authorizer | None:
        """Returns the authorizer of a route; reports one that is not checked here.

        Raises TemplateError if there is none of this name.
        """
        known = self._known.get(name)
        if known is None and name == IAM:
            known = _Known(Authorizer(IAM, "IAM"), resource, way)
            self._known[name] = known
        if known is None:
            raise TemplateError(
                f"there is no authorizer {name!r} in this API",
                way,
                "the route is served without it",
            )
        if known.authorizer and known.authorizer.kind in _UNCHECKED:
            named = known.authorizer.name
            prefix = "" if named == known.resource.logical_id else f"{named}: "
            self._stack.report(
                known.resource,
                f"{prefix}{_UNCHECKED[known.authorizer.kind]}",
                property=known.way,
                advice="every caller is let in; --claims injects claims",
            )
        return known.authorizer


def read_sam_authorizers(
    stack: Stack, resource: Resource, auth: Resolved, targets: Targets, kind: str
) -> Authorizers:
    """Reads `Auth.Authorizers` of an AWS::Serverless::Api (`kind` "rest") or HttpApi ("http")."""
    authorizers = Authorizers(stack)
    with stack.catching(resource):
        declared = auth.map("Authorizers")
        for name, value in declared.values.items():
            authorizer = None
            way = declared.way_of(name)
            with stack.catching(resource, served=True):
                properties = declared.as_map(value, name)
                read = _sam_rest if kind == "rest" else _sam_http
                authorizer = read(str(name), properties, targets)
            authorizers.add(str(name), authorizer, resource, way)
    return authorizers


def read_default(stack: Stack, resource: Resource, auth: Resolved, authorizers: Authorizers) -> str:
    """Returns the name of SAM's `DefaultAuthorizer`; empty if there is none, or a wrong one."""
    with stack.catching(resource, served=True):
        name = auth.text("DefaultAuthorizer", default="")
        if name in ("", NONE, IAM) or name in authorizers:
            return name
        raise auth.error(
            "DefaultAuthorizer", f"{name!r} is not in Authorizers", "routes are open without it"
        )
    return ""


def report_none(stack: Stack, resource: Resource, way: str) -> None:
    stack.report(
        resource,
        "Authorizer NONE has a meaning only beside a DefaultAuthorizer",
        property=way,
        advice="SAM refuses it; remove it",
    )


def _sam_rest(name: str, properties: Resolved, targets: Targets) -> Authorizer:
    identity = properties.map("Identity")
    validation = identity.text("ValidationExpression", default="") or None
    header = f"method.request.header.{identity.text('Header', default='Authorization')}"
    if properties.get("UserPoolArn") is not None:
        return Authorizer(name, "COGNITO", None, (header,), validation)
    kind = properties.text("FunctionPayloadType", default="TOKEN")
    if kind not in ("TOKEN", "REQUEST"):
        raise properties.error("FunctionPayloadType", f"{kind!r} is neither TOKEN nor REQUEST")
    ttl_s = int(identity.number("ReauthorizeEvery", DEFAULT_TTL_S))
    sources = _sources(identity, _REST_SOURCES) if kind == "REQUEST" else (header,)
    if not sources and ttl_s > 0:
        raise TemplateError(
            "Identity names nothing that the authorizer looks at",
            properties.way,
            "give it Headers, QueryStrings, StageVariables or Context, or ReauthorizeEvery: 0",
        )
    return Authorizer(
        name=name,
        kind=kind,
        function=targets.function(properties.text("FunctionArn"), properties.way_of("FunctionArn")),
        identity_sources=sources,
        identity_validation=validation if kind == "TOKEN" else None,
        ttl_s=ttl_s,
    )


def _sam_http(name: str, properties: Resolved, targets: Targets) -> Authorizer:
    if properties.get("FunctionArn") is None:
        if properties.get("JwtConfiguration") is None:
            raise properties.error("JwtConfiguration", "is missing, and so is FunctionArn")
        source = properties.text("IdentitySource", "$request.header.Authorization")
        return Authorizer(name, "JWT", None, (source,))
    identity = properties.map("Identity")
    sources = _sources(identity, _HTTP_SOURCES)
    if properties.get("AuthorizerPayloadFormatVersion") is None:
        raise properties.error("AuthorizerPayloadFormatVersion", "is missing", "write 2.0")
    return Authorizer(
        name=name,
        kind="REQUEST",
        function=targets.function(properties.text("FunctionArn"), properties.way_of("FunctionArn")),
        identity_sources=sources,
        payload_format=read_payload_format(properties, "AuthorizerPayloadFormatVersion"),
        simple_responses=properties.flag("EnableSimpleResponses"),
        ttl_s=int(identity.number("ReauthorizeEvery", DEFAULT_TTL_S if sources else 0)),
    )


def _sources(identity: Resolved, prefixes: dict[str, str]) -> tuple[str, ...]:
    return tuple(
        f"{prefix}{value}" for name, prefix in prefixes.items() for value in identity.texts(name)
    )


def read_scheme(name: str, scheme: Resolved, targets: Targets, kind: str) -> Authorizer | None:
    """Reads a security scheme of an OpenAPI definition. None: one for documentation only.

    Raises TemplateError.
    """
    if scheme.text("x-amazon-apigateway-authtype", default="").lower() == "awssigv4":
        return Authorizer(name, "IAM")
    if scheme.get(EXTENSION) is None:
        return None
    extension = scheme.map(EXTENSION)
    extension = Resolved(extension.values, extension.way, ignore_case=True)
    header = scheme.text("name", default="Authorization")
    return read_authorizer(name, extension, targets, kind, header)


def read_authorizer(
    name: str, properties: Resolved, targets: Targets, kind: str, header: str = "Authorization"
) -> Authorizer:
    """Reads an authorizer in the spelling of OpenAPI or CloudFormation. Raises TemplateError.

    `header` carries the token if the authorizer names no identity source.
    """
    type_name = "authorizerType" if properties.get("authorizerType") is not None else "type"
    type_ = properties.text(type_name).upper()
    if type_ == "JWT":
        return Authorizer(name, "JWT", None, _identity_sources(properties))
    sources = _identity_sources(properties)
    if not sources and type_ != "REQUEST":
        sources = (f"method.request.header.{header}",)
    if type_ == "COGNITO_USER_POOLS":
        return Authorizer(name, "COGNITO", None, sources)
    if type_ not in ("TOKEN", "REQUEST"):
        raise properties.error(type_name, f"{type_!r} is not emulated")
    uri = properties.text("authorizerUri")
    is_rest = kind == "rest"
    ttl_s = properties.number("authorizerResultTtlInSeconds", DEFAULT_TTL_S if sources else 0)
    validation = properties.text("identityValidationExpression", default="") or None
    version = read_payload_format(properties, "authorizerPayloadFormatVersion")
    return Authorizer(
        name=name,
        kind=type_,
        function=targets.function(uri, properties.way_of("authorizerUri")),
        identity_sources=sources,
        identity_validation=validation,
        payload_format="1.0" if is_rest else version,
        simple_responses=properties.flag("enableSimpleResponses"),
        ttl_s=int(ttl_s),
    )


def _identity_sources(properties: Resolved) -> tuple[str, ...]:
    """Returns the identity sources: REST APIs have a text with commas, HTTP APIs a list."""
    if isinstance(properties.get("identitySource"), list):
        return properties.texts("identitySource")
    text = properties.text("identitySource", default="")
    return tuple(part.strip() for part in text.split(",") if part.strip())
