"""Finds the route of a REST API or an HTTP API for a request.

REST: fixed segments win over `{param}`, and `{param}` wins over `{proxy+}`; page
api-gateway-method-settings-method-request.html. HTTP: full matches of path and method win over
`{proxy+}`, and that wins over `$default`; page http-api-develop-routes.html. Both are in
https://docs.aws.amazon.com/apigateway/latest/developerguide/
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

from local_lambda.application import Route

ANY = "ANY"
DEFAULT = "$default"
# https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-set-up-simple-proxy.html
METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")


class RouteMatch(NamedTuple):
    route: Route
    path_parameters: dict[str, str]


class RouteTable:
    """Holds the routes of a REST API."""

    def __init__(self, routes: Iterable[Route]) -> None:
        ordered = sorted(routes, key=_specificity)
        self._entries = [(_pattern(route.path.rstrip("/")), route) for route in ordered]

    def match(self, method: str, path: str) -> RouteMatch | None:
        """Returns the route and its path parameters, encoded as the client sent them.

        Only the most specific resource counts: when it has no such method the result is None, as
        on API Gateway.
        """
        resource = None
        for pattern, route in self._entries:
            if resource is not None and route.path != resource:
                break
            found = pattern.fullmatch(path.rstrip("/") or "/")
            if not found:
                continue
            resource = route.path
            if route.method in (method, ANY):
                return RouteMatch(route, _parameters(route, found))
        return None


class HttpRouteTable:
    """Holds the routes of an HTTP API."""

    def __init__(self, routes: Iterable[Route]) -> None:
        ordered = sorted(routes, key=lambda route: (_is_greedy(route), *_specificity(route)))
        self._default = next((route for route in ordered if route.path == DEFAULT), None)
        self._entries = [
            (_pattern(route.path), route) for route in ordered if route.path != DEFAULT
        ]

    def match(self, method: str, path: str) -> RouteMatch | None:
        """Returns the route and its path parameters. `path` is decoded."""
        for pattern, route in self._entries:
            found = pattern.fullmatch(path)
            if found and route.method in (method, ANY):
                return RouteMatch(route, _parameters(route, found))
        return RouteMatch(self._default, {}) if self._default else None


def _parameters(route: Route, found: re.Match[str]) -> dict[str, str]:
    names = re.findall(r"\{([^}+]+)\+?\}", route.path)
    return dict(zip(names, found.groups(), strict=False))


def _pattern(path: str) -> re.Pattern[str]:
    segments = [_segment(segment) for segment in (path or "/").split("/")]
    return re.compile("/".join(segments), re.DOTALL)


def _segment(segment: str) -> str:
    if segment.startswith("{") and segment.endswith("+}"):
        return "(.+)"
    if segment.startswith("{") and segment.endswith("}"):
        return "([^/]+)"
    return re.escape(segment)


def _specificity(route: Route) -> tuple[tuple[int, ...], str, bool]:
    """Returns a sort key: more specific resources first, ANY after the other methods."""
    kinds = tuple(_kind(segment) for segment in route.path.strip("/").split("/"))
    return (kinds, route.path, route.method == ANY)


def _is_greedy(route: Route) -> bool:
    return route.path.endswith("+}")


def _kind(segment: str) -> int:
    if not segment.startswith("{"):
        return 0
    return 2 if segment.endswith("+}") else 1
