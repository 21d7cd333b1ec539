"""The page and its files: what they may do, how they are named, and how seldom they are asked for."""

import re
from pathlib import Path
from types import SimpleNamespace

import api_function
import pytest
from api_function.one_script import one_script
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

    return make_handler(routes, Cors(()), Logger(service="page", stream=None))


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
    answer = handler(payload_of(*request), None)
    headers = answer.get("headers") or {
        name: ",".join(each) for name, each in answer["multiValueHeaders"].items()
    }
    headers = {name.lower(): value for name, value in headers.items()}
    return SimpleNamespace(status=answer["statusCode"], headers=headers, body=answer["body"] or "")


@pytest.fixture(scope="module")
def handler():
    return handler_of(read_files(STATIC))


@pytest.fixture(params=["1.0", "2.0"])
def api(handler, request):
    """`api(method, path, **headers)` through each front."""
    dashed = lambda headers: {name.replace("_", "-"): value for name, value in headers.items()}  # noqa: E731
    return lambda method, path, **headers: called(
        handler, request.param, method, path, dashed(headers)
    )


def versioned(api, name="live.js"):
    """The address of a file as the page names it."""
    return "/" + re.search(rf"static/\w+/{name}", api("GET", "/").body).group()


def test_the_page_and_its_files_come_with_a_strict_policy(api):
    page, script = api("GET", "/"), api("GET", versioned(api))

    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert script.headers["content-type"] == "text/javascript; charset=utf-8"
    for answer in (page, script):
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_browser_keeps_the_files_for_ever_and_asks_for_the_page_each_time(api):
    page, script = api("GET", "/"), api("GET", versioned(api))

    assert page.headers["cache-control"] == "no-cache"
    assert script.headers["cache-control"] == FOR_EVER
    assert 'static/live.js"' not in page.body


def test_an_address_of_another_version_or_none_is_asked_for_each_time(api):
    for path in ("/static/live.js", "/static/0123456789abcdef/live.js"):
        answer = api("GET", path)
        assert (answer.status, answer.body) == (200, api("GET", versioned(api)).body)
        assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("path", ["/", "/static/live.js"])
def test_what_the_browser_has_is_not_sent_again(api, path):
    tag = api("GET", path).headers["etag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}'):
        answer = api("GET", path, if_none_match=known)
        assert (answer.status, answer.body, answer.headers["etag"]) == (304, "", tag)

    assert api("GET", path, if_none_match='"other"').status == 200


def test_another_content_has_another_address():
    def address(script):
        files = {"index.html": '<script src="static/live.js">', "live.js": script}
        return called(handler_of(files), "2.0", "GET", "/", {}).body

    assert address("1") == address("1") != address("2")


@pytest.mark.parametrize("path", ["/", "/static/live.js"])
def test_head_is_answered_like_get_without_a_body(api, path):
    head, get = api("HEAD", path), api("GET", path)

    assert (head.status, get.status, head.body) == (200, 200, "")
    assert head.headers == get.headers
    assert api("HEAD", "/static/x.js").status == 404


@pytest.mark.parametrize(
    ("asked_for", "location"), [("/live", "./live/"), ("//evil.example", "./evil.example/")]
)
def test_without_its_last_slash_the_page_says_where_it_is(handler, asked_for, location):
    answer = called(handler, "1.0", "GET", "/", {}, asked_for)

    assert (answer.status, answer.headers["location"]) == (308, location)
    assert called(handler, "1.0", "GET", "/", {}, f"{asked_for}/").status == 200


def test_every_file_is_named_by_the_page_or_is_in_the_script():
    page = (STATIC / "index.html").read_text("utf-8")
    files = read_files(STATIC)
    modules = {path.stem for path in STATIC.glob("*.js")}

    assert set(re.findall(r'"static/([^"]+)"', page)) == {"live.js", "live.css", "mark.svg"}
    assert {path.name for path in STATIC.iterdir()} == set(files)
    assert set(re.findall(r"^const (\w+)_js = ", files["live.js"], re.MULTILINE)) == modules


def test_nothing_in_the_page_is_inline_or_from_elsewhere():
    page = (STATIC / "index.html").read_text("utf-8")

    assert not re.search(
        r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)|(src|href)=.(https?:|//|/)", page
    )


@pytest.mark.parametrize("module", sorted(STATIC.glob("*.js")), ids=lambda path: path.name)
def test_a_module_is_short_builds_no_markup_and_imports_what_is_there(module):
    text = module.read_text("utf-8")

    assert len(text.splitlines()) < 150
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|\.style\b", text
    )
    for imported in re.findall(r'from "([^"]+)"', text):
        assert (STATIC / imported).is_file()


# --- the modules as one script


def test_a_module_comes_once_and_after_what_it_imports():
    sources = {
        "a.js": 'import { B } from "./b.js";\nimport { c } from "./c.js";\nnew B(c);\n',
        "b.js": 'import { c } from "./c.js";\nexport class B {}\nexport async function d() {}\n',
        "c.js": "export const c = 1;\n",
    }

    assert one_script("a", sources) == (
        "const c_js = (() => {\nconst c = 1;\nreturn { c };\n})();\n"
        "const b_js = (() => {\nconst { c } = c_js;\nclass B {}\nasync function d() {}\nreturn { B, d };\n})();\n"
        "const a_js = (() => {\nconst { B } = b_js;\nconst { c } = c_js;\nnew B(c);\nreturn {  };\n})();\n"
    )


@pytest.mark.parametrize(
    "source",
    [
        'import b from "./b.js";',
        'import * as b from "./b.js";',
        'import { a as b } from "./b.js";',
        'import "./b.js";',
        "export default 1;",
        "export let b = 1;",
        "export { b };",
        'export { b } from "./b.js";',
        'const b = await import("./b.js");',
        "const b = import.meta.url;",
    ],
)
def test_another_form_of_import_or_export_is_refused(source):
    with pytest.raises(ValueError, match=r"^a\.js: .* is of no form that is known here$"):
        one_script("a", {"a.js": source + "\n", "b.js": "export const b = 1;\n"})


def test_modules_that_import_each_other_are_refused():
    sources = {"a.js": 'import { b } from "./b.js";\n', "b.js": 'import { a } from "./a.js";\n'}
    with pytest.raises(ValueError, match=r"^a\.js imports itself by way of b\.js$"):
        one_script("a", sources)
