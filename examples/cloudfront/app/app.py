"""Streams the words of a text that was posted, one by one; and a clock, for EventSource."""

import base64
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from lambda_streaming import sse

LONGEST_TEXT = 2_000
PAUSE_S = 0.2
CLOCK_LIFE_S = 100

Payload = dict[str, Any]
Response = dict[str, Any]


def handler(event: Payload, context: object) -> Response:
    route = (event["requestContext"]["http"]["method"], event["rawPath"])
    if route not in ROUTES:
        return problem(404, "there is no such page")
    return ROUTES[route](event)


def post_words(event: Payload) -> Response:
    try:
        text = json.loads(body_of(event))["text"]
    except (ValueError, KeyError, TypeError):
        text = None
    if not isinstance(text, str) or len(text) > LONGEST_TEXT:
        return problem(400, f"text must be a text of at most {LONGEST_TEXT} characters")
    return streamed(words(text))


def words(text: str) -> Iterator[str]:
    for word in text.split():
        yield word
        time.sleep(PAUSE_S)


def get_clock(event: Payload) -> Response:
    return streamed(clock())


def clock() -> Iterator[str]:
    for _ in range(CLOCK_LIFE_S):
        yield time.strftime("%H:%M:%S UTC", time.gmtime())
        time.sleep(1)


def streamed(source: Iterator[str]) -> Response:
    body = sse(source)  # with `Cache-Control: no-cache`, and a comment every 15 s of silence
    return {"statusCode": 200, "headers": body.headers, "body": body}


def body_of(event: Payload) -> bytes:
    body = (event.get("body") or "").encode()
    return base64.b64decode(body) if event.get("isBase64Encoded") else body


def problem(status: int, text: str) -> Response:
    headers = {"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store"}
    return {"statusCode": status, "headers": headers, "body": f"{text}\n"}


def file(name: str, content_type: str) -> Callable[[Payload], Response]:
    text = Path(__file__).with_name(name).read_text("utf-8")
    headers = {
        "Content-Type": f"{content_type}; charset=utf-8",
        "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'",
    }
    return lambda _event: {"statusCode": 200, "headers": headers, "body": text}


ROUTES: dict[tuple[str, str], Callable[[Payload], Response]] = {
    ("GET", "/"): file("page.html", "text/html"),
    ("GET", "/page.js"): file("page.js", "text/javascript"),
    ("GET", "/clock"): get_clock,
    ("POST", "/words"): post_words,
}
