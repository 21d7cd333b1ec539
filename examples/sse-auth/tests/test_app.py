"""Asks the function in this process, as a Function URL and as a REST API; nothing is served."""

import json
import time

import app
import pytest
from prices import first_second, prices

PASSWORD = {"user": "demo", "password": "correct horse battery"}
HOST = "abc.lambda-url.eu-west-1.on.aws"
ALLOWED = "https://www.example.com"


def at_url(method, path, headers, body):
    return {
        "version": "2.0",
        "rawPath": path,
        "headers": {"host": HOST, **headers},
        "cookies": [headers["cookie"]] if "cookie" in headers else [],
        "requestContext": {"http": {"method": method}},
        "body": body,
    }


def at_api(method, path, headers, body):
    return {
        "version": "1.0",
        "httpMethod": method,
        "headers": {"Host": HOST, **{name.title(): value for name, value in headers.items()}},
        "pathParameters": {"proxy": path[1:]} if path != "/" else None,
        "body": body,
    }


@pytest.fixture(params=[at_url, at_api])
def ask(request):
    def ask(method, path, fields=None, **headers):
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        body = json.dumps(fields) if fields is not None else None
        return app.handler(request.param(method, path, names, body), None)

    return ask


def cookie_of(response):
    return response["cookies"][0].partition(";")[0]


def test_a_login_sets_a_cookie_that_scripts_cannot_read(ask):
    response = ask("POST", "/login", PASSWORD)

    (cookie,) = response["cookies"]
    assert response["statusCode"] == 204
    assert cookie.startswith("session=")
    assert {"HttpOnly", "Secure", "SameSite=Lax", "Path=/"} <= {*cookie.split("; ")}


@pytest.mark.parametrize(
    "fields",
    [
        {},
        [],
        {"user": "demo"},
        {"user": "demo", "password": "correct horse batterz"},
        {"user": "Demo", "password": "correct horse battery"},
        {"user": ["demo"], "password": 1},
        {"user": "d\ud800", "password": "\ud800"},
    ],
)
@pytest.mark.parametrize("path", ["/login", "/token"])
def test_a_wrong_login_is_401_and_gives_nothing(ask, path, fields):
    response = ask("POST", path, fields)

    assert response["statusCode"] == 401
    assert "cookies" not in response
    assert "token" not in response["body"]


def test_a_cookie_opens_a_stream(ask):
    response = ask("GET", "/events", cookie=cookie_of(ask("POST", "/login", PASSWORD)))

    assert response["statusCode"] == 200
    assert response["headers"]["Content-Type"] == "text/event-stream"
    response["body"].close()


def test_a_bearer_token_opens_a_stream_and_is_no_cookie(ask):
    token = json.loads(ask("POST", "/token", PASSWORD)["body"])["token"]

    opened = ask("GET", "/events", authorization=f"bearer {token}")
    opened["body"].close()
    assert opened["statusCode"] == 200
    assert ask("GET", "/events", cookie=f"session={token}")["statusCode"] == 401


def changed(token):
    return token[:-1] + ("0" if token[-1] != "0" else "1")


def with_another_time(token):
    name, until, signature = token.split(".")
    return f"{name}.{int(until) + 1}.{signature}"


@pytest.mark.parametrize("change", [changed, with_another_time, lambda _: "", lambda _: "a.b.ü"])
def test_a_token_that_was_changed_opens_nothing(ask, change):
    token = json.loads(ask("POST", "/token", PASSWORD)["body"])["token"]

    assert ask("GET", "/events", authorization=f"Bearer {change(token)}")["statusCode"] == 401


def test_a_token_ends():
    token = app.SESSIONS.token("demo", "cookie", now_s=1_000)

    assert app.SESSIONS.read(token, "cookie", now_s=4_599).user == "demo"
    assert app.SESSIONS.read(token, "cookie", now_s=4_600) is None


def test_an_allowed_page_may_read_even_a_refusal(ask):
    response = ask("GET", "/events", origin=ALLOWED)

    assert response["statusCode"] == 401
    assert response["headers"]["Access-Control-Allow-Origin"] == ALLOWED
    assert response["headers"]["Access-Control-Allow-Credentials"] == "true"
    assert "Origin" in response["headers"]["Vary"]


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "https://www.example.com.evil.example", "x"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_another_page_gets_nothing_even_with_a_visitors_cookie(ask, method, origin):
    cookie = cookie_of(ask("POST", "/login", PASSWORD))

    response = ask(method, "/events", origin=origin, cookie=cookie)
    assert response["statusCode"] == 403
    assert not [name for name in response["headers"] if name.startswith("Access-Control")]


def test_its_own_page_is_no_other(ask):
    assert ask("POST", "/login", PASSWORD, origin=f"https://{HOST}")["statusCode"] == 204


def test_a_preflight_allows_what_the_page_sends(ask):
    response = ask("OPTIONS", "/events", origin=ALLOWED)

    allowed = response["headers"]["Access-Control-Allow-Headers"].split(", ")
    assert (response["statusCode"], set(allowed)) == (
        204,
        {"authorization", "content-type", "last-event-id"},
    )


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/nothing", 404), ("GET", "/login", 405)]
)
def test_what_is_not_there_is_not_there(ask, method, path, status):
    assert ask(method, path)["statusCode"] == status


@pytest.mark.parametrize(
    ("last", "first"),
    [
        (None, 1_000),
        ("995", 996),
        ("1", 940),  # at most a minute is repeated
        ("5000", 1_001),  # an id that is not ours yet
        ("-5", 1_000),
        ("9" * 5_000, 1_000),
        ("²", 1_000),
    ],
)
def test_a_client_that_comes_back_gets_what_it_has_missed(last, first):
    assert first_second(last, now_s=1_000.9) == first


def test_events_that_were_missed_come_at_once():
    now = int(time.time())
    events = [*prices("demo", now - 3, now)]

    assert [event.id for event in events] == [str(now - 3), str(now - 2), str(now - 1)]
