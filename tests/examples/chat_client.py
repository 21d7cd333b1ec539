"""Asks an example of chat, and reads its events as they come."""

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import requests
from event_stream import Decoder

TOKEN = "local-chat-token"
WITHIN_S = 20


@contextlib.contextmanager
def asking(url: str, body: object, token: str = TOKEN) -> Iterator[Iterator[tuple[str, Any]]]:
    """Sends a request, and yields the events: pairs of type and data."""
    with _posted(url, body, token) as response:
        assert response.status_code == 200, response.text
        assert response.headers["Content-Type"].startswith("text/event-stream")
        yield events(response)


def ask(url: str, body: object) -> list[tuple[str, Any]]:
    with asking(url, body) as arriving:
        return [*arriving]


def refused(url: str, body: object, token: str = TOKEN) -> tuple[int, str]:
    """Returns the status and the message of a response that is no stream."""
    with _posted(url, body, token) as response:
        return response.status_code, response.json()["message"]


def conversation(*texts: str) -> dict[str, Any]:
    roles = ("user", "assistant")
    messages = [{"role": roles[number % 2], "text": text} for number, text in enumerate(texts)]
    return {"messages": messages}


def events(response: requests.Response) -> Iterator[tuple[str, Any]]:
    decoder = Decoder()
    for piece in response.iter_content(chunk_size=None):
        for event in decoder.feed(piece):
            yield event.type, json.loads(event.data)


def _posted(url: str, body: object, token: str) -> requests.Response:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return requests.post(url, data=data, headers=headers, stream=True, timeout=WITHIN_S)
