"""Does each assumption of the pages have an id, and each id a place, a page and a probe?"""

import re

import pytest
from verify_aws.assumptions import BY_HAND_HEADING, PAGE, parse
from verify_aws.fronts import FRONTS
from verify_aws.probes import PROBES

from tests.support.pages import table
from tests.support.paths import ROOT

DOCS = ROOT / "docs"
ASSUMPTIONS = parse(PAGE.read_text("utf-8"))
BY_HAND = {each.id for each in ASSUMPTIONS if each.by_hand}
IDS = {each.id for each in ASSUMPTIONS}
# The page that `make verify` writes quotes the list; nothing is assumed there.
PAGES = [
    ROOT / "README.md",
    ROOT / "SECURITY.md",
    *ROOT.glob("layers/*/README.md"),
    *ROOT.glob("examples/*/README.md"),
    *(page for page in DOCS.rglob("*.md") if page.name not in (PAGE.name, "verified.md")),
]
MARK = re.compile(r"\*assumed\*: ((?:`[a-z0-9-]+`(?:, )?)+)")
OTHER_MARK = re.compile(r"\*assumed\*(?!: `)")
HEDGE = re.compile(
    r"\b(?:assum\w*|unverified|not verified|in the expectation|unknown there)\b", re.IGNORECASE
)
# Sentences in which the word is not about how AWS behaves, or which lead to the list.
NOT_ABOUT_AWS = (
    "role is not assumed",
    "may assume the role",
    "role that GitHub may assume",
    "role cannot be assumed",
    "fewer assumptions",
    "assumptions are arguments",
    'says "assumed" with an id',
    '"assumed" means that nothing better was found. An id follows',
    "is assumed about AWS, and the command",
    "is assumed about AWS, beside what",
    "is assumed to be as on AWS's emulator",
    "name what is assumed",
    "tries each assumption",
    "assumes 2 MB/s",
    "[Assumptions]",
    "## Assumptions about AWS",
    "mark what they assume with an id",
    "AssumeRoleWithWebIdentity",
    "assumptions.md",
)


def words(page):
    """Returns the text of a page with single spaces."""
    return " ".join(page.read_text("utf-8").split())


def cited(page):
    """Returns the ids that a page names, whether after the mark or elsewhere."""
    return {span for span in re.findall(r"`([a-z0-9-]+)`", page.read_text("utf-8")) if span in IDS}


def unmarked(text):
    """Returns the places that hedge without an id."""
    text = MARK.sub("", text)
    for sentence in NOT_ABOUT_AWS:
        text = text.replace(sentence, "")
    return [text[max(0, at.start() - 60) : at.end() + 30] for at in HEDGE.finditer(text)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_whatever_a_page_assumes_has_an_id_of_the_list(page):
    text = words(page)
    named = {each for ids in MARK.findall(text) for each in re.findall(r"`([^`]+)`", ids)}

    assert named <= IDS
    assert OTHER_MARK.findall(text) == []
    assert unmarked(text) == []


def test_a_place_without_an_id_would_be_found():
    assert unmarked("Trailers of 5 KiB are fatal (assumed).")
    assert unmarked("That this works is not verified.")
    assert not unmarked("It has 29 s (*assumed*: `rest-authorizer-29-s`).")


def test_every_id_is_said_on_another_page():
    everywhere = set().union(*(cited(page) for page in PAGES))

    assert everywhere == IDS


@pytest.mark.parametrize("assumption", ASSUMPTIONS, ids=lambda each: each.id)
def test_the_list_says_where_an_id_is_cited(assumption):
    named = {(DOCS / target.partition("#")[0]).resolve() for target in assumption.said_in}

    assert named == {page.resolve() for page in PAGES if assumption.id in cited(page)}


def test_every_id_has_a_probe_or_is_tried_by_hand():
    assert set(PROBES) | BY_HAND == IDS
    assert set(PROBES) & BY_HAND == set()
    assert len(IDS) == len(ASSUMPTIONS)


@pytest.mark.parametrize("assumption", ASSUMPTIONS, ids=lambda each: each.id)
def test_the_list_names_the_fronts_that_are_tried(assumption):
    if not assumption.by_hand:
        fronts = {FRONTS[name].title for name in PROBES[assumption.id].fronts}
        assert set(assumption.fronts) == fronts


def test_few_are_left_to_hands():
    rows = table(PAGE, BY_HAND_HEADING)

    assert {row[0].strip("`") for row in rows} == BY_HAND
    assert len(BY_HAND) < len(IDS) / 5
