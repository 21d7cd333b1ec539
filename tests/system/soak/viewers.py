"""The clients of a soak: what each of them has heard is noted, and how long it heard nothing.

They do what the standard says, and come back after the time that the service told them. Some read
slowly, and some leave in the middle and come again.
"""

import heapq
import random
import selectors
import time
from collections import Counter
from urllib.parse import urlsplit

from tests.support.many_clients import ManyClients, StreamClient

UNTOLD_RETRY_S = 3  # as browsers have it
SLOW_S = (1, 8)  # a slow reader reads nothing for so long; the service bears 20 s
LEAVES_AFTER_S = (10, 60)


class Viewer(StreamClient):
    """`tickers`: those of its configuration; None for the global stream.

    `heard` has the ids that nobody has judged yet. `broken` are sentences on events that say what
    cannot be. `byte_gaps` and `event_gaps` are (since, seconds) of the longest silences.
    """

    def __init__(self, number, url, headers, tickers, kind):
        super().__init__(number, "".join(f"{name}: {text}\r\n" for name, text in headers.items()))
        parts = urlsplit(url)
        self.place = (parts.hostname, parts.port, parts.path)
        self.tickers = tickers
        self.kind = kind  # "steady", "slow" or "leaving"
        self.broken = []
        self.byte_gaps = Gaps()
        self.event_gaps = Gaps()
        self.leaves_at = None
        self.connections = 0
        self._byte_at = self._event_at = None

    def connect(self, *_):
        self._byte_at = self._event_at = None
        return super().connect(*self.place)

    def receive(self):
        now = time.monotonic()
        if self._byte_at is not None and self.kind != "slow":
            self.byte_gaps.note(self._byte_at, now)
        is_over = super().receive()
        self._byte_at = now if self._in_body else None
        return is_over

    def _take(self, data, now):
        events = sum(len(each) for each in (self.last, self.heard))
        before = {name: id(fields) for name, fields in self.last.items()}
        was_live = self.is_live
        super()._take(data, now)
        self.connections += self.is_live and not was_live
        changed = events != sum(len(each) for each in (self.last, self.heard)) or any(
            id(fields) != before.get(name) for name, fields in self.last.items()
        )
        if not changed:
            return
        if self._event_at is not None and self.kind != "slow":
            self.event_gaps.note(self._event_at, now)
        self._event_at = now
        self.heard_at.clear()
        self._check_metrics()

    def _check_metrics(self):
        told = self.last.get("metrics")
        if told and told["total"] != told["positive"] + told["neutral"] + told["negative"]:
            self.broken.append(f"metrics that do not add up: {told}")


class Gaps:
    """Keeps silences of a second or more, as (since, seconds)."""

    def __init__(self):
        self.noted = []

    def note(self, since, now):
        if now - since >= 1:
            self.noted.append((since, now - since))


def pause(viewer):
    """Returns how long a viewer waits before it comes back, in seconds."""
    if viewer.retry_after_s is not None:
        return viewer.retry_after_s
    retry_ms = viewer.retry_ms
    return UNTOLD_RETRY_S if retry_ms is None else retry_ms / 1000


class Viewers(ManyClients):
    """Runs the viewers in a thread. `is_calm`: from then on, nobody reads slowly or leaves."""

    def __init__(self, viewers, over_s, seed):
        super().__init__("http://127.0.0.1:1/", 0, pause)
        self.clients = viewers
        self.is_calm = False
        began_at = time.monotonic()
        self._due = [
            (began_at + over_s * at / len(viewers), each.number) for at, each in enumerate(viewers)
        ]
        self._dice = random.Random(seed)
        self._resting = []
        self.left = 0

    @property
    def statuses(self):
        return Counter(status for each in self.clients for status in list(each.statuses))

    def _serve(self, client, mask):
        super()._serve(client, mask)
        now = time.monotonic()
        if client._socket is None or not client.is_live or self.is_calm:
            client.leaves_at = None
        elif client.kind == "slow":
            self._selector.unregister(client._socket)
            heapq.heappush(
                self._resting, (now + self._dice.uniform(*SLOW_S), client.number, client._socket)
            )
        elif client.kind == "leaving":
            self._leave_when_due(client, now)
        self._wake(now)

    def _leave_when_due(self, client, now):
        if client.leaves_at is None:
            client.leaves_at = now + self._dice.uniform(*LEAVES_AFTER_S)
        if now < client.leaves_at:
            return
        self.left += 1
        client.leaves_at = None
        self._selector.unregister(client._socket)
        client.close()
        heapq.heappush(self._due, (now + self._dice.uniform(0.1, 5), client.number))

    def _wake(self, now):
        """Lets slow readers read again."""
        while self._resting and (self._resting[0][0] <= now or self.is_calm):
            _, number, connection = heapq.heappop(self._resting)
            if self.clients[number]._socket is connection:
                self._selector.register(connection, selectors.EVENT_READ, self.clients[number])
