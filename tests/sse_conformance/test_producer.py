"""Does the kit publish as the user said, and does it say when the producer takes nothing?"""

import base64
import shlex
import socket
import sys

import pytest

from sse_conformance.command import main
from tests.sse_conformance.server import Server

SHORT = ["--heartbeat", "0.4", "--window", "0.3", "--timeout", "1", "--only", "status"]


class Producing(Server):
    """Its producer wants headers, and answers with a status to all others."""

    wants = ()
    status = "403 Not For You"

    def __init__(self):
        super().__init__(flows=False)
        self.asked = []

    def answer(self, connection, asked):
        if asked.path == "/emit":
            self.asked.append(asked)
            if any(asked.header(name) != value for name, value in self.wants):
                return self.refuse(connection, asked, self.status)
        return super().answer(connection, asked)


class WithAKey(Producing):
    wants = (("X-Key", b"a-key-that-is-long"),)


class WithACredential(Producing):
    wants = (("Authorization", b"Bearer a-long-token"),)


class WithAPassword(Producing):
    wants = (("Authorization", b"Basic " + base64.b64encode(b"me:my-password")),)


def closed_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/emitt", "--emit-url publishes nothing: status 405 Method Not Allowed"),
        ("/emit", "--emit-url publishes nothing: status 403 Not For You"),
    ],
)
def test_a_producer_that_refuses_a_plain_text_is_status_2(path, said, capsys):
    with WithAKey() as server:
        emit = server.emit_url.replace("/emit", path)
        assert main([server.url, *SHORT, "--emit-url", emit]) == 2

    shown = capsys.readouterr()
    assert said in shown.err
    assert shown.out == ""


def test_a_producer_that_is_not_there_is_status_2(capsys):
    with Server() as server:
        emit = f"http://127.0.0.1:{closed_port()}/emit"
        assert main([server.url, *SHORT, "--emit-url", emit]) == 2

    assert "--emit-url publishes nothing: connection refused" in capsys.readouterr().err


def test_a_command_that_fails_is_status_2_and_its_last_words_are_shown(capsys):
    code = "import sys; sys.exit('no such channel')"
    command = f"{shlex.quote(sys.executable)} -c {shlex.quote(code)}"
    with Server() as server:
        assert main([server.url, *SHORT, "--emit-command", command]) == 2

    said = "--emit-command publishes nothing: the command ended with 1: no such channel"
    assert said in capsys.readouterr().err


def test_a_producer_that_is_busy_for_a_moment_is_asked_again():
    class BusyAtFirst(WithAKey):
        status = "503 Busy"

        def answer(self, connection, asked):
            self.wants = WithAKey.wants if not self.asked else ()
            return super().answer(connection, asked)

    with BusyAtFirst() as server:
        assert main([server.url, *SHORT, "--emit-url", server.emit_url]) == 0
        assert len(server.asked) == 2


def test_the_producer_gets_the_headers_and_the_credential_of_its_origin():
    with WithAKey() as server:
        key = ["--header", "X-Key: a-key-that-is-long"]
        assert main([server.url, *SHORT, *key, "--emit-url", server.emit_url]) == 0
    with WithACredential() as server:
        auth = ["--auth-header", "Authorization: Bearer a-long-token"]
        assert main([server.url, *SHORT, *auth, "--emit-url", server.emit_url]) == 0


def test_the_producer_at_another_origin_gets_its_own_credential_alone():
    auth = ["--auth-header", "Authorization: Bearer a-long-token"]
    with Server() as server, WithACredential() as other:
        assert main([server.url, *SHORT, *auth, "--emit-url", other.emit_url]) == 2
        assert [asked.header("Authorization") for asked in other.asked] == [None]
    with Server() as server, WithAPassword() as other:
        emit = other.emit_url.replace("//", "//me:my-password@")
        assert main([server.url, *SHORT, *auth, "--emit-url", emit]) == 0


def test_a_refusal_shows_no_credential(capsys):
    class Repeating(WithACredential):
        wants = (("Authorization", b"another"),)

        @property
        def status(self):
            return f"403 Not {self.asked[0].header('Authorization').decode()}"

    with Repeating() as server:
        auth = ["--auth-header", "Authorization: Bearer a-long-token"]
        assert main([server.url, *SHORT, *auth, "--emit-url", server.emit_url]) == 2

    shown = capsys.readouterr().err
    assert "a-long-token" not in shown
    assert "status 403 Not" in shown
