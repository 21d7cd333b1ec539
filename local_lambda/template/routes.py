"""Collects the routes of one API, by the rules of API Gateway.

A path that API Gateway refuses, a second route of one method and path, and a second path variable
at one place become findings.

Pages api-gateway-method-settings-method-request.html and http-api-develop-routes.html in
https://docs.aws.amazon.com/apigateway/latest/developerguide/
"""

import re

from local_lambda.application import Route
from local_lambda.template.cloudformation import TemplateError
from local_lambda.template.resource import Resource
from local_lambda.template.stack import Stack

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "ANY")
ANY_METHOD = "x-amazon-apigateway-any-method"
DEFAULT_PATH = "$default"
# Users report these of REST APIs; CDK checks the same.
_REST_PART = re.compile(r"[A-Za-z0-9:._$-]*")
_VARIABLE = re.compile(r"\{[\w.:-]+\+?\}")


class Routes:
    """The routes of a REST API (`kind` "rest") or an HTTP API ("http")."""

    def __init__(self, stack: Stack, kind: str) -> None:
        self._stack = stack
        self._kind = kind
        self._routes: dict[tuple[str, str], tuple[Route, str]] = {}
        self._variables: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._routes)

    def all(self) -> tuple[Route, ...]:
        return tuple(route for route, _ in self._routes.values())

    def find(self, method: str, path: str) -> Route | None:
        found = self._routes.get((method, self._resource(path)))
        return found[0] if found else None

    def methods_of(self, path: str) -> tuple[str, ...]:
        place = self._resource(path)
        return tuple(method for method, other in self._routes if other == place)

    def paths(self) -> tuple[str, ...]:
        """Returns the paths, each once, as they are written."""
        paths = {self._resource(route.path): route.path for route in reversed(self.all())}
        return tuple(reversed(paths.values()))

    def replace(self, route: Route, resource: Resource, way: str) -> None:
        """Adds a route, in the place of one that has the same method and path."""
        self._routes.pop((route.method, self._resource(route.path)), None)
        self.add(route, resource, way)

    def add(self, route: Route, resource: Resource, way: str) -> None:
        """Adds a route, or reports why it is not served."""
        key = (route.method, self._resource(route.path))
        owner = f"{resource.logical_id} ({way})" if way else resource.logical_id
        if key in self._routes:
            self._stack.report(
                resource,
                f"{route.method} {route.path} is a route of {self._routes[key][1]}, too;"
                " that one is served",
                property=way,
                advice="one method and path can have one integration only; remove one of them",
                served=False,
            )
            return
        with self._stack.catching(resource, way):
            if self._kind == "rest":
                _check_characters(route.path)
                self._check_variables(route.path)
            self._routes[key] = (route, owner)

    def _resource(self, path: str) -> str:
        """Returns the resource of a path: a REST API ignores a slash at the end."""
        return (path.rstrip("/") or "/") if self._kind == "rest" else path

    def _check_variables(self, path: str) -> None:
        """Raises TemplateError for a second variable at one place, which API Gateway refuses."""
        parent = ""
        for segment in path.strip("/").split("/"):
            if segment.startswith("{"):
                known = self._variables.setdefault(parent, segment)
                if known != segment:
                    raise TemplateError(
                        f"{path} has {segment} where another path has {known};"
                        " API Gateway allows one variable at one place",
                        advice="use one name for both",
                    )
            parent = f"{parent}/{segment}"


def _check_characters(path: str) -> None:
    """Raises TemplateError for a path of a REST API with characters that it cannot have."""
    for part in path.strip("/").split("/"):
        if not part.startswith("{") and not _REST_PART.fullmatch(part):
            raise TemplateError(
                f"API Gateway refuses the path {path!r}: {part!r} may have letters, digits and"
                " :._$- alone",
                advice="use {name} or {name+} for a part that varies",
            )


def read_method(method: str, property: str = "Method") -> str:
    """Returns the method in capital letters. Raises TemplateError."""
    upper = "ANY" if method.lower() == ANY_METHOD else method.upper()
    if upper not in METHODS:
        raise TemplateError(
            f"{method!r} is no method of API Gateway", property, advice=f"use {_listed(METHODS)}"
        )
    return upper


def check_path(path: str, property: str = "Path") -> str:
    """Returns the path if API Gateway accepts it. Raises TemplateError."""
    if not path.startswith("/"):
        raise TemplateError(
            f"the path {path!r} does not begin with a slash", property, advice=f"write /{path}"
        )
    segments = path[1:].removesuffix("/").split("/")
    if "?" in path:
        raise TemplateError(
            f"the path {path!r} has a query", property, advice="every query reaches the function"
        )
    if path != "/" and "" in segments:
        raise TemplateError(f"the path {path!r} has an empty part", property)
    for index, segment in enumerate(segments):
        is_braced = "{" in segment or "}" in segment
        if is_braced and not _VARIABLE.fullmatch(segment):
            raise TemplateError(
                f"the path {path!r} is malformed at {segment!r}",
                property,
                advice="a path variable is a whole part of a path: {name} or {name+}",
            )
        if segment.endswith("+}") and index < len(segments) - 1:
            raise TemplateError(
                f"the path {path!r} goes on after {segment!r}, which takes all that follows",
                property,
                advice="{name+} can only be at the end",
            )
    return path


def _listed(names: tuple[str, ...]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}"
