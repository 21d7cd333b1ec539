"""Tests how the page and its files are served: their policy, their addresses, their caching."""

import re
from pathlib import Path
from types import SimpleNamespace

import api_function
import pytest
from api_function.page_routes import add_page_routes, read_files
from aws_lambda_powertools import Logger
from dashboard_http.cors import Cors
from dashboard_http.front import Routes, make_handler

STATIC = Path(api_function.__file__).parent / "static"
FOR_EVER = "public, max-age=31536000, immutable"


def handler_of(files):
    def routes():
        built = Routes()
        add_page_routes(built, files)
        return built

    return make_handler(routes, Cors(()), Logger(service="page", stream=None), timer=float)


def payload_of(front, method, path, headers, asked_for=None):
    shared = {"headers": headers, "body": None, "isBase64Encoded": False}
    if front == "2.0":
        context = {"http": {"method": method, "path": path}, "stage": "$default"}
        return shared | {
            "version": "2.0",
            "rawPath": path,
            "rawQueryString": "",
            "requestContext": context,
        }
    context = {"httpMethod": method, "stage": "live", "path": asked_for or f"/live{path}"}
    return shared | {
        "resource": path,
        "path": path,
        "httpMethod": method,
        "requestContext": context,
    }


def called(handler, *request):
    response = handler(payload_of(*request), None)
    headers = response.get("headers") or {
        name: ",".join(each) for name, each in response["multiValueHeaders"].items()
    }
    headers = {name.lower(): value for name, value in headers.items()}
    return SimpleNamespace(
        status=response["statusCode"], headers=headers, body=response["body"] or ""
    )


@pytest.fixture(scope="module")
def handler():
    return handler_of(read_files(STATIC))


@pytest.fixture(params=["1.0", "2.0"])
def api(handler, request):
    """Returns `api(method, path, **headers)`, which asks through each front."""

    def ask(method, path, **headers):
        dashed = {name.replace("_", "-"): value for name, value in headers.items()}
        return called(handler, request.param, method, path, dashed)

    return ask


def versioned(api, name="live.js"):
    """Returns the address of a file as the page names it."""
    return "/" + re.search(rf"static/\w+/{name}", api("GET", "/").body).group()


def test_the_page_and_its_files_come_with_a_strict_policy(api):
    page, script = api("GET", "/"), api("GET", versioned(api))

    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert script.headers["content-type"] == "text/javascript; charset=utf-8"
    for response in (page, script):
        assert "default-src 'none'" in response.headers["content-security-policy"]
        assert "unsafe" not in response.headers["content-security-policy"]
        assert response.headers["x-content-type-options"] == "nosniff"


def test_a_browser_keeps_the_files_for_ever_and_asks_for_the_page_each_time(api):
    page, script = api("GET", "/"), api("GET", versioned(api))

    assert page.headers["cache-control"] == "no-cache"
    assert script.headers["cache-control"] == FOR_EVER
    assert 'static/live.js"' not in page.body


def test_an_address_of_another_version_or_none_is_asked_for_each_time(api):
    for path in ("/static/live.js", "/static/0123456789abcdef/live.js"):
        response = api("GET", path)
        assert (response.status, response.body) == (200, api("GET", versioned(api)).body)
        assert response.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("path", ["/", "/static/live.js"])
def test_what_the_browser_has_is_not_sent_again(api, path):
    tag = api("GET", path).headers["etag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}'):
        response = api("GET", path, if_none_match=known)
        assert (response.status, response.body, response.headers["etag"]) == (304, "", tag)

    assert api("GET", path, if_none_match='"other"').status == 200


def test_another_content_has_another_address():
    def address(script):
        files = {"index.html": '<script src="static/live.js">', "live.js": script}
        return called(handler_of(files), "2.0", "GET", "/", {}).body

    assert address("1") == address("1") != address("2")


@pytest.mark.parametrize("path", ["/", "/static/live.js"])
def test_head_has_the_response_of_get_whose_body_the_front_leaves_out(api, path):
    head, get = api("HEAD", path), api("GET", path)

    assert (head.status, get.status, head.body) == (200, 200, get.body)
    assert head.headers == get.headers
    assert api("HEAD", "/static/x.js").status == 404


@pytest.mark.parametrize(
    ("asked_for", "location"), [("/live", "./live/"), ("//evil.example", "./evil.example/")]
)
def test_without_its_last_slash_the_page_says_where_it_is(handler, asked_for, location):
    response = called(handler, "1.0", "GET", "/", {}, asked_for)

    assert (response.status, response.headers["location"]) == (308, location)
    assert called(handler, "1.0", "GET", "/", {}, f"{asked_for}/").status == 200
