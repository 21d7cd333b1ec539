"""Does the kit find servers that lose, mix up or forge under hostile clients and items?"""

import json
import threading
from urllib.parse import unquote

import pytest

from tests.sse_conformance.kit import failing, verdicts_of
from tests.sse_conformance.server import Server, as_head

DEFECTS = []


def breaks(*checks, **options):
    """Registers a server, the checks that must fail on it, and their options."""

    def register(server):
        DEFECTS.append(pytest.param(server, checks, options, id=server.__name__))
        return server

    return register


# --- other methods


@breaks("head", timeout_s=0.5)
class ThatHangsAtHead(Server):
    def answer_head(self, connection, asked):
        self.ends.wait(3)
        return False


@breaks("head")
class WithABodyForHead(Server):
    def answer_head(self, connection, asked):
        connection.sendall(as_head("200 OK", self.stream_headers(asked)) + b"5\r\nhello\r\n")
        return True


@breaks("head-status")
class With404ForHead(Server):
    def answer_head(self, connection, asked):
        return self.refuse(connection, asked, "404 Not Found")


@breaks("other-methods")
class ThatStreamsForPost(Server):
    def answer_stream(self, connection, asked):
        asked.method = "GET"
        return super().answer_stream(connection, asked)


@breaks("other-methods")
class WithAnErrorForPost(Server):
    def refuse(self, connection, asked, status, headers=()):
        return super().refuse(connection, asked, "500 Oops", headers)


# --- hostile requests


@breaks("hostile-requests")
class ThatRepeatsThePositionInAHeader(Server):
    def stream_headers(self, asked):
        said = asked.query.get("last_event_id", [""])[0]
        return [*super().stream_headers(asked), ("X-Position", said)]

    def stream(self, connection, asked):
        head = as_head("200 OK", [])[:-2]
        lines = [f"{name}: {value}\r\n" for name, value in self.stream_headers(asked)]
        connection.sendall(head + "".join(lines).encode() + b"\r\n")
        self.send(connection, self.opening("hello", 0))


@breaks("hostile-requests")
class ThatRepeatsThePositionInTheStream(Server):
    def stream(self, connection, asked):
        self.said = asked.query.get("last_event_id", [""])[0]
        super().stream(connection, asked)

    def opening(self, kind, at):
        return f": after {self.said}\n".encode() + super().opening(kind, at)


class WithTheSaidInTheStream(Server):
    """It writes a position into a comment, as it reads it."""

    def stream(self, connection, asked):
        self.said = self.read(asked)
        super().stream(connection, asked)

    def opening(self, kind, at):
        return f": after {self.said}\n".encode() + super().opening(kind, at)


@breaks("hostile-requests")
class ThatDecodesThePosition(WithTheSaidInTheStream):
    def read(self, asked):
        return unquote((asked.header("Last-Event-ID") or b"").decode("utf-8", "replace"))


@breaks("hostile-requests")
class ThatDecodesThePositionTwice(WithTheSaidInTheStream):
    def read(self, asked):
        return unquote(ThatDecodesThePosition.read(self, asked))


@breaks("hostile-requests")
class ThatRepeatsTheOtherQuery(WithTheSaidInTheStream):
    def read(self, asked):
        return asked.query.get("lastEventId", [""])[0]


@breaks("hostile-requests")
class ThatUnescapesThePosition(WithTheSaidInTheStream):
    def read(self, asked):
        said = (asked.header("Last-Event-ID") or b"").decode("latin-1")
        return said.replace("\\r", "\r").replace("\\n", "\n")


@breaks("hostile-requests")
class WithALineOfAnyFieldInTheStream(WithTheSaidInTheStream):
    """It lets through only what is no field of an event."""

    def read(self, asked):
        said = asked.query.get("last_event_id", [""])[0]
        return "\n".join(each for each in said.splitlines() if each.startswith(("x", "X")))


@breaks("hostile-requests")
class WithAnErrorForAStrangeOrigin(Server):
    def answer_stream(self, connection, asked):
        if b"\0" in (asked.header("Origin") or b""):
            return self.refuse(connection, asked, "500 Oops")
        return super().answer_stream(connection, asked)


# --- hostile items


class Published(Server):
    """A server whose events are put together by hand."""

    def __init__(self):
        super().__init__(flows=False)

    def event(self, number, text):
        return self.block_of(text) + f"id: i{number}\n\n".encode()


@breaks("hostile-items", emits=True, timeout_s=0.5)
class ThatEscapesNothing(Published):
    def block_of(self, text):
        return f"data: {text}\n".encode()


@breaks("hostile-items", emits=True, timeout_s=0.5)
class ThatSplitsAtLfAlone(Published):
    def block_of(self, text):
        return "".join(f"data: {line}\n" for line in text.split("\n")).encode()


@breaks("hostile-items", emits=True, timeout_s=0.5)
class ThatSplitsLikePython(Published):
    def block_of(self, text):
        return "".join(f"data: {line}\n" for line in text.splitlines() or [""]).encode()


@breaks("hostile-items", emits=True, timeout_s=0.5)
class ThatStripsSpaces(Published):
    def block_of(self, text):
        return "".join(f"data: {line.strip(' ')}\n" for line in lines_of(text)).encode()


@breaks("hostile-items", emits=True, timeout_s=0.5)
class WithoutASpaceAfterTheColon(Published):
    def block_of(self, text):
        return "".join(f"data:{line}\n" for line in lines_of(text)).encode()


@breaks("hostile-items", emits=True, timeout_s=0.5)
class ThatCutsLongTexts(Published):
    def block_of(self, text):
        return "".join(f"data: {line}\n" for line in lines_of(text[:5000])).encode()


@breaks("hostile-items", emits=True, timeout_s=0.5)
class ThatDropsEmptyTexts(Published):
    def block_of(self, text):
        return "".join(f"data: {line}\n" for line in lines_of(text) if text).encode()


def lines_of(text):
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


# --- flow and slow readers


@breaks("reconnects", emits=True, timeout_s=1.0)
class ThatLosesNowAndThen(Server):
    """The next item is lost for one in three who come back."""

    visits = 0

    def __init__(self):
        super().__init__(flows=False)

    def position(self, asked):
        position = super().position(asked)
        if position is not None and position > 4:
            self.visits += 1
            if self.visits % 3 == 0:
                return position + 1
        return position


@breaks("reconnects")
class ThatRepeatsNowAndThen(Server):
    visits = 0

    def position(self, asked):
        position = super().position(asked)
        if position is not None and position > 0:
            self.visits += 1
            if self.visits > 6:
                return position - 1
        return position


@breaks("reconnects")
class WithAGreetingThatMovesThePosition(Server):
    """A client that is cut off after the greeting comes back at the very start."""

    def opening(self, kind, at):
        return super().opening(kind, 0)


class WithBigEvents(Server):
    """So big that the buffers of a client that does not read are full at once."""

    def event(self, number, text):
        return super().event(number, text + "x" * 400_000)


@breaks("slow-reader", slow_s=1.5)
class ThatWritesToAllInTurn(WithBigEvents):
    turn = threading.Lock()

    def send(self, connection, data):
        with self.turn:
            super().send(connection, data)


@breaks("slow-reader", slow_s=0.8, window_s=2.0)
class ThatDropsBytesForSlowReaders(WithBigEvents):
    def send(self, connection, data):
        connection.settimeout(0.1)
        try:
            super().send(connection, data)
        except TimeoutError:
            connection.settimeout(20)
            connection.sendall(b"\r\n")


@pytest.mark.parametrize(("kind", "checks", "options"), DEFECTS)
def test_a_defect_is_found(kind, checks, options):
    with kind() as server:
        given = dict(options)
        if given.pop("emits", False):
            given["emit_url"] = server.emit_url
        found = failing(verdicts_of(server.url, only=checks, **given))

    assert found.keys() == set(checks)


def test_a_server_of_big_events_hurts_nobody():
    with WithBigEvents() as server:
        assert failing(verdicts_of(server.url, only=("slow-reader",), slow_s=1.5)) == {}


def test_items_in_json_are_found_by_their_key_or_anywhere():
    class InJson(Published):
        def block_of(self, text):
            return b"data: " + json.dumps({"text": text, "n": 1}).encode() + b"\n"

    with InJson() as server:
        for key in ("", "text"):
            given = {"emit_url": server.emit_url, "key": key}
            assert failing(verdicts_of(server.url, only=("hostile-items", "resume"), **given)) == {}


def test_a_producer_that_refuses_texts_is_no_defect():
    class Picky(Server):
        def answer(self, connection, asked):
            if asked.path == "/emit" and not asked.body.isalnum() and b"kit-" not in asked.body[:4]:
                return self.refuse(connection, asked, "422 No")
            return super().answer(connection, asked)

    with Picky(flows=False) as server:
        verdicts = verdicts_of(server.url, only=("hostile-items",), emit_url=server.emit_url)

    assert verdicts["hostile-items"].result == "pass"
    assert "refused" in verdicts["hostile-items"].evidence


def test_a_command_publishes_what_it_reads(tmp_path):
    with Server(flows=False) as server:
        script = tmp_path / "emit.py"
        script.write_text(
            "import sys, urllib.request\n"
            f"urllib.request.urlopen({server.emit_url!r}, sys.stdin.buffer.read())\n"
        )
        given = {"emit_command": f"{json.dumps(__import__('sys').executable)} {script}"}
        verdicts = verdicts_of(server.url, only=("resume", "resume-every-id"), **given)

    assert {each.result for each in verdicts.values()} == {"pass"}
