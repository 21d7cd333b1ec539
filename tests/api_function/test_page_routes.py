"""Tests how the page and its files are served: their policy, their addresses, their caching."""

import base64
import gzip
import re
from pathlib import Path
from types import SimpleNamespace

import api_function
import pytest
from api_function.page_routes import add_page_routes, read_files
from aws_lambda_powertools import Logger
from dashboard_http.compression import Compression
from dashboard_http.cors import Cors
from dashboard_http.front import Routes, make_handler

STATIC = Path(api_function.__file__).parent / "static"
FOR_EVER = "public, max-age=31536000, immutable"


def handler_of(files, *, on_rest_api=True, fresh_minutes=15):
    compression = Compression(on_rest_api=on_rest_api)

    def routes():
        built = Routes()
        add_page_routes(built, files, compression, fresh_minutes)
        return built

    return make_handler(
        routes,
        Cors(()),
        Logger(service="page", stream=None),
        timer=float,
        compression=compression,
    )


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
    body = response["body"] or ""
    if response["isBase64Encoded"]:
        body = base64.b64decode(body)
    return SimpleNamespace(status=response["statusCode"], headers=headers, body=body)


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


@pytest.mark.parametrize("path", ["/", "/static/live.js", "/static/live.css", "/static/view.js"])
def test_a_client_that_takes_gzip_gets_the_same_file_compressed(api, path):
    plain, compressed = api("GET", path), api("GET", path, accept_encoding="gzip, br")

    assert compressed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert gzip.decompress(compressed.body).decode() == plain.body
    assert len(compressed.body) < len(plain.body) / 2
    assert {each.headers["vary"] for each in (plain, compressed)} == {"Accept-Encoding"}
    head = api("HEAD", path, accept_encoding="gzip, br")
    assert (head.status, head.headers) == (200, compressed.headers)


@pytest.mark.parametrize("front", ["1.0", "2.0"])
def test_a_file_that_is_short_is_sent_as_it_is(front):
    handler = handler_of({"index.html": "", "mark.svg": "<svg/>"})
    response = called(handler, front, "GET", "/static/mark.svg", {"accept-encoding": "gzip"})

    assert (response.body, response.headers["vary"]) == ("<svg/>", "Accept-Encoding")
    assert "content-encoding" not in response.headers


def test_a_rest_api_that_is_not_said_to_carry_bytes_gets_files_as_they_are():
    handler = handler_of(read_files(STATIC), on_rest_api=False)
    response = called(handler, "1.0", "GET", "/static/live.js", {"accept-encoding": "gzip"})
    assert isinstance(response.body, str)
    assert not {"content-encoding", "vary"} & set(response.headers)


def test_each_coding_has_a_tag_of_its_own_and_is_known_by_it(api):
    plain, compressed = (
        api("GET", "/", accept_encoding=coding).headers["etag"] for coding in ("identity", "gzip")
    )
    assert plain != compressed
    for tag in (compressed, f"W/{compressed}", f'"other" , {compressed}', "*"):
        response = api("GET", "/", accept_encoding="gzip", if_none_match=tag)
        assert (response.status, response.body) == (304, "")
        assert response.headers["etag"] == compressed
        assert response.headers["vary"] == "Accept-Encoding"
        assert "content-encoding" not in response.headers

    assert api("GET", "/", accept_encoding="gzip", if_none_match=plain).status == 200
    assert api("GET", "/", if_none_match=compressed).status == 200
    assert api("GET", "/", if_none_match=f"garbage {plain[1:-1]}").status == 200


def test_the_page_says_after_how_many_minutes_an_item_is_old():
    def page(minutes):
        handler = handler_of(read_files(STATIC), fresh_minutes=minutes)
        return called(handler, "2.0", "GET", "/", {})

    fifteen, five = page(15), page(5)

    assert '<meta name="dashboard-fresh-minutes" content="15">' in fifteen.body
    assert '<meta name="dashboard-fresh-minutes" content="5">' in five.body
    assert fifteen.headers["etag"] != five.headers["etag"]
