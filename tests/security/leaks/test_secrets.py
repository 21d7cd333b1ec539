"""Tests which texts the emulator takes for secrets when it keeps what a search needs."""

import logging
import stat

import pytest

from local_lambda import witness

TOKEN = "kJ8-vQ2_xWzR4tYb7nMc1LpE9sDf0GhA6uIo3KjN5Vw"
OTHER = TOKEN[::-1]
VALUES = {
    "a bearer": ("Authorization", f"Bearer {TOKEN}", {TOKEN}),
    "a bare token": ("authorization", TOKEN, {TOKEN}),
    "a token that is padded": ("authorization", f"Bearer {TOKEN}=", {f"{TOKEN}="}),
    "basic": ("Authorization", "Basic dTpwQHNzOndvcmQ=", {"dTpwQHNzOndvcmQ=", "p@ss:word"}),
    "digest": (
        "Authorization",
        f'Digest username="anybody", uri="/api/v2/stream", response="{TOKEN}"',
        {TOKEN},
    ),
    "a signature": (
        "Authorization",
        f"AWS4-HMAC-SHA256 Credential=AKIA/20261130/eu, SignedHeaders=host, Signature={TOKEN}",
        {TOKEN},
    ),
    "one cookie": ("Cookie", f"session={TOKEN}", {TOKEN}),
    "cookies": ("Cookie", f"session={TOKEN}; csrf={OTHER}; theme=dark", {TOKEN, OTHER, "dark"}),
    "a cookie that is set": ("Set-Cookie", f"session={TOKEN}; Path=/; HttpOnly", {TOKEN}),
    "a cookie in quotes": ("set-cookie", f'session="{TOKEN}"; Secure', {TOKEN}),
    "a cookie with escapes": ("Cookie", "s=a%2Fb%3Dc", {"a%2Fb%3Dc", "a/b=c"}),
    "a pass phrase": ("DB_PASSWORD", "correct horse battery", {"correct horse battery"}),
    "a document": ("DB_SECRET", f'{{"user": "me", "password": "{TOKEN}"}}', {"me", TOKEN}),
    "a key of several lines": ("SECRET_KEY", "-----BEGIN\nabc\n", {"-----BEGIN", "abc"}),
    "a connection's id": ("X-Connection-Id", TOKEN, {TOKEN}),
    "no secret": ("Accept", TOKEN, set()),
}


@pytest.fixture
def noted(tmp_path):
    """Returns a function that reads what has been noted as secret."""
    witness.begin({witness.VARIABLE: str(tmp_path / "kept")}, lambda _: None)
    loggers = [logging.getLogger(f"local_lambda.witness.{kind}") for kind in ("secrets", "said")]
    own = [logger.handlers[-1] for logger in loggers]
    (path,) = (tmp_path / "kept/secrets").iterdir()
    yield lambda: set(path.read_text("utf-8").splitlines())
    for logger, handler in zip(loggers, own, strict=True):
        logger.removeHandler(handler)
        handler.close()
        if not logger.handlers:
            logger.setLevel(logging.CRITICAL + 1)


@pytest.mark.parametrize("kind", VALUES)
def test_the_secrets_in_a_value_are_noted_and_nothing_around_them(noted, kind):
    name, value, secrets = VALUES[kind]
    witness.variables([(name, value)])

    assert noted() == secrets


def test_a_request_presents_secrets_in_its_fields_its_query_and_its_path(noted):
    target = "/live/api/v2/stream/connections/abc%2Ddef/close?access_token=query&page=2"
    witness.request(target, [("authorization", "Bearer field"), ("accept", "text/html")])

    assert noted() == {"field", "query", "abc-def"}


def test_a_response_that_sets_a_cookie_hands_out_its_value(noted):
    headers = [("set-cookie", f"session={TOKEN}; Path=/; HttpOnly"), ("x-connection-id", OTHER)]
    witness.response(200, headers)

    assert noted() == {TOKEN, OTHER}


def test_what_is_kept_can_be_read_by_its_owner_alone(noted, tmp_path):
    for path in (tmp_path / "kept", tmp_path / "kept/secrets", tmp_path / "kept/said"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
