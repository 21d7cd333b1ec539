"""Tests which path the routes see, with the payloads that the fronts send."""

from urllib.parse import quote

import pytest
from dashboard_http.paths import normal_path, requested_path, routed_path
from hypothesis import given
from hypothesis import strategies as st


def rest(resource, path, requested=None, **parameters):
    """A payload as a REST API sends it: every path as the client has sent it."""
    return {
        "resource": resource,
        "path": path,
        "httpMethod": "GET",
        "pathParameters": parameters or None,
        "requestContext": {"path": requested or f"/live{path}", "stage": "live"},
    }


def url(raw_path, decoded=None):
    return {
        "rawPath": raw_path,
        "requestContext": {"http": {"method": "GET", "path": decoded or raw_path}},
    }


CONFIGURATION = "/api/v2/configurations/{config_id}/stream"


@pytest.mark.parametrize(
    ("payload", "path"),
    [
        (rest("/", "/"), "/"),
        (rest("/{proxy+}", "/health", proxy="health"), "/health"),
        (rest("/{proxy+}", "/health/", proxy="health/"), "/health"),
        (rest("/{proxy+}", "//health", proxy="/health"), "/health"),
        (rest("/{proxy+}", "/dash/health", "/dash/health", proxy="health"), "/health"),
        (rest("/", "/dash", "/dash"), "/"),
        (rest("/api/v2/stream", "/a/b/api/v2/stream", "/a/b/api/v2/stream"), "/api/v2/stream"),
        (
            rest(CONFIGURATION, "/dash/api/v2/configurations/x-1/stream", config_id="x-1"),
            "/api/v2/configurations/x-1/stream",
        ),
        (
            rest(CONFIGURATION, "/api/v2/configurations/a%2Fb/stream", config_id="a%2Fb"),
            "/api/v2/configurations/a%2Fb/stream",
        ),
        (
            rest(CONFIGURATION, "/api/v2/configurations/a/b/stream", config_id="a/b"),
            "/api/v2/configurations/a%2Fb/stream",
        ),
        (
            rest("/{proxy+}", "/static/space%20value", proxy="static/space%20value"),
            "/static/space%20value",
        ),
        (rest("/{proxy+}", "/health"), "/health"),  # a test in the console sends no parameters
        (url("/"), "/"),
        (url(""), "/"),
        (url("/api/v2/stream/"), "/api/v2/stream"),
        (url("//api//v2/stream"), "/api/v2/stream"),
        (url("/api/v2/str%65am", "/api/v2/stream"), "/api/v2/stream"),
        (url("/capture/space%20value", "/capture/space value"), "/capture/space%20value"),
    ],
)
def test_the_routes_see_the_path_below_stage_and_base_path(payload, path):
    assert routed_path(payload) == path


@pytest.mark.parametrize(
    ("raw_path", "path"),
    [
        ("/dash", "/"),
        ("/dash/", "/"),
        ("/dash/api/v2/stream", "/api/v2/stream"),
        ("//dash/api/v2/stream", "/api/v2/stream"),
        ("/api/v2/stream", "/api/v2/stream"),
        ("/dashboard/x", "/dashboard/x"),
        ("/dash/dash/x", "/dash/x"),
    ],
)
def test_on_a_function_url_the_set_base_path_is_taken_away_once(raw_path, path):
    assert routed_path(url(raw_path), "/dash") == path


def test_api_gateway_takes_its_base_path_away_itself_even_one_that_looks_like_a_route():
    payload = rest("/{proxy+}", "/api/api/v2/metrics", proxy="api/v2/metrics")

    assert routed_path(payload, "/api") == "/api/v2/metrics"


@pytest.mark.parametrize(
    ("payload", "path"),
    [
        (rest("/", "/", "/live"), "/live"),
        (rest("/", "/", "/live/"), "/live/"),
        (rest("/", "/dash", "/dash"), "/dash"),
        (url("/dash/"), "/dash/"),
        (url("/dash"), "/dash"),
        (url("/"), "/"),
        ({"requestContext": {}}, "/"),
    ],
)
def test_what_the_client_asked_for_has_the_stage_and_the_base_path(payload, path):
    assert requested_path(payload) == path


@given(st.text(max_size=40))
def test_every_path_has_one_normal_form_that_stays(path):
    normal = normal_path(path)

    assert normal_path(normal) == normal
    assert normal.startswith("/")
    assert "//" not in normal
    assert normal.isascii()


@given(st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=5))
def test_encoded_segments_stay_the_segments_that_they_are(segments):
    path = "/" + "/".join(quote(each, safe="", errors="replace") for each in segments)

    assert normal_path(path) == path
