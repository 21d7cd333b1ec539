"""Does a redirect carry no credential to another origin?"""

from sse_conformance.command import main
from tests.sse_conformance.server import Server, as_head

SHORT = ["--heartbeat", "0.4", "--window", "0.3", "--timeout", "3", "--only", "status"]
GIVEN = [
    *("--auth-header", "Authorization: Bearer a-long-token"),
    *("--header", "Cookie: session=a-long-session"),
    *("--header", "X-Api-Key: a-long-key"),
]
NAMES = ("Authorization", "Cookie", "X-Api-Key")


class Keeping(Server):
    """It keeps what its streams were asked with, and moves to another place if it has one."""

    place = ""

    def __init__(self):
        super().__init__()
        self.asked = []

    def answer_stream(self, connection, asked):
        self.asked.append(asked)
        if self.place and asked.path == "/stream":
            head = [("Location", self.place), ("Content-Length", "0")]
            connection.sendall(as_head("307 Temporary Redirect", head))
            return True
        return super().answer_stream(connection, asked)


def test_no_header_of_the_user_goes_to_another_origin(capsys):
    with Keeping() as first, Keeping() as second:
        first.place = second.url
        assert main([first.url, *SHORT, *GIVEN]) == 0

    assert all(first.asked[0].header(name) for name in NAMES)
    assert second.asked
    assert not any(asked.header(name) for asked in second.asked for name in NAMES)
    shown = capsys.readouterr().out
    assert "--auth-header is not sent to another origin" in shown
    assert "--header is not sent to another origin" in shown


def test_all_headers_go_to_another_path_of_the_origin():
    with Keeping() as server:
        server.place = "/other"
        assert main([server.url, *SHORT, *GIVEN]) == 0

    assert {asked.path for asked in server.asked} == {"/stream", "/other"}
    assert all(asked.header(name) for asked in server.asked for name in NAMES)
