"""A crowd of real clients, each behind a relay of its own, and the troubles that they meet."""

import threading
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, NamedTuple

from tests.support import producer
from tests.support.waiting import eventually
from tests.system.clients.process import Client
from tests.system.clients.relay import Relay, Relays

LONGEST_PAUSE_S = 2.0


class Member(NamedTuple):
    client: Client
    relay: Relay

    def __repr__(self) -> str:
        return self.client.name


class Writer:
    """Writes items at a pace, in a thread of its own, until it is told to hurry."""

    def __init__(self, dynamodb: Any, table: str, count: int, pause_s: float) -> None:
        self.item_ids = [f"item-{number}" for number in range(count)]
        self._dynamodb = dynamodb
        self._table = table
        self._pause_s = pause_s
        self._hurry = threading.Event()
        self._thread = threading.Thread(target=self._write, daemon=True)
        self._thread.start()

    def finish(self) -> None:
        """Writes the rest at once."""
        self._hurry.set()
        self._thread.join()

    def _write(self) -> None:
        left = list(self.item_ids)
        while left:
            count = len(left) if self._hurry.is_set() else 1
            producer.put(self._dynamodb, self._table, [_record(each) for each in left[:count]])
            del left[:count]
            self._hurry.wait(self._pause_s)


def _record(item_id: str) -> dict[str, Any]:
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    return producer.record(item_id, timestamp=now)


class Crowd:
    """Starts the named clients. `wait_until` names those that something does not hold for."""

    def __init__(self, names: Iterable[str], relays: Relays, patience_s: float) -> None:
        self.members: list[Member] = []
        for number, name in enumerate(names, 1):
            # Networks far from each other, so that no two clients share anything.
            relay = relays.add(f"127.{number}.0.1")
            client = Client(name, relay.url, longest_pause_s=LONGEST_PAUSE_S, patience_s=patience_s)
            self.members.append(Member(client, relay))

    def wait_until(self, holds: Callable[[Member], Any], within_s: float) -> None:
        def everybody() -> bool:
            return not self.without(holds)

        try:
            eventually(lambda: everybody() or time.sleep(0.1), within_s)
        except AssertionError:
            missed = {
                each.client.name: (each.client.states()[-3:], each.client.errors[-5:])
                for each in self.without(holds)
            }
            raise AssertionError(f"not within {within_s} s: {missed}") from None

    def without(self, holds: Callable[[Member], Any]) -> list[Member]:
        return [each for each in self.members if not holds(each)]

    def close(self) -> None:
        for each in self.members:
            each.client.close()


def is_live(member: Member) -> bool:
    return member.relay.current() is not None
