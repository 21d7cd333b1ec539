"""Reads the routes of an OpenAPI 3 or Swagger 2 definition.

A route is an operation with `x-amazon-apigateway-integration`.
Page api-gateway-swagger-extensions.html in
https://docs.aws.amazon.com/apigateway/latest/developerguide/
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from local_lambda.application import Authorizer, Route
from local_lambda.template.authorizers import EXTENSION, NONE, Authorizers, read_scheme
from local_lambda.template.cloudformation import TemplateError
from local_lambda.template.definition_files import read_definition
from local_lambda.template.integrations import Integration, IntegrationReader
from local_lambda.template.resolved import (
    Resolved,
    joined,
    kind_of,
    properties_of,
    resolve_at,
)
from local_lambda.template.resource import Resource
from local_lambda.template.routes import (
    ANY_METHOD,
    DEFAULT_PATH,
    Routes,
    check_path,
    read_method,
)
from local_lambda.template.stack import Stack

INTEGRATION = "x-amazon-apigateway-integration"
BINARY_TYPES = "x-amazon-apigateway-binary-media-types"
CORS = "x-amazon-apigateway-cors"
_VALIDATOR = "x-amazon-apigateway-request-validator"
_VALIDATORS = "x-amazon-apigateway-request-validators"
_METHODS = ("get", "head", "post", "put", "patch", "delete", "options", ANY_METHOD)
_PLACES = {"query": "querystring", "header": "header"}


@dataclass(frozen=True)
class Definition:
    """A definition of a resource's property `way`, with what is outside of it.

    `body` is resolved except for its paths, which are resolved one by one. `default_authorizer` is
    the name of the authorizer of operations that name none; `authorizers` grows by the security
    schemes.
    """

    stack: Stack
    resource: Resource
    kind: str
    body: Resolved
    paths: Any
    integrations: IntegrationReader
    authorizers: Authorizers
    default_authorizer: str = ""
    binary_media_types: tuple[str, ...] = ()
    _api_key_schemes: set[str] = field(default_factory=set)

    def read_into(self, routes: Routes) -> None:
        """Adds the routes. One that cannot be served becomes a finding."""
        self._read_schemes()
        if self.body.get("security") is not None:
            self.stack.report(
                self.resource,
                "API Gateway ignores security at the top of a definition, and so does this",
                property=self.body.way_of("security"),
                advice="give it to each operation",
            )
        way = self.body.way_of("paths")
        with self.stack.catching(self.resource):
            for path, item in _items(self.stack, self.paths, way):
                where = joined(way, path)
                with self.stack.catching(self.resource):
                    self._read_path(routes, path, item, where)

    def _read_path(self, routes: Routes, path: str, item: Any, way: str) -> None:
        is_default = self.kind == "http" and path.removeprefix("/") == DEFAULT_PATH
        known = DEFAULT_PATH if is_default else check_path(path, way)
        shared = self._shared_parameters(item, way)
        for key, operation in _items(self.stack, item, way):
            if key.lower() not in _METHODS:
                continue
            where = joined(way, key)
            with self.stack.catching(self.resource):
                values = resolve_at(self.stack, operation, where)
                if values is None:
                    continue
                if not isinstance(values, dict):
                    raise TemplateError(f"must be a map, not {kind_of(values)}", where)
                route = self._route(known, key, Resolved(values, where), shared)
                routes.add(route, self.resource, where)

    def _route(self, path: str, key: str, operation: Resolved, shared: list[Any]) -> Route:
        integration = self._integration(operation)
        fixed = integration.fixed
        return Route(
            method=read_method(key, operation.way),
            path=path,
            function=integration.function,
            streaming=integration.streaming,
            timeout_s=integration.timeout_s,
            binary_media_types=self.binary_media_types,
            payload_format=integration.payload_format,
            authorizer=self._authorizer(operation),
            required=() if fixed else tuple(self._required(operation, shared)),
            fixed=fixed,
            qualifier=integration.qualifier,
        )

    def _integration(self, operation: Resolved) -> Integration:
        if operation.get(INTEGRATION) is None:
            raise TemplateError(
                f"it has no {INTEGRATION}",
                operation.way,
                "AWS cannot deploy a method without an integration",
            )
        written = operation.map(INTEGRATION)
        reference = written.values.get("$ref")
        if reference is not None:
            written = self._referred(str(reference), written)
        return self.integrations.read(Resolved(written.values, written.way, ignore_case=True))

    def _referred(self, reference: str, written: Resolved) -> Resolved:
        found: Any = self.body.values
        for part in reference.removeprefix("#/").split("/"):
            found = found.get(part.replace("~1", "/")) if isinstance(found, dict) else None
        if not isinstance(found, dict):
            raise TemplateError(f"$ref {reference!r} leads nowhere", written.way)
        return Resolved(found, written.way)

    def _read_schemes(self) -> None:
        """Reads the security schemes. Those of the definition win over SAM's."""
        components: Mapping[str, Any] = {}
        with self.stack.catching(self.resource):
            components = self.body.map("components").values
        in_components = Resolved(components, self.body.way_of("components"))
        for parent, name in (
            (in_components, "securitySchemes"),
            (self.body, "securityDefinitions"),
        ):
            with self.stack.catching(self.resource):
                schemes = parent.map(name)
                for each, value in schemes.values.items():
                    self._read_scheme(str(each), schemes, value)

    def _read_scheme(self, name: str, schemes: Resolved, value: Any) -> None:
        way = schemes.way_of(name)
        authorizer = None
        with self.stack.catching(self.resource, served=True):
            scheme = schemes.as_map(value, name)
            authorizer = read_scheme(name, scheme, self.integrations.targets, self.kind)
            is_key = scheme.get("type") == "apiKey" and scheme.get(EXTENSION) is None
            if authorizer is None and is_key:
                self._api_key_schemes.add(name)
        self.authorizers.add(name, authorizer, self.resource, way)

    def _authorizer(self, operation: Resolved) -> Authorizer | None:
        """Returns the authorizer of the first requirement that names one."""
        chosen = None
        for requirement in operation.maps("security"):
            for name in map(str, requirement.values):
                if name in self._api_key_schemes:
                    report_api_key(self.stack, self.resource, operation.way_of("security"))
                elif chosen is None:
                    chosen = name
        chosen = chosen or self.default_authorizer
        if chosen in ("", NONE):
            return None
        with self.stack.catching(self.resource, served=True):
            return self.authorizers.use(chosen, self.resource, operation.way_of("security"))
        return None

    def _shared_parameters(self, item: Any, way: str) -> list[Any]:
        """Returns the parameters that all operations of a path have."""
        written = item.get("parameters") if isinstance(item, dict) else None
        found = resolve_at(self.stack, written, joined(way, "parameters"))
        return found if isinstance(found, list) else []

    def _required(self, operation: Resolved, shared: list[Any]) -> Iterator[str]:
        """Yields what a request must have, if a validator of the REST API checks it."""
        if self.kind != "rest":
            return
        validator = self._validator(operation)
        parameters = [*shared, *operation.list("parameters")]
        required = [each for each in parameters if isinstance(each, dict) and each.get("required")]
        if validator.flag("validateRequestParameters"):
            for parameter in required:
                place = _PLACES.get(str(parameter.get("in")))
                if place:
                    yield f"{place}.{parameter.get('name')}"
        if not validator.flag("validateRequestBody"):
            return
        has_body = operation.get("requestBody") is not None
        is_required = operation.map("requestBody").flag("required")
        if is_required or any(each.get("in") == "body" for each in required):
            yield "body"
        if has_body or any(isinstance(each, dict) and "schema" in each for each in parameters):
            report_model(self.stack, self.resource, operation.way)

    def _validator(self, operation: Resolved) -> Resolved:
        name = operation.text(_VALIDATOR, default=self.body.text(_VALIDATOR, default=""))
        return self.body.map(_VALIDATORS).map(name)


def definition_parts(
    stack: Stack, resource: Resource, properties: Resolved, inline: str, file: str
) -> tuple[Resolved, Any] | None:
    """Returns the resolved body without its paths, and the paths as written.

    The definition stands in the property `inline`, or in the file that `file` names. None if there
    is none. Raises TemplateError.
    """
    written = resource.properties.get(inline)
    way = inline
    if properties.get(file) is not None and written is None:
        way = file
        written = read_definition(stack.base, properties, file)
    elif properties.get(file) is not None:
        stack.report(
            resource,
            f"AWS refuses {file} beside {inline}; it is not read",
            property=file,
            advice="keep one of them",
        )
    if written is None:
        return None
    if isinstance(written, dict) and any(str(key).startswith("Fn::") for key in written):
        written = resolve_at(stack, written, way)
    if not isinstance(written, dict):
        raise TemplateError(f"must be a map, not {kind_of(written)}", way)
    rest = {key: value for key, value in written.items() if key != "paths"}
    return properties_of(stack, resource, rest, way), written.get("paths")


def read_binary_types(body: Resolved, types: tuple[str, ...]) -> tuple[str, ...]:
    """Returns the binary media types of a property and of a definition. Raises TemplateError."""
    both = [*types, *body.texts(BINARY_TYPES)]
    return tuple(dict.fromkeys(each.replace("~1", "/") for each in both))


def report_api_key(stack: Stack, resource: Resource, way: str) -> None:
    stack.report(
        resource,
        "API keys are not checked here",
        property=way,
        advice="a request without x-api-key is 403 on AWS",
    )


def report_model(stack: Stack, resource: Resource, way: str) -> None:
    stack.report(
        resource,
        "the model of the request's body is not checked here",
        property=way,
        advice="a body that does not fit it is 400 on AWS",
    )


def _items(stack: Stack, written: Any, way: str) -> Iterator[tuple[str, Any]]:
    """Yields the items of a map that may be an intrinsic function itself."""
    if isinstance(written, dict) and any(str(key).startswith("Fn::") for key in written):
        written = resolve_at(stack, written, way)
    if written is None:
        return
    if not isinstance(written, dict):
        raise TemplateError(f"must be a map, not {kind_of(written)}", way)
    for key, value in written.items():
        yield str(key), value
