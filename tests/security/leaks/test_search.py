"""Tests that the search for leaks finds a secret in every guise, and takes nothing else for one."""

import base64
import html
import json
import secrets
import string
import subprocess
import sys
from urllib.parse import quote

import leaks
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.paths import ROOT

TOKEN = "kJ8-vQ2_xWzR4tYb7nMc1LpE9sDf0GhA6uIo3KjN5Vw"
ALPHABET = string.ascii_letters + string.digits + "-_"
FILLERS = st.text(alphabet=string.ascii_letters + " ,:{}\"'\n", max_size=40)
GUISES = {
    "as it is": lambda token: token,
    "as a bearer": lambda token: f"Authorization: Bearer {token}",
    "in JSON": lambda token: json.dumps({"a": json.dumps({"token": token})}),
    "in a URL": lambda token: f"GET /?token={token}&a=b",
    "every byte with a percent sign": lambda t: "".join(f"%{ord(each):02X}" for each in t),
    "quoted twice": lambda token: quote("".join(f"%{ord(each):02x}" for each in token)),
    "every byte as an escape of JSON": lambda t: "".join(f"\\u{ord(each):04x}" for each in t),
    "as a Python representation of bytes": lambda t: "".join(f"\\x{ord(e):02x}" for e in t),
    "its first 16": lambda token: token[:16] + " and no more",
    "its last 16": lambda token: "..." + token[-16:],
    "16 of its middle": lambda token: f"({token[13:29]})",
    "within a longer word": lambda token: "abc" + token + "xyz" * 9,
}


@pytest.mark.parametrize("guise", GUISES)
def test_a_secret_is_found_in_every_guise(guise):
    assert leaks.Searcher([TOKEN]).longest(GUISES[guise](TOKEN)) >= 16


# Passwords that people choose have signs that no token has.
ODD = [
    "p@ss!w0rd#with$odd%chars^1234",
    'a "quoted" \\ pass phrase & more',
    "пароль-из-букв-и-знаков",
]
WRITTEN = {
    "as it is": lambda secret: f"a password {secret} of somebody",
    "in JSON": lambda secret: json.dumps({"a": json.dumps({"password": secret})}),
    "in a URL": lambda secret: "GET /?p=" + quote(secret),
    "in HTML": lambda secret: f"<p>{html.escape(secret)}</p>",
    "in a representation of Python": lambda secret: repr({"p": secret}),
    "as hexadecimal digits": lambda secret: f"read {secret.encode().hex()}",
    "as upper digits": lambda secret: f"read {secret.encode().hex().upper()}",
    "in base64": lambda secret: base64.b64encode(f"user:{secret}".encode()).decode(),
    "16 of it": lambda secret: secret[5:21],
}


@pytest.mark.parametrize("secret", [*ODD, TOKEN])
@pytest.mark.parametrize("way", WRITTEN)
def test_a_secret_of_any_characters_is_found(way, secret):
    assert leaks.Searcher([secret]).longest(WRITTEN[way](secret)) >= 16


@given(st.text(alphabet=st.characters(exclude_categories=["Cc", "Cs"]), min_size=16, max_size=40))
def test_whatever_is_counted_as_searched_for_can_be_found(secret):
    searcher = leaks.Searcher([secret])

    assert all(searcher.longest(f"it is {each}.") >= 16 for each in searcher.secrets)


@given(before=st.binary(max_size=9), after=st.binary(max_size=9), is_url_safe=st.booleans())
def test_a_secret_is_found_in_base64_wherever_it_begins(before, after, is_url_safe):
    encode = base64.urlsafe_b64encode if is_url_safe else base64.b64encode
    line = encode(before + TOKEN.encode() + after).decode()

    assert leaks.Searcher([TOKEN]).longest(line) >= 16


@given(data=st.data(), before=FILLERS, after=FILLERS)
def test_every_piece_of_16_is_found_and_none_of_15(data, before, after):
    searcher = leaks.Searcher([TOKEN])
    at = data.draw(st.integers(0, len(TOKEN) - 16))

    assert searcher.longest(f"{before}{TOKEN[at : at + 16]}{after}") >= 16
    assert searcher.longest(f"{before}!{TOKEN[at : at + 15]}!{after}") == 0


@given(st.text(alphabet=ALPHABET, max_size=200))
def test_other_random_words_are_none(word):
    holds_a_piece = any(TOKEN[at : at + 16] in word for at in range(len(TOKEN) - 15))

    assert (leaks.Searcher([TOKEN]).longest(word) > 0) == holds_a_piece


def test_what_everybody_knows_of_a_token_is_no_secret_and_the_rest_is():
    head, claims, signature = "eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ", TOKEN, TOKEN[::-1]
    searcher = leaks.Searcher([f"{head}.{claims}.{signature}"])

    assert searcher.longest(head) == 0
    assert searcher.longest(claims) >= 16
    assert searcher.longest(f"signed {signature}") >= 16


@pytest.mark.parametrize("filler", ["x" * 40, "short", "Bearer " + "ab" * 30, ""])
def test_fillers_of_tests_are_no_secrets(filler):
    assert leaks.Searcher([filler]).secrets == []


def run(folder, *paths):
    command = [sys.executable, str(ROOT / "scripts/leaks.py"), str(folder), *map(str, paths)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def folder(tmp_path):
    """Returns a folder with one secret and a harmless text."""
    for kind in ("secrets", "said"):
        (tmp_path / kind).mkdir()
    (tmp_path / "secrets/a.txt").write_text(f"{TOKEN}\n")
    (tmp_path / "said/log.txt").write_text("nothing\n" * 1000)
    return tmp_path


def test_it_says_how_much_it_has_searched_and_passes_where_nothing_is(folder):
    ended = run(folder)

    assert ended.returncode == 0
    assert "0 lines with a secret; searched for 1 secrets in 0.0 MB of 1 files" in ended.stdout


def test_a_finding_is_named_by_file_and_line_and_not_printed(folder):
    (folder / "said/log.txt").write_text(f"one\ntwo\n{GUISES['in JSON'](TOKEN)}\n")
    ended = run(folder)

    assert ended.returncode == 1
    assert f"{folder}/said/log.txt, line 3: 43 characters of a secret" in ended.stdout
    assert TOKEN[:8] not in ended.stdout + ended.stderr


def test_other_files_and_folders_are_searched_too(folder, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    (other / "report.xml").write_text(f"<x>{TOKEN}</x>")

    assert run(folder, other).returncode == 1


@pytest.mark.parametrize("empty", ["secrets/a.txt", "said/log.txt"])
def test_a_search_for_nothing_or_in_nothing_fails(folder, empty):
    (folder / empty).write_text("")
    ended = run(folder)

    assert ended.returncode == 1
    assert "nothing to search" in ended.stdout


def test_many_secrets_in_much_text_take_seconds(folder):
    """Ten thousand secrets, and 5 MB of lines like those of a log."""
    words = [secrets.token_urlsafe(32) for _ in range(10_000)]
    (folder / "secrets/a.txt").write_text("\n".join(words))
    line = f'{{"request": "{secrets.token_hex(16)}", "level": "INFO", "message": "opened"}}\n'
    (folder / "said/log.txt").write_text(line * 60_000 + words[-1])
    ended = run(folder)

    assert "line 60001: 43 characters" in ended.stdout
