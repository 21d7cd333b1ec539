"""Finds the route of a REST API for a request.

Fixed segments win over `{param}`, and `{param}` wins over `{proxy+}`.

Page api-gateway-method-settings-method-request.html in
https://docs.aws.amazon.com/apigateway/latest/developerguide/
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

from local_lambda.application import Route

ANY = "ANY"


class RouteMatch(NamedTuple):
    route: Route
    path_parameters: dict[str, str]


class RouteTable:
    def __init__(self, routes: Iterable[Route]) -> None:
        ordered = sorted(routes, key=_specificity)
        self._entries = [(_pattern(route.path), route) for route in ordered]

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
                names = re.findall(r"\{([^}+]+)\+?\}", route.path)
                return RouteMatch(route, dict(zip(names, found.groups(), strict=True)))
        return None


def _pattern(path: str) -> re.Pattern[str]:
    segments = [_segment(segment) for segment in (path.rstrip("/") or "/").split("/")]
    return re.compile("/".join(segments) or "/")


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


def _kind(segment: str) -> int:
    if not segment.startswith("{"):
        return 0
    return 2 if segment.endswith("+}") else 1
