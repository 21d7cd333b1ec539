"""Are states told from items, and is nothing lost at the ends of a server's memory?"""

import itertools

import pytest
from event_stream import encode

from tests.sse_conformance.kit import failing, verdicts_of
from tests.sse_conformance.server import Server

RESUMING = ("resume", "resume-every-id", "resume-query", "resume-precedence", "reconnects")


class WithTheCurrentState(Server):
    """Every connection begins with the current state, under the id that it has for all."""

    keys = 1

    def position(self, asked):
        return None

    def opening(self, kind, at):
        with self.changed:
            latest = {number % self.keys: number for number in range(1, at + 1)}
            current = [self.event(each, self.items[each - 1]) for each in sorted(latest.values())]
        retry = encode(retry_ms=self.retry_ms()) if not current else b""
        head = f"retry: {self.retry_ms()}\n".encode() if current else retry
        return head + b"".join(current) or b":\n"


class WithTheCurrentStateOfThreeKeys(WithTheCurrentState):
    keys = 3


class Seldom(WithTheCurrentState):
    """Its state changes a few times while the kit listens."""

    def _tick(self):
        for number in itertools.count(1):
            self.publish(f"item {number}")
            if self.ends.wait(0.15):
                return


class SeldomWithThreeKeys(Seldom):
    keys = 3


class ThatNeverChanges(WithTheCurrentStateOfThreeKeys):
    def __init__(self):
        super().__init__(flows=False, items=["one", "two", "three"])


@pytest.mark.parametrize(
    "kind",
    [
        WithTheCurrentState,
        WithTheCurrentStateOfThreeKeys,
        Seldom,
        SeldomWithThreeKeys,
        ThatNeverChanges,
    ],
)
def test_a_stream_that_begins_with_its_current_states_is_not_accused(kind):
    with kind() as server:
        verdicts = verdicts_of(server.url, only=RESUMING)

    assert failing(verdicts) == {}
    assert verdicts["resume"].result == "skip"


# --- the ends of a server's memory


class FromAHistory(Server):
    """All that it has comes to whoever says no position; nothing is added."""

    def __init__(self, **more):
        super().__init__(flows=False, items=[f"item {number}" for number in range(20)], **more)

    def position(self, asked):
        position = super().position(asked)
        return 0 if position is None else self.known(position)

    def opening(self, kind, at):
        if kind == "reset":
            return super().opening(kind, at)
        return f"retry: {self.retry_ms()}\n".encode()

    def known(self, position):
        return position


class ThatLosesTheLast(FromAHistory):
    def known(self, position):
        return len(self.items) if position == len(self.items) - 1 else position


class ThatLosesTheFirst(FromAHistory):
    def known(self, position):
        return 2 if position == 1 else position


class WithTheHistoryOfTwelve(FromAHistory):
    """A client that was away for longer is told so, and goes on with the rest."""

    def known(self, position):
        return position if position < 0 or position >= len(self.items) - 12 else -1


def test_a_history_is_resumed_after_every_id():
    with FromAHistory() as server:
        verdicts = verdicts_of(server.url, only=RESUMING[:2])

    assert {each.result for each in verdicts.values()} == {"pass"}


def test_a_history_that_ended_is_passed_by_a_reset():
    with WithTheHistoryOfTwelve() as server:
        verdicts = verdicts_of(server.url, only=RESUMING[:2])

    assert failing(verdicts) == {}


@pytest.mark.parametrize("kind", [ThatLosesTheLast, ThatLosesTheFirst])
def test_what_is_lost_at_an_end_of_the_memory_is_found(kind):
    with kind() as server:
        found = failing(verdicts_of(server.url, only=("resume-every-id",)))

    assert found.keys() == {"resume-every-id"}


def test_what_is_lost_at_the_start_is_found_with_published_items_too():
    with ThatLosesTheFirst() as server:
        given = {"emit_url": server.emit_url, "events": ("item",)}
        found = failing(verdicts_of(server.url, only=("resume-every-id",), **given))

    assert found.keys() == {"resume-every-id"}
