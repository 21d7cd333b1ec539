"""Streams events to those who may have them: with a cookie, or with a bearer token.

Whatever is refused is refused before the first byte, with a status that a client can read.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from front import Request, request_of
from lambda_streaming import sse
from prices import first_second, prices
from sessions import LIFE_S, Session, Sessions, is_same

USER = os.environ["DEMO_USER"]
PASSWORD = os.environ["DEMO_PASSWORD"]
SESSIONS = Sessions(os.environ["SESSION_KEY"].encode())
ALLOWED_ORIGINS = frozenset(filter(None, os.environ["ALLOWED_ORIGINS"].split(",")))
SAME_SITE = os.environ["COOKIE_SAME_SITE"]
COOKIE = "session"
STREAM_LIFE_S = 240

Response = dict[str, Any]


def handler(event: dict[str, Any], context: object) -> Response:
    request = request_of(event)
    origin = request.headers.get("origin", "")
    if origin and not is_allowed(origin, request):
        # A foreign page must not act with a visitor's cookie, though it could not read the
        # response. Without CORS headers it cannot read this one either.
        return refused(403, "origin_not_allowed")
    response = respond(request)
    response["headers"] = {**response.get("headers", {}), **cors_headers(origin)}
    return response


def respond(request: Request) -> Response:
    route = ROUTES.get((request.method, request.path))
    if route:
        return route(request)
    if request.method == "OPTIONS":
        return preflight()
    is_known = any(path == request.path for _, path in ROUTES)
    return refused(405, "method_not_allowed") if is_known else refused(404, "not_found")


# --- who may


def is_allowed(origin: str, request: Request) -> bool:
    """Tells whether pages of an origin may use this function: its own, and those of the setting."""
    return origin in ALLOWED_ORIGINS or urlsplit(origin).netloc == request.headers.get("host")


def session_of(request: Request) -> Session | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return SESSIONS.read(token.strip(), "bearer", time.time())
    return SESSIONS.read(request.cookie(COOKIE), "cookie", time.time())


def has_logged_in(request: Request) -> bool:
    fields = request.json()
    # Both are compared in any case, so that the time does not tell which one was wrong.
    is_user = is_same(fields.get("user"), USER)
    is_password = is_same(fields.get("password"), PASSWORD)
    return is_user and is_password


def cors_headers(origin: str) -> dict[str, str]:
    """Returns the headers that let a page read a response. `Vary` keeps caches from mixing them."""
    headers = {"Vary": "Origin, Cookie, Authorization"}
    if origin in ALLOWED_ORIGINS:
        headers["Access-Control-Allow-Origin"] = origin
        headers["Access-Control-Allow-Credentials"] = "true"
    return headers


# --- routes


def events(request: Request) -> Response:
    session = session_of(request)
    if session is None:
        return refused(401, "not_logged_in")
    now_s = time.time()
    until_s = min(session.until_s, now_s + STREAM_LIFE_S)
    first = first_second(request.headers.get("last-event-id"), now_s)
    # The client comes back after each end, so there is no event that says so.
    body = sse(prices(session.user, first, until_s), retry_ms=1_000, end_event=None)
    return {"statusCode": 200, "headers": body.headers, "body": body}


def login(request: Request) -> Response:
    """Sets a cookie that scripts cannot read, for pages."""
    if not has_logged_in(request):
        return refused(401, "wrong_user_or_password")
    token = SESSIONS.token(USER, "cookie", time.time())
    return {"statusCode": 204, "cookies": [cookie(token, LIFE_S)]}


def logout(request: Request) -> Response:
    return {"statusCode": 204, "cookies": [cookie("", 0)]}


def token(request: Request) -> Response:
    """Gives a bearer token, for programs, and for pages of another site."""
    if not has_logged_in(request):
        return refused(401, "wrong_user_or_password")
    made = SESSIONS.token(USER, "bearer", time.time())
    return as_json(200, f'{{"token": "{made}", "expires_in_s": {LIFE_S}}}')


def preflight() -> Response:
    headers = {
        "Access-Control-Allow-Methods": "GET, POST",
        "Access-Control-Allow-Headers": "authorization, content-type, last-event-id",
        "Access-Control-Max-Age": "600",
    }
    return {"statusCode": 204, "headers": headers}


def cookie(value: str, life_s: int) -> str:
    return f"{COOKIE}={value}; Max-Age={life_s}; Path=/; HttpOnly; Secure; SameSite={SAME_SITE}"


def refused(status: int, reason: str) -> Response:
    return as_json(status, f'{{"error": "{reason}"}}')


def as_json(status: int, text: str) -> Response:
    headers = {"Content-Type": "application/json", "Cache-Control": "no-store"}
    return {"statusCode": status, "headers": headers, "body": f"{text}\n"}


def file(name: str, content_type: str) -> Callable[[Request], Response]:
    text = Path(__file__).with_name(name).read_text("utf-8")
    headers = {
        "Content-Type": f"{content_type}; charset=utf-8",
        "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff",
    }
    return lambda _request: {"statusCode": 200, "headers": dict(headers), "body": text}


ROUTES: dict[tuple[str, str], Callable[[Request], Response]] = {
    ("GET", "/"): file("page.html", "text/html"),
    ("GET", "/page.js"): file("page.js", "text/javascript"),
    ("GET", "/events"): events,
    ("POST", "/login"): login,
    ("POST", "/logout"): logout,
    ("POST", "/token"): token,
}
