"""Does the kit accept servers that are as they should be, in all the ways that are allowed?"""

import itertools
import re
import time

import pytest
from event_stream import encode

from tests.sse_conformance.kit import failing, verdicts_of
from tests.sse_conformance.server import Server


class WithCrLf(Server):
    def event(self, number, text):
        return super().event(number, text).replace(b"\n", b"\r\n")

    def opening(self, kind, at):
        return super().opening(kind, at).replace(b"\n", b"\r\n")

    def comment(self):
        return b": ping\r\n"


class WithCr(WithCrLf):
    def send(self, connection, data):
        super().send(connection, data.replace(b"\r\n", b"\r"))


class WithABomAtTheStart(Server):
    def opening(self, kind, at):
        return b"\xef\xbb\xbf" + super().opening(kind, at)


class FramedByTheConnection(Server):
    def stream_headers(self, asked):
        headers = super().stream_headers(asked)
        kept = [each for each in headers if each[0] != "Transfer-Encoding"]
        return [*kept, ("Connection", "close")]

    def send(self, connection, data):
        connection.sendall(data)

    def send_end(self, connection):
        pass


class WithHttp10(FramedByTheConnection):
    def stream(self, connection, asked):
        class Older:
            def sendall(self, data):
                connection.sendall(re.sub(rb"^HTTP/1.1", b"HTTP/1.0", data))

        super().stream(Older(), asked)


class WithMultiLineData(Server):
    def event(self, number, text):
        return encode(f"{{\n  {text}\n}}\n", event="item", id=f"i{number}")


class WithUtf8Everywhere(Server):
    def event(self, number, text):
        return encode(f"\U0001f600 é {text}\u2028", event="größe", id=f"i{number}")


class WithTinyChunks(Server):
    def send(self, connection, data):
        for at in range(0, len(data), 7):
            super().send(connection, data[at : at + 7])


class WithChunkExtensions(Server):
    def send(self, connection, data):
        connection.sendall(b"%X;name=value\r\n%s\r\n" % (len(data), data))


class WithoutIds(Server):
    """A stream of states: every event is the whole state, and there is nothing to resume."""

    def opening(self, kind, at):
        return encode(f"state {at}", retry_ms=self.retry_ms())

    def event(self, number, text):
        return encode(f"state {number}")


class WithSnapshots(Server):
    """Every connection begins with the state at that moment, whose id is its version."""

    def position(self, asked):
        return None

    def opening(self, kind, at):
        moment = time.monotonic_ns()
        return encode(f"state at {moment}", id=f"v{moment}", retry_ms=self.retry_ms())

    def event(self, number, text):
        moment = time.monotonic_ns()
        return encode(f"state at {moment}", id=f"v{moment}")


class WithStatesThatComeAgain(WithSnapshots):
    """A lamp: its states have ids, and are the same few again and again."""

    versions = itertools.count()

    def opening(self, kind, at):
        version = next(self.versions)
        colour = ("red", "amber", "green")[version % 3]
        return encode(colour, id=f"v{version}", retry_ms=self.retry_ms())

    def event(self, number, text):
        return self.opening("", 0).split(b"\n", 1)[1]


class WithAGreeting(Server):
    """Every connection begins with the same event, which moves no position."""

    def opening(self, kind, at):
        if kind == "reset":
            return super().opening(kind, at)
        return encode("hello", event="hello", retry_ms=self.retry_ms())


class WithHeartbeatsThatHaveIds(Server):
    """Nobody gets the heartbeats of before again."""

    heartbeats = itertools.count()

    def event(self, number, text):
        beat = encode(f"{next(self.heartbeats)}", event="heartbeat", id=f"i{number}")
        return super().event(number, text) + (beat if number % 3 == 0 else b"")


class WithIdsAfterTheirEvents(Server):
    """The position stands in a block of its own, after what it is the position of."""

    def opening(self, kind, at):
        if kind == "reset":
            return super().opening(kind, at)
        return encode(id=f"i{at}", retry_ms=self.retry_ms())

    def event(self, number, text):
        return encode(text, event="item") + encode(id=f"i{number}")


class ThatEnds(Server):
    """Every connection ends soon, by itself."""

    def __init__(self):
        super().__init__(life_s=0.15)


class FromTheStart(Server):
    """A server whose data comes from the start on, for clients that say no position."""

    def position(self, asked):
        position = super().position(asked)
        return 0 if position is None else position


GOOD = [
    Server,
    WithCrLf,
    WithCr,
    WithABomAtTheStart,
    FramedByTheConnection,
    WithHttp10,
    WithMultiLineData,
    WithUtf8Everywhere,
    WithTinyChunks,
    WithChunkExtensions,
    WithoutIds,
    WithSnapshots,
    WithStatesThatComeAgain,
    WithAGreeting,
    WithHeartbeatsThatHaveIds,
    WithIdsAfterTheirEvents,
    ThatEnds,
    FromTheStart,
]
# A server without ids cannot be resumed, and is told so; nothing else is wrong with it.
ADVICE = {
    WithoutIds: {"ids-present"},
    WithIdsAfterTheirEvents: {"ids-present"},
    WithAGreeting: {"ids-present"},
    WithHeartbeatsThatHaveIds: {"ids-unique"},
}


@pytest.mark.parametrize("kind", GOOD, ids=lambda kind: kind.__name__)
def test_a_good_server_fails_nothing(kind):
    with kind() as server:
        found = failing(verdicts_of(server.url))

    assert {name: each for name, each in found.items() if name not in ADVICE.get(kind, ())} == {}
    assert found.keys() == ADVICE.get(kind, set())


def test_a_server_whose_items_the_kit_publishes_fails_nothing():
    with Server(flows=False) as server:
        verdicts = verdicts_of(server.url, emit_url=server.emit_url)

    assert failing(verdicts) == {}
    assert verdicts["resume"].result == verdicts["resume-every-id"].result == "pass"
