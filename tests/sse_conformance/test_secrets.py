"""Does no report hold a credential, in whatever form a server repeats it?"""

from urllib.parse import unquote, unquote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sse_conformance.command import main
from sse_conformance.secrecy import Secrecy, credentials_of
from tests.sse_conformance.server import Server, as_head

SHORT = ["--heartbeat", "0.4", "--window", "0.3", "--timeout", "3"]


class Echo(Server):
    """It repeats the credential as its content type, as it came or decoded."""

    decode = staticmethod(lambda text: text)

    def answer_stream(self, connection, asked):
        said = (asked.header("Authorization") or b"").decode("latin-1").partition(" ")[2]
        query = asked.raw_query.partition("=")[2]
        head = as_head("200 OK", [("Content-Type", "text/plain; is="), ("Content-Length", "0")])
        text = self.decode(query) or said
        connection.sendall(head.replace(b"is=", b"is=" + text.encode("utf-8")))
        return True


class EchoAsLatin1(Echo):
    def answer_stream(self, connection, asked):
        said = asked.header("Authorization").partition(b" ")[2]
        head = as_head("200 OK", [("Content-Type", "text/plain; is="), ("Content-Length", "0")])
        connection.sendall(head.replace(b"is=", b"is=" + said))
        return True


class EchoUnquoted(Echo):
    decode = staticmethod(unquote)


class EchoFromAForm(Echo):
    decode = staticmethod(unquote_plus)


@pytest.mark.parametrize("kind", [Echo, EchoUnquoted, EchoFromAForm])
@pytest.mark.parametrize("secret", ["p%40ss%21w%2Fd%23%25", "two+words%20and%2Bmore"])
def test_a_value_of_the_query_is_hidden_however_it_is_decoded(kind, secret, capsys):
    with kind() as server:
        main([f"{server.url}?token={secret}", *SHORT, "--only", "content-type"])

    shown = capsys.readouterr().out
    assert "'text/plain; is=***'" in shown


def test_a_query_without_a_name_is_hidden(capsys):
    with Server() as server:
        main([f"{server.url}?a-secret-ticket", *SHORT, "--only", "status"])

    shown = capsys.readouterr().out
    assert "a-secret" not in shown
    assert "/stream?..." in shown


@pytest.mark.parametrize(
    "secret", ["p'a\"b\\c'd\"e\\f'g", "sécrétpässwördéé", "plain-but-long-token", "x'y'z\"q"]
)
def test_a_credential_is_hidden_however_it_is_escaped(secret, capsys):
    with EchoAsLatin1() as server:
        arguments = ["--auth-header", f"Authorization: Bearer {secret}", "--json", "-"]
        main([server.url, *SHORT, "--only", "content-type", *arguments])

    assert "'text/plain; is=***'" in capsys.readouterr().out.replace('"', "'")


def test_words_of_a_header_are_hidden_too(capsys):
    class EchoOfCookies(Server):
        def stream_headers(self, asked):
            said = asked.header("Cookie").decode()
            return [("Content-Type", f"text/plain; {said}"), *super().stream_headers(asked)[1:]]

    with EchoOfCookies() as server:
        cookies = ["--header", "Cookie: session=first-long-secret; other=second-secret"]
        main([server.url, *SHORT, "--only", "content-type", *cookies])

    shown = capsys.readouterr().out
    assert "first-long" not in shown
    assert "second-secret" not in shown


def test_a_note_holds_no_credential(capsys):
    class MovedToTheSecret(Server):
        def answer_stream(self, connection, asked):
            if asked.path == "/stream":
                place = [("Location", "/a-secret-token"), ("Content-Length", "0")]
                connection.sendall(as_head("307 Moved", place))
                return True
            return super().answer_stream(connection, asked)

    with MovedToTheSecret() as server:
        main([f"{server.url}?token=a-secret-token", *SHORT, "--only", "status"])

    shown = capsys.readouterr().out
    assert "status 307 leads to" in shown
    assert "a-secret" not in shown


def test_of_basic_the_password_is_secret_and_of_bearer_the_scheme_is_not():
    assert credentials_of("Basic YWxpY2U6aHVudGVyMjJ4") == [
        "YWxpY2U6aHVudGVyMjJ4",
        "alice:hunter22x",
        "hunter22x",
    ]
    assert credentials_of("Bearer abc") == ["abc"]
    assert credentials_of("abc") == ["abc"]
    assert credentials_of("Basic no-base64") == ["no-base64"]


@given(
    st.text(st.characters(blacklist_categories=["Cs"]), min_size=8, max_size=30),
    st.text(st.characters(blacklist_categories=["Cs"]), max_size=20),
)
def test_repr_of_a_text_with_the_secret_never_shows_eight_characters_of_it(secret, before):
    hidden = Secrecy((secret,)).hide(repr(before + secret))

    assert "***" in hidden
    assert repr(secret)[1:-1] not in hidden
