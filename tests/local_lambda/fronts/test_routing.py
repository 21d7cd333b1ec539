"""Tests which route a request gets."""

import pytest

from local_lambda.application import Route
from local_lambda.fronts.routing import RouteTable

ROUTES = RouteTable(
    [
        Route("ANY", "/{proxy+}", "rest"),
        Route("GET", "/", "root"),
        Route("GET", "/items/{id}", "one"),
        Route("GET", "/items/fixed", "fixed"),
        Route("POST", "/items/{id}", "post"),
        Route("GET", "/items/{id}/parts/{part}", "part"),
        Route("ANY", "/any", "any"),
        Route("GET", "/any", "any-get"),
    ]
)


@pytest.mark.parametrize(
    ("method", "path", "function", "parameters"),
    [
        ("GET", "/", "root", {}),
        ("GET", "/items/fixed", "fixed", {}),
        ("GET", "/items/a%20b", "one", {"id": "a%20b"}),
        ("GET", "/items/1/", "one", {"id": "1"}),
        ("POST", "/items/1", "post", {"id": "1"}),
        ("GET", "/items/1/parts/2", "part", {"id": "1", "part": "2"}),
        ("GET", "/any", "any-get", {}),
        ("PUT", "/any", "any", {}),
        ("GET", "/deep/er", "rest", {"proxy": "deep/er"}),
    ],
)
def test_the_most_specific_route_wins(method, path, function, parameters):
    match = ROUTES.match(method, path)
    assert (match.route.function, match.path_parameters) == (function, parameters)


def test_the_most_specific_resource_decides_even_without_the_method():
    assert ROUTES.match("DELETE", "/items/fixed") is None
    assert ROUTES.match("POST", "/") is None
