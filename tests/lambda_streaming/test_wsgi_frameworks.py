"""Flask, Django and Bottle respond through `Wsgi` as they do on waitress, over real sockets."""

import http.server
import re
import threading
import wsgiref.simple_server
from wsgiref.validate import validator

import pytest
from lambda_streaming import Wsgi

from local_lambda.http.messages import HttpRequest as Sent
from tests.lambda_streaming import wsgi_applications as applications
from tests.lambda_streaming.emulated import load_balancer, rest_api
from tests.lambda_streaming.wsgi_serving import Context, asked, other_server, ours
from tests.support.waiting import eventually

HOST = ("host", "shop.example")
MULTIPART = (
    b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
    b'--b\r\nContent-Disposition: form-data; name="f"; filename="x.bin"\r\n'
    b"Content-Type: application/octet-stream\r\n\r\n" + bytes(range(256)) + b"\r\n--b--\r\n"
)
FORM = ("content-type", "application/x-www-form-urlencoded")
FILES = ("content-type", "multipart/form-data; boundary=b")
JSON = ("content-type", "application/json")


def get(target, *headers, method="GET"):
    return Sent(method, target, (HOST, *headers), source_ip="127.0.0.1")


def post(target, body, *headers, method="POST"):
    length = ("content-length", str(len(body)))
    return Sent(method, target, (HOST, length, *headers), body, source_ip="127.0.0.1")


FLASK = [
    get("/stream?q=%C3%BC"),
    get("/breaks"),
    get("/fails"),
    get("/first-piece-fails"),
    get("/teapot"),
    get("/file"),
    get("/file", ("range", "bytes=10-19")),
    get("/file", ("range", "bytes=999999-")),
    get("/file", method="HEAD"),
    get("/file-on-disk"),
    get("/static/page.html"),
    get("/static/nothing"),
    get("/who/%C3%A9%20x", ("cookie", "a=1; b=2; a=3")),
    get("/who/a%2Fb"),
    get("/who"),
    get("/stream", method="HEAD"),
    get("/stream", method="OPTIONS"),
    get("/thing", method="DELETE"),
    get("/thing", method="POST"),
    get("/etag"),
    get("/etag", ("if-none-match", '"abc"')),
    post("/upload", b"a=1&a=2&b=%C3%BC", FORM),
    post("/upload", MULTIPART, FILES),
    post("/upload", b'{"a": "\xc3\xbc"}', JSON, method="PUT"),
    post("/upload", b"\xff\x00", ("content-type", "image/png"), method="PATCH"),
    post("/upload", b""),
]
DJANGO = [
    get("/stream"),
    get("/breaks"),
    get("/fails"),
    get("/file"),
    get("/disk/page.html"),
    get("/disk/page.html", method="HEAD"),
    get("/cookies/%C3%A9/x?y=z", ("cookie", "a=1; b=2")),
    get("/here"),
    get("/nowhere"),
    post("/upload?q=1&q=2", b"a=1&a=2&b=%C3%BC", FORM),
    post("/upload", MULTIPART, FILES),
    post("/upload", b"[1]", JSON),
]
BOTTLE = [
    get("/stream"),
    get("/breaks"),
    get("/fails"),
    get("/static/page.html"),
    get("/static/page.html", ("range", "bytes=1-3")),
    get("/static/page.html", method="HEAD"),
    get("/static/../secret"),
    get("/cookies?a=%C3%BC", ("cookie", "a=1; b=2")),
    get("/redirect"),
    get("/nowhere"),
    post("/upload", b"a=1&b=2", FORM),
    post("/upload", MULTIPART, FILES),
]
CASES = [
    *(("flask_app", each) for each in FLASK),
    *(("django_app", each) for each in DJANGO),
    *(("bottle_app", each) for each in BOTTLE),
]
TIMES = re.compile(rb"0x[0-9a-f]+")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    (folder / "page.html").write_text("<p>é</p>" * 20_000)
    return folder


@pytest.fixture(scope="module")
def apps(folder):
    names = {name for name, _ in CASES}
    return {name: getattr(applications, name)(folder) for name in names}


@pytest.fixture(scope="module")
def servers(apps):
    running = {name: other_server(app) for name, app in apps.items()}
    yield {name: each.__enter__() for name, each in running.items()}
    for each in running.values():
        each.__exit__(None, None, None)


@pytest.mark.parametrize(
    ("name", "request_"),
    CASES,
    ids=[
        f"{name}-{each.method}-{each.target}-{number}" for number, (name, each) in enumerate(CASES)
    ],
)
def test_a_framework_responds_as_on_waitress(name, request_, apps, servers):
    theirs = servers[name](request_)
    found = ours(apps[name], request_)
    if theirs.status == 500 and b"waitress" in theirs.body:  # each server has a text of its own
        theirs.headers = found.headers
        theirs.body = found.body
    theirs.body = TIMES.sub(b"", theirs.body)
    found.body = TIMES.sub(b"", found.body)
    assert found == theirs


@pytest.mark.parametrize("name", ["flask_app", "django_app", "bottle_app"])
def test_a_frameworks_pieces_stay_apart(name, apps):
    assert ours(apps[name], get("/stream")).pieces == [b"one\n", b"two\n", b"three\n"]


@pytest.mark.parametrize("name", ["flask_app", "django_app", "bottle_app"])
def test_a_framework_passes_the_standard_librarys_validator(name, apps):
    found = ours(validator(apps[name]), get("/stream"))
    assert (found.status, found.body) == (200, b"one\ntwo\nthree\n")
    assert found.ended_well


def test_flask_tears_down_when_it_does_on_waitress(folder):
    happened = []
    app = applications.flask_app(folder)
    app.teardown_request(lambda error: happened.append("teardown"))

    @app.get("/order")
    def order():
        def rows():
            happened.append("first")
            yield "1"
            happened.append("second")
            yield "2"

        response = app.response_class(applications.flask.stream_with_context(rows()))
        response.call_on_close(lambda: happened.append("closed"))
        return response

    with other_server(app) as served:
        theirs = served(get("/order"))
        eventually(lambda: happened.count("closed") == 1)
    on_waitress = happened.copy()
    happened.clear()
    assert ours(app, get("/order")) == theirs
    assert happened == on_waitress
    assert happened[-1] == "closed"


def test_flask_makes_its_urls_below_the_stage(apps):
    found = ours(apps["flask_app"], get("/login"), front=rest_api)
    assert found.status == 302
    assert dict(found.headers)["location"] == "/prod/who/%C3%A9"
    cookies = [value for name, value in found.headers if name == "set-cookie"]
    assert len(cookies) == 3


def test_django_makes_its_urls_below_the_stage(apps):
    found = ours(apps["django_app"], get("/here"), front=rest_api)
    assert dict(found.headers)["location"] == "/prod/here/"


def test_flask_sees_the_client_and_the_scheme_that_the_front_tells(apps):
    app = applications.flask.Flask("who")
    app.route("/")(
        lambda: f"{applications.flask.request.remote_addr} {applications.flask.request.scheme}"
    )
    request = Sent("GET", "/", (HOST,), source_ip="203.0.113.7")
    assert ours(app, request).body == b"203.0.113.7 http"

    result = Wsgi(app)(load_balancer(request, multi_value=True), Context())
    assert b"".join(result["body"]) == b"203.0.113.7 http"


@pytest.mark.parametrize("request_", [get("/stream"), get("/who/x"), post("/upload", b"a=1", FORM)])
def test_flask_responds_as_on_the_standard_librarys_server(request_, apps):
    class Quiet(wsgiref.simple_server.WSGIRequestHandler):
        def log_message(self, *_):
            pass

    server = wsgiref.simple_server.make_server(
        "127.0.0.1", 0, apps["flask_app"], handler_class=Quiet
    )
    assert isinstance(server, http.server.HTTPServer)
    thread = threading.Thread(target=server.handle_request)
    thread.start()
    theirs = asked(server.server_port, request_)
    thread.join()
    server.server_close()
    assert ours(apps["flask_app"], request_) == theirs
