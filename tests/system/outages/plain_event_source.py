"""A client that does what the HTML standard says of an EventSource, and nothing better.

Any status but 200 is final. It comes back after the reconnection time that the service set last.
https://html.spec.whatwg.org/multipage/server-sent-events.html#processing-model
"""

import json
import threading
import time

import requests
from event_stream import Decoder, Received

FIRST_RETRY_MS = 3_000
PATIENCE_S = 5  # contract.md: a byte at least every 4 s; many clients give up after 5


class PlainEventSource:
    """Follows a stream in a thread of its own, until `leave` or a final refusal (`closed`)."""

    def __init__(self, url: str) -> None:
        self.events: list[tuple[float, Received]] = []
        self.opened_at: list[float] = []
        self.closed: str | None = None
        self.silences = 0
        self._url = url
        self._left = threading.Event()
        self._last_event_id = ""
        self._retry_ms = FIRST_RETRY_MS
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def item_ids(self) -> list[str]:
        events = [event for _, event in tuple(self.events) if event.type == "new_item"]
        return [json.loads(event.data)["item_id"] for event in events]

    def types_between(self, start: float, end: float) -> list[str]:
        """Returns the types of the events that came between two moments of `time.monotonic`."""
        return [event.type for at, event in tuple(self.events) if start < at < end]

    def leave(self) -> None:
        self._left.set()
        self._thread.join(20)

    def _follow(self) -> None:
        while not self._left.is_set() and self.closed is None:
            self._read_one()
            self._left.wait(self._retry_ms / 1000)

    def _read_one(self) -> None:
        headers = {"Last-Event-ID": self._last_event_id} if self._last_event_id else {}
        decoder = Decoder(last_event_id=self._last_event_id)
        try:
            with requests.get(
                self._url, headers=headers, stream=True, timeout=(PATIENCE_S, 20)
            ) as response:
                if response.status_code != 200:
                    self.closed = f"{response.status_code} {response.text}"
                    return
                self.opened_at.append(time.monotonic())
                self._dispatch(response, decoder)
        except requests.RequestException:
            pass  # a network error is no reason to give up
        if decoder.retry_ms is not None:
            self._retry_ms = decoder.retry_ms
        self._last_event_id = decoder.last_event_id

    def _dispatch(self, response: requests.Response, decoder: Decoder) -> None:
        heard_at = time.monotonic()
        for chunk in response.iter_content(None):
            now = time.monotonic()
            self.silences += now - heard_at > PATIENCE_S
            heard_at = now
            self.events += [(now, event) for event in decoder.feed(chunk)]
            if self._left.is_set():
                return
