"""Does the kit accuse nobody for what only comes at another moment?"""

import socket
import struct

import pytest

from tests.sse_conformance.kit import failing, verdicts_of
from tests.sse_conformance.server import Server, as_head


class ThatClosesAfterHead(Server):
    """It closes the connection when a second request is on it, in several ways."""

    version = b"HTTP/1.1"
    connection_header = ""
    reset = True

    def answer_head(self, connection, asked):
        more = [("Connection", self.connection_header)] if self.connection_header else []
        head = as_head("200 OK", [*self.stream_headers(asked), *more])
        connection.sendall(head.replace(b"HTTP/1.1", self.version))
        self.ends.wait(0.4)
        if self.reset:
            linger = struct.pack("ii", 1, 0)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        return False


class WithHttp10(ThatClosesAfterHead):
    version = b"HTTP/1.0"


class WithClose(ThatClosesAfterHead):
    connection_header = "foo, Close"


class WithoutAReset(ThatClosesAfterHead):
    reset = False


class WithKeepAliveOf10(ThatClosesAfterHead):
    version = b"HTTP/1.0"
    connection_header = "Keep-Alive"


@pytest.mark.parametrize(
    "kind", [ThatClosesAfterHead, WithHttp10, WithClose, WithoutAReset, WithKeepAliveOf10]
)
def test_a_server_may_close_the_connection_after_head(kind):
    with kind() as server:
        verdicts = verdicts_of(server.url, only=("head",))

    assert verdicts["head"].result == "pass"
    assert "usable" not in verdicts["head"].evidence


def test_a_connection_that_is_kept_is_used_again():
    with Server() as server:
        verdicts = verdicts_of(server.url, only=("head",))

    assert verdicts["head"].evidence == "status 200, connection usable"


# --- texts


class ThatSubscribesLater(Server):
    """It writes its first bytes, and listens to the feed a moment later."""

    def __init__(self):
        super().__init__(flows=False)

    def stream(self, connection, asked):
        connection.sendall(as_head("200 OK", self.stream_headers(asked)))
        self.send(connection, f"retry: {self.retry_ms()}\n\n".encode())
        self.ends.wait(0.15)
        at = len(self.items)
        while not self.ends.is_set():
            new = self.wait_for_items(at)
            at += len(new)
            data = b"".join(self.event(number, text) for number, text in new)
            self.send(connection, data or self.comment())


class ThatSubscribesMuchLaterOnce(ThatSubscribesLater):
    """One stream is late by more than a client may wait for."""

    asked = 0

    def stream(self, connection, asked):
        self.asked += 1
        if self.asked == 5:
            connection.sendall(as_head("200 OK", self.stream_headers(asked)))
            self.send(connection, f"retry: {self.retry_ms()}\n\n".encode())
            while not self.ends.wait(0.05):
                self.send(connection, self.comment())
        super().stream(connection, asked)


@pytest.mark.parametrize("kind", [ThatSubscribesLater, ThatSubscribesMuchLaterOnce])
def test_a_stream_that_subscribes_a_moment_later_loses_no_text(kind):
    with kind() as server:
        given = {"emit_url": server.emit_url, "timeout_s": 1.0}
        found = failing(verdicts_of(server.url, only=("hostile-items",), **given))

    assert found == {}
