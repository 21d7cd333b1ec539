"""A well-behaved client: it waits, and then comes back with the last id that it has."""

import json
import random
import threading

import requests
from event_stream import Decoder, Received

from tests.support.waiting import eventually

LONGEST_BACKOFF_S = 1.0


class Follower:
    """Follows a stream in its own thread, over as many connections as needed, until `leave`."""

    def __init__(self, url: str, headers: dict[str, str], seed: int) -> None:
        self.events: list[Received] = []
        self.connections = 0
        self.cuts = 0
        self.refusals = 0
        self._url = url
        self._headers = headers
        self._random = random.Random(seed)
        self._left = threading.Event()
        self._last_event_id = ""
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def of_type(self, event_type: str) -> list[dict]:
        return [json.loads(event.data) for event in tuple(self.events) if event.type == event_type]

    def item_ids(self) -> list[str]:
        return [item["item_id"] for item in self.of_type("new_item")]

    def wait_for(self, event_type: str) -> None:
        eventually(lambda: self.of_type(event_type), within_s=40)

    def leave(self) -> None:
        """Leaves without a goodbye, as clients do."""
        self._left.set()

    def wait(self) -> None:
        self._thread.join(20)
        assert not self._thread.is_alive()

    def _follow(self) -> None:
        while not self._left.is_set():
            self._left.wait(self._one_connection())

    def _one_connection(self) -> float:
        """Reads one connection to its end; returns the seconds to wait before the next."""
        backoff_s = self._random.uniform(0, LONGEST_BACKOFF_S)
        resume = {"Last-Event-ID": self._last_event_id} if self._last_event_id else {}
        try:
            with requests.get(
                self._url, headers=self._headers | resume, stream=True, timeout=20
            ) as response:
                if response.status_code != 200:
                    self.refusals += 1
                    return backoff_s
                self.connections += 1
                decoder = Decoder(last_event_id=self._last_event_id)
                for chunk in response.iter_content(None):
                    self.events += decoder.feed(chunk)
                    self._last_event_id = decoder.last_event_id
                    if self._left.is_set():
                        return 0
        except requests.RequestException:
            self.cuts += 1
            return backoff_s
        return (decoder.retry_ms or 3_000) / 1000
