"""Reaches the whole service as a client does: under the emulator, or at --base-url."""

import contextlib
import json
import os
import platform
import secrets
import socket
import threading
import time
from datetime import UTC, datetime

import boto3
import pytest
import requests
from event_stream import Decoder

from local_lambda import Emulator
from tests.support import producer
from tests.support.paths import ROOT
from tests.support.waiting import eventually

TICKERS = ("AAPL", "MSFT", "TSLA")
# The ids of our items begin with this: at a deployed address, others write items too.
OURS = f"e2e-{secrets.token_hex(4)}-"
SENTIMENTS = ("positive", "neutral", "negative")


class Client:
    """One open stream. A thread of its own reads it and notes when each event arrives."""

    def __init__(self, url, headers=None, method="GET"):
        self.events, self.times, self.chunks, self.decoder = [], [], [], Decoder()
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

    def _read(self):
        try:
            for chunk in self.response.iter_content(None):
                self.chunks.append((time.monotonic(), chunk))
                for event in self.decoder.feed(chunk):
                    self.times.append(time.monotonic())
                    self.events.append(event)
        except (requests.RequestException, OSError, AttributeError):
            pass  # the stream was cut, or closed here
        self.ended.set()

    def of_type(self, event_type):
        return [json.loads(event.data) for event in list(self.events) if event.type == event_type]

    def item_ids(self):
        """Returns the ids of the items that this run wrote."""
        return [
            item["item_id"] for item in self.of_type("new_item") if item["item_id"].startswith(OURS)
        ]

    def wait_for(self, event_type, count=1, within_s=10):
        """Waits for the event of that type and number, and returns its data."""
        eventually(lambda: len(self.of_type(event_type)) >= count, within_s)
        return self.of_type(event_type)[count - 1]

    def wait_for_items(self, count=1, within_s=10):
        """Waits for as many items that this run wrote, and returns their ids."""
        eventually(lambda: len(self.item_ids()) >= count, within_s)
        return self.item_ids()

    def time_of(self, item_id):
        return next(
            at for at, event in zip(self.times, self.events, strict=False) if item_id in event.data
        )

    def challenge(self):
        """Returns `WWW-Authenticate`, which both of Lambda's real fronts are reported to rename."""
        headers = self.response.headers
        return headers.get("WWW-Authenticate") or headers.get("x-amzn-Remapped-WWW-Authenticate")

    def close(self):
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

    def __init__(self, base_url, stream_url, table, dynamodb_url=None, emulator=None):
        self.base_url, self.stream_url = base_url.rstrip("/"), (stream_url or base_url).rstrip("/")
        self.emulator, self.table = emulator, table
        self.dynamodb = None
        if table:
            self.dynamodb = (
                producer.client_at(dynamodb_url) if dynamodb_url else boto3.client("dynamodb")
            )
        self._open = []

    def fronts(self):
        return {"api": self.base_url, "function url": self.stream_url}

    def stream(self, path="/api/v2/stream", front="api", **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        client = Client(self.fronts()[front] + path, headers)
        self._open.append(client)
        return client

    def say_goodbye_to_all(self):
        """Frees every slot for the next test: functions do not learn that a client has gone."""
        for client in self._open:
            if connection_id := client.response.headers.get("X-Connection-Id"):
                self.call("POST", f"/api/v2/stream/connections/{connection_id}/close")
        for client in self._open:
            client.ended.wait(10)
            client.close()
        self._open.clear()

    def call(self, method, path, body=None, token=None, **headers):
        headers = {"Authorization": f"Bearer {token}"} | headers if token else headers
        return requests.request(
            method, self.base_url + path, json=body, headers=headers, timeout=15
        )

    def sign_in(self):
        return self.call("POST", "/api/v2/auth/anonymous").json()["token"]

    def put(self, item_id=None, tags=None, **changed):
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


def emulated(parameters):
    """Runs the source under the emulator.

    If E2E_TEMPLATE names the template that `sam build` has written, it runs the built files.
    """
    if not (built := os.environ.get("E2E_TEMPLATE")):
        return Emulator(ROOT / "template.yaml", parameters=parameters)
    architecture = {"aarch64": "arm64", "arm64": "arm64"}.get(platform.machine(), "x86_64")
    return Emulator(
        ROOT / built, "--isolated", parameters={**parameters, "Architecture": architecture}
    )
