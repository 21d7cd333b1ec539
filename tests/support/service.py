"""Reaches the whole service as a client does: under the emulator, or at --base-url."""

import contextlib
import json
import os
import secrets
import socket
import threading
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
import requests
from event_stream import Decoder, Received

from local_lambda import Emulator
from tests.support import producer
from tests.support.paths import ROOT
from tests.support.tools import ARCHITECTURE
from tests.support.waiting import eventually

TICKERS = ("AAPL", "MSFT", "TSLA")
# The ids of our items begin with this: at a deployed address, others write items too.
OURS = f"e2e-{secrets.token_hex(4)}-"
SENTIMENTS = ("positive", "neutral", "negative")


class Client:
    """One open stream. A thread of its own reads it and notes when each event arrives."""

    def __init__(
        self, url: str, headers: dict[str, str] | None = None, method: str = "GET"
    ) -> None:
        self.events: list[Received] = []
        self.times: list[float] = []
        self.chunks: list[tuple[float, bytes]] = []
        self.decoder = Decoder()
        self.opened_at = time.monotonic()
        self.response = requests.request(
            method, url, headers=headers or {}, stream=True, timeout=30
        )
        self.ended = threading.Event()
        if self.response.status_code == 200:
            threading.Thread(target=self._read, daemon=True).start()
        else:
            self.response.content  # noqa: B018  (reads it)
            self.ended.set()

    def _read(self) -> None:
        try:
            for chunk in self.response.iter_content(None):
                self.chunks.append((time.monotonic(), chunk))
                for event in self.decoder.feed(chunk):
                    self.times.append(time.monotonic())
                    self.events.append(event)
        except (requests.RequestException, OSError, AttributeError):
            pass  # the stream was cut, or closed here
        self.ended.set()

    def of_type(self, event_type: str) -> list[dict[str, Any]]:
        return [json.loads(event.data) for event in list(self.events) if event.type == event_type]

    def item_ids(self) -> list[str]:
        """Returns the ids of the items that this run wrote."""
        return [
            item["item_id"] for item in self.of_type("new_item") if item["item_id"].startswith(OURS)
        ]

    def wait_for(self, event_type: str, count: int = 1, within_s: float = 10) -> dict[str, Any]:
        """Waits for the event of that type and number, and returns its data."""
        eventually(lambda: len(self.of_type(event_type)) >= count, within_s)
        return self.of_type(event_type)[count - 1]

    def wait_for_items(self, count: int = 1, within_s: float = 10) -> list[str]:
        """Waits for as many items that this run wrote, and returns their ids."""
        eventually(lambda: len(self.item_ids()) >= count, within_s)
        return self.item_ids()

    def time_of(self, item_id: str) -> float:
        return next(
            at for at, event in zip(self.times, self.events, strict=False) if item_id in event.data
        )

    def challenge(self) -> str | None:
        """Returns `WWW-Authenticate`, which both of Lambda's real fronts are reported to rename."""
        headers = self.response.headers
        return headers.get("WWW-Authenticate") or headers.get("x-amzn-Remapped-WWW-Authenticate")

    def close(self) -> None:
        """Closes the stream at once.

        The reading thread holds a lock that `close` needs until bytes come.
        """
        if connection := self.response.raw.connection:
            with contextlib.suppress(OSError):
                connection.sock.shutdown(socket.SHUT_RDWR)
        self.response.close()


class Service:
    """The service at its addresses.

    `emulator` is None for a deployed service, where others may watch and write as well.
    """

    def __init__(
        self,
        base_url: str,
        stream_url: str | None,
        table: str | None,
        dynamodb_url: str | None = None,
        emulator: Emulator | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.stream_url = (stream_url or base_url).rstrip("/")
        self.emulator = emulator
        self.table = table
        self.dynamodb: Any = None
        if table and dynamodb_url:
            self.dynamodb = producer.client_at(dynamodb_url)
        elif table:
            self.dynamodb = boto3.client("dynamodb")
        self._open: list[Client] = []

    def fronts(self) -> dict[str, str]:
        return {"api": self.base_url, "function url": self.stream_url}

    def stream(self, path: str = "/api/v2/stream", front: str = "api", **headers: str) -> Client:
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        client = Client(self.fronts()[front] + path, headers)
        self._open.append(client)
        return client

    def say_goodbye_to_all(self) -> None:
        """Frees every slot for the next test: functions do not learn that a client has gone."""
        for client in self._open:
            if connection_id := client.response.headers.get("X-Connection-Id"):
                self.call("POST", f"/api/v2/stream/connections/{connection_id}/close")
        for client in self._open:
            client.ended.wait(10)
            client.close()
        self._open.clear()

    def call(
        self, method: str, path: str, body: Any = None, token: str | None = None, **headers: str
    ) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}"} | headers if token else headers
        return requests.request(
            method, self.base_url + path, json=body, headers=headers, timeout=15
        )

    def sign_in(self) -> str:
        return self.call("POST", "/api/v2/auth/anonymous").json()["token"]

    def put(
        self, item_id: str | None = None, tags: Iterable[str] | None = None, **changed: str
    ) -> str:
        """Writes one item as any producer would; returns its id."""
        if not self.dynamodb:
            pytest.skip("writing items needs --table")
        item_id = item_id or OURS + secrets.token_hex(6)
        number = secrets.randbelow(9)
        texts = {
            "ticker": TICKERS[number % 3],
            "sentiment": SENTIMENTS[number // 3],
            "timestamp": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
            "title": "never streamed",
        }
        record = producer.record(item_id, tags, **(texts | changed))
        self.dynamodb.put_item(TableName=self.table, Item=record)
        return item_id


def emulated(parameters: dict[str, str]) -> Emulator:
    """Runs the source under the emulator.

    If E2E_TEMPLATE names the template that `sam build` has written, it runs the built files.
    """
    if not (built := os.environ.get("E2E_TEMPLATE")):
        return Emulator(ROOT / "template.yaml", parameters=parameters)
    return Emulator(
        ROOT / built, "--isolated", parameters={**parameters, "Architecture": ARCHITECTURE}
    )
