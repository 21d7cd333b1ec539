"""Does every threat of docs/security.md have something against it, and tests that exist?"""

import re

import pytest

from tests.support.named_tests import missing_tests, named_tests, unread
from tests.support.pages import table
from tests.support.paths import ROOT

PAGE = ROOT / "docs/security.md"
ATTACKERS = [name for name, *_ in table(PAGE, "Who attacks")]
THREATS = table(PAGE, "Threats")
# Each word must stand in a threat: what the page must not forget.
KINDS = (
    "guess",
    "stolen",
    "revoked",
    "another user",
    "position",
    "header",
    "event",
    "log",
    "metric",
    "origin",
    "rebinding",
    "script",
    "frame",
    "cache",
    "slots",
    "body",
    "JSON",
    "does not read",
    "decompress",
    "configurations",
    "issuer",
    "algorithm",
    "key id",
    "goodbye",
    "secret",
    "smuggle",
    "path",
    "package",
    "pipeline",
    "role",
)


@pytest.mark.parametrize("row", THREATS, ids=lambda row: row[1])
def test_every_threat_says_who_attacks_what_stands_against_it_what_remains_and_its_tests(row):
    who, threat, against, remains, test = row

    assert set(who.split(", ")) <= set(ATTACKERS)
    assert threat
    assert against
    assert remains
    assert named_tests(test)
    assert unread(test) == ""


def test_every_test_that_the_page_names_is_there():
    assert missing_tests(PAGE.read_text("utf-8")) == []


def test_a_test_that_does_not_exist_is_found():
    page = PAGE.read_text("utf-8")
    (file, _), *_ = named_tests(page)

    assert missing_tests(page.replace(file, f"{file}_gone")) != []


def test_whoever_attacks_has_a_threat():
    assert set(ATTACKERS) == {who for row in THREATS for who in row[0].split(", ")}


@pytest.mark.parametrize("kind", KINDS)
def test_the_kinds_of_threats_that_such_services_have_are_all_there(kind):
    assert [row for row in THREATS if re.search(kind, row[1], re.IGNORECASE)]


def test_every_file_of_tests_about_security_is_named():
    files = (ROOT / "tests/security").rglob("test_*.py")
    named = {file for file, _ in named_tests(PAGE.read_text("utf-8"))}

    assert {path.relative_to(ROOT / "tests").with_suffix("").as_posix() for path in files} <= named
