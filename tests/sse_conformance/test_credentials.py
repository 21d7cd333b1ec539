"""Is a credential found that a server repeats anywhere, or that stands in the URL?"""

import base64
from urllib.parse import quote

import pytest

from tests.sse_conformance.kit import failing, verdicts_of
from tests.sse_conformance.server import Server, as_head

TOKEN = "a-long-token+that/nobody=guesses"
BEARER = f"Bearer {TOKEN}"
BASIC = "Basic " + base64.b64encode(b"alice:hunter22x").decode()


class Repeating(Server):
    """It lets everybody in, and repeats the credential in some responses."""

    def said(self, asked):
        return (asked.header("Authorization") or b"").decode("latin-1").partition(" ")[2]

    def error(self, connection, asked, status="400 Bad"):
        body = b"" if asked.method == "HEAD" else f"you said {self.said(asked)}".encode()
        head = as_head(status, [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
        connection.sendall(head + body)
        return True


class AtPost(Repeating):
    def answer_stream(self, connection, asked):
        if asked.method == "POST":
            return self.error(connection, asked, "405 No")
        return super().answer_stream(connection, asked)


class AtOptions(Repeating):
    def answer_stream(self, connection, asked):
        if asked.method == "OPTIONS":
            return self.error(connection, asked, "405 No")
        return super().answer_stream(connection, asked)


class AtHead(Repeating):
    def answer_head(self, connection, asked):
        connection.sendall(as_head("200 OK", [("X-User", self.said(asked))]))
        return True


class AtAnotherPath(Repeating):
    def answer_stream(self, connection, asked):
        if asked.path != "/stream":
            return self.error(connection, asked, "404 No")
        return super().answer_stream(connection, asked)


class AtAnOddId(Repeating):
    def answer_stream(self, connection, asked):
        if b"\xff" in (asked.header("Last-Event-ID") or b""):
            return self.error(connection, asked)
        return super().answer_stream(connection, asked)


class InItsEncodedForm(AtPost):
    def said(self, asked):
        return quote(super().said(asked), safe="")


class DecodedFromBasic(AtPost):
    def said(self, asked):
        said = super().said(asked)
        return base64.b64decode(said).decode() if said.isalnum() else ""


class ThePasswordAlone(DecodedFromBasic):
    def said(self, asked):
        return super().said(asked).partition(":")[2]


class TheUserAlone(DecodedFromBasic):
    def said(self, asked):
        return super().said(asked).partition(":")[0]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (AtPost, BEARER),
        (AtOptions, BEARER),
        (AtHead, BEARER),
        (AtAnotherPath, BEARER),
        (AtAnOddId, BEARER),
        (InItsEncodedForm, BEARER),
        (DecodedFromBasic, BASIC),
        (ThePasswordAlone, BASIC),
    ],
)
def test_a_credential_that_is_repeated_anywhere_is_found(kind, value):
    with kind() as server:
        given = {"auth_header": ("Authorization", value), "secrets": (value,)}
        found = failing(verdicts_of(server.url, only=("auth-echo",), **given))

    assert "holds the credential" in found["auth-echo"]


@pytest.mark.parametrize("kind", [Server, TheUserAlone])
def test_a_server_that_repeats_no_credential_is_not_accused(kind):
    with kind() as server:
        given = {"auth_header": ("Authorization", BASIC), "secrets": (BASIC,)}
        verdicts = verdicts_of(server.url, only=("auth-echo",), **given)

    assert verdicts["auth-echo"].result == "pass"


# --- the URL


class OpenByQuery(Server):
    """It wants a value in the query."""

    name = "token"

    def is_let_in(self, asked):
        return asked.query.get(self.name) == ["a-long-token"]


@pytest.mark.parametrize("name", ["token", "access_token", "apiKey", "jwt"])
def test_a_credential_in_the_query_is_found_without_options(name):
    with OpenByQuery() as server:
        server.name = name
        url = f"{server.url}?channel=1&{name}=a-long-token"
        found = failing(verdicts_of(url, only=("auth-url",)))

    assert found == {"auth-url": f"the URL holds the credential: without {name}= comes status 401"}


def test_a_token_that_opens_nothing_is_no_credential():
    with Server() as server:
        verdicts = verdicts_of(f"{server.url}?token=page-7", only=("auth-url",))

    assert verdicts["auth-url"].result == "pass"


@pytest.mark.parametrize("query", ["", "?ticket=used-up-at-once", "?token="])
def test_other_urls_are_not_tried(query):
    with Server() as server:
        verdicts = verdicts_of(server.url + query, only=("auth-url",))

    assert verdicts["auth-url"].result == "skip"


def test_the_credential_of_the_header_is_found_in_the_url():
    with Server() as server:
        given = {"auth_header": ("Authorization", "Bearer a-long-token")}
        found = failing(verdicts_of(f"{server.url}?t=a-long-token", only=("auth-url",), **given))

    assert found == {"auth-url": "the URL holds the credential"}
