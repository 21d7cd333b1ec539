"""The panel: its words at the field, what is never lost, and keys alone."""

import itertools
import threading
from pathlib import Path

import pytest
from dashboard_data.users.drafts import ConfigurationDraft
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from selenium.webdriver import Keys

from tests.dashboard.keyboard import Keyboard
from tests.dashboard.panel_page import (
    FIELD,
    ROWS,
    WATCH,
    all_live,
    fill_in,
    refused,
    signed_in,
    sound,
)
from tests.dashboard.screens import shown_as
from tests.dashboard.scripted import Refusal
from tests.dashboard.scripted_panel import COLLECTION, SESSION, ScriptedPanel
from tests.support.waiting import eventually

CONTRASTS = (Path(__file__).parent / "contrast.js").read_text("utf-8")
CLEAR_OF_FAINT = "return contrasts().filter(({ ratio }) => ratio < 4.5)"


@pytest.fixture
def server():
    scripted = ScriptedPanel()
    yield scripted
    scripted.close()


@pytest.fixture
def page(dashboard, server):
    return signed_in(dashboard, server)


# Wrong input is told at the field


@pytest.mark.parametrize(
    ("tickers", "words"),
    [
        ("A B C D E F", "At most five tickers; these are six"),
        ("NVIDIA", "“NVIDIA” has six letters; a ticker has one to five"),
        ("AMD, NVIDIA", "“NVIDIA” has six letters; a ticker has one to five"),
        ("A1", "“A1” has more than letters; a ticker has one to five, from A to Z"),
        ("BRK.B", "“BRK.B” has more than letters; a ticker has one to five, from A to Z"),
        ("ÄÖ", "“ÄÖ” has more than letters; a ticker has one to five, from A to Z"),
        ("X" * 30, f"“{'X' * 20}…” has 30 letters; a ticker has one to five"),
        (" , ", "A ticker is missing; for example “NVDA AMD”"),
    ],
)
def test_wrong_tickers_are_told_at_the_field_until_they_are_mended(page, server, tickers, words):
    fill_in(page, "Mine", tickers)

    assert refused(page, "tickers") == words
    assert page.run(FIELD, "name")["problem"] == ""
    assert server.calls == [("POST", SESSION, None)]
    page.type("form [name=tickers]", "AMD")
    assert page.run(FIELD, "tickers")["problem"] == ""
    assert not page.run(FIELD, "tickers")["invalid"]
    page.click("form .main")
    eventually(lambda: page.run(ROWS) == ["Mine"])


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "A name is missing; for example “Chip makers”"),
        ("x" * 112, "A name has at most 100 characters; this one has 112"),
        ("a\u202eb", "A name cannot have hidden characters that change the direction of text"),
        ("a\u0085b", "A name cannot have control characters or line ends"),
        ("\u200b\u2800", "A name needs a character that can be seen"),
    ],
)
def test_a_wrong_name_is_told_at_the_field_first(page, server, name, words):
    fill_in(page, name, "A1")

    assert refused(page, "name") == words
    assert page.run(FIELD, "tickers")["invalid"]
    assert page.run(FIELD, "name")["value"] == name
    assert server.calls == [("POST", SESSION, None)]


def test_tickers_in_any_case_and_twice_count_once(page, server):
    fill_in(page, "Mine", "aapl;AAPL, amd  amd AMD\taapl")
    eventually(lambda: page.run(ROWS) == ["Mine"])

    assert server.calls[-1] == ("POST", COLLECTION, {"name": "Mine", "tickers": ["AAPL", "AMD"]})


PROBLEMS = """
const done = arguments[1];
import("/static/editor_rules.js").then(({ draftOf, problemsOf }) => done(
  arguments[0].map(([name, tickers]) => {
    const draft = draftOf({ name, tickers });
    return { draft, fields: Object.keys(problemsOf(draft)) };
  })));"""
NEAR = st.sampled_from("\u0000\t\n\u0085\u00a0\u2028\u202e\u2066\u061c\u200b\u3164\u2800\ufeff ")
NAMES = st.text(NEAR | st.characters(exclude_categories=["Cs"]), max_size=12) | st.text(
    st.sampled_from("ab\u00e4\U0001f600 "), min_size=98, max_size=103
)
TICKERS = st.text(st.sampled_from("AbZz\u017f\u0131\u00df1.-"), max_size=7)


@given(st.lists(st.tuples(NAMES, st.lists(TICKERS, max_size=7).map(" ".join)), min_size=5))
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_the_form_refuses_what_the_service_refuses_and_nothing_else(rules_page, typed):
    for found in rules_page.run_async(PROBLEMS, typed):
        assert set(found["fields"]) == refused_fields(found["draft"]), found


def refused_fields(draft):
    try:
        ConfigurationDraft.model_validate(draft)
    except ValidationError as error:
        return {each["loc"][0] for each in error.errors()}
    return set()


@pytest.fixture
def rules_page(dashboard, server):
    return dashboard(server.url)


# Refusals of the service


@pytest.mark.parametrize(
    ("refusal", "field", "words"),
    [
        (Refusal(422, detail="name: string should have at most 7"), "name", "choose another"),
        (Refusal(422, detail="tickers[1]: must be 1 to 5"), "tickers", "does not take these"),
        (Refusal(400, detail="tickers must be known"), "tickers", "does not take these"),
    ],
)
def test_a_refusal_that_names_a_field_is_told_there(page, server, refusal, field, words):
    server.refusals["POST", COLLECTION] = refusal
    fill_in(page, "Mine", "AAPL AMD")
    eventually(lambda: page.run(FIELD, field)["problem"])

    assert words in refused(page, field)
    assert refusal.detail not in page.run("return document.querySelector('#own').textContent")
    assert page.now["notice"] == ""
    assert page.run(FIELD, "name")["value"] == "Mine"
    assert page.run(FIELD, "tickers")["value"] == "AAPL AMD"
    page.type(f"form [name={field}]", "AMD")
    assert not page.run(FIELD, field)["invalid"]


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        (Refusal(409, detail="configurations: at most 20"), "At most 20 configurations; delete"),
        (Refusal(409, detail="full"), "You have as many as you can; delete"),
        (Refusal(429, {"Retry-After": "7"}), "try again in 7 seconds"),
        (Refusal(429, detail="slow down"), "try again in a moment"),
        (Refusal(503, {"Retry-After": "1"}), "try again in 1 second."),
        (Refusal(500), "cannot do this at the moment"),
        (Refusal(403, detail="Forbidden"), "nothing was changed (error 403)"),
        (Refusal(0), "does not respond"),
    ],
)
def test_any_other_refusal_is_told_in_our_words_and_nothing_typed_is_lost(
    page, server, refusal, words
):
    server.refusals["POST", COLLECTION] = refusal
    fill_in(page, "Mine", "AAPL AMD")

    assert words in eventually(lambda: page.now["notice"])
    assert refusal.detail not in page.now["notice"]
    assert page.run(FIELD, "name")["value"] == "Mine"
    assert page.run(FIELD, "tickers")["value"] == "AAPL AMD"
    server.refusals.clear()
    page.click("form .main")
    eventually(lambda: page.run(ROWS) == ["Mine"])
    assert page.now["notice"] == ""


def test_what_was_typed_outlives_the_session_and_the_configuration(page, server):
    fill_in(page, "Mine", "AAPL")
    eventually(lambda: page.run(ROWS) == ["Mine"])
    page.type("form [name=name]", "A new one")
    page.click(".configurations .edit")
    page.type("form [name=tickers]", "AMD")
    server.configurations.clear()
    page.click("form .main")
    assert "“Mine” no longer exists" in eventually(lambda: page.now["notice"])
    assert page.run("return document.querySelector('form').dataset.mode") == "create"
    assert page.run(FIELD, "tickers")["value"] == "AMD"
    server.token = None
    page.click("form .main")
    assert "has ended" in eventually(lambda: page.now["notice"])
    page.click(".sign-in")
    eventually(lambda: page.run(FIELD, "name")["focused"])

    assert page.run(FIELD, "name")["value"] == "Mine"
    assert page.run(FIELD, "tickers")["value"] == "AMD"


def test_while_a_draft_is_saved_it_stays_as_it_is(page, server):
    server.held["POST", COLLECTION] = saved = threading.Event()
    fill_in(page, "Mine", "AAPL")
    eventually(lambda: page.run("return document.querySelector('form').ariaBusy") == "true")
    keyboard = Keyboard(page)
    page.run("document.querySelector('form').elements.name.focus()")
    keyboard.press("more", Keys.ENTER)
    assert page.run(FIELD, "name")["value"] == "Mine"
    saved.set()
    eventually(lambda: page.run(ROWS) == ["Mine"])
    keyboard.press("Next")

    assert page.run(FIELD, "name")["value"] == "Next"
    assert [method for method, path, _ in server.calls if path == COLLECTION] == ["POST"]


def test_a_late_refusal_of_an_ended_session_does_not_end_the_next_one(page, server):
    server.held["POST", COLLECTION] = late = threading.Event()
    fill_in(page, "Mine", "AAPL")
    eventually(lambda: ("POST", COLLECTION) in [call[:2] for call in server.calls])
    page.click(".sign-out")
    page.click(".sign-in")
    eventually(lambda: page.run(FIELD, "name")["focused"])
    assert page.run(FIELD, "name")["value"] == ""
    late.set()
    eventually(lambda: page.run("return document.querySelector('form').ariaBusy") == "false")

    assert page.now["notice"] == ""
    assert page.run("return sessionStorage.getItem('lambda-sse.session')") == "token-2"
    fill_in(page, "Again", "AMD")
    eventually(lambda: page.run(ROWS) == ["Again"])


# Keys and names


def test_the_pressed_button_says_watching(page):
    fill_in(page, "Chip makers", "NVDA")
    pressed = {"text": "Watching", "label": "Watching Chip makers", "pressed": "true"}
    eventually(lambda: page.run(ROWS) and page.run(WATCH, "Chip makers") == pressed)
    page.click(".configurations .watch")

    released = {"text": "Watch", "label": "Watch Chip makers", "pressed": "false"}
    assert page.run(WATCH, "Chip makers") == released


def test_escape_cancels_an_edit_and_gives_the_draft_and_the_focus_back(page):
    keyboard = Keyboard(page)
    fill_in(page, "Mine", "AAPL")
    eventually(lambda: page.run(ROWS) == ["Mine"])
    page.type("form [name=name]", "Not yet done")
    keyboard.press(Keys.ESCAPE)
    assert page.run(FIELD, "name")["value"] == "Not yet done"
    keyboard.tab_to("Edit Mine")
    keyboard.press(Keys.ENTER)
    keyboard.lands_on("name")
    keyboard.retype("Other")
    keyboard.press(Keys.ESCAPE)
    keyboard.lands_on("Edit Mine")

    assert page.run(ROWS) == ["Mine"]
    assert page.run(FIELD, "name")["value"] == "Not yet done"
    keyboard.tab_to("Delete Mine")
    keyboard.press(Keys.ENTER)
    keyboard.lands_on("Really delete Mine")
    keyboard.press(Keys.ESCAPE)
    keyboard.lands_on("Delete Mine")
    assert not page.run("return document.querySelector('.confirm').checkVisibility()")
    assert page.run(ROWS) == ["Mine"]


# Nonsense from the service

NONSENSE = (None, [], 7, "x", {"configurations": {}}, {"token": 7, "config_id": {}, "name": []})


@pytest.mark.parametrize("body", NONSENSE, ids=str)
def test_nonsense_instead_of_a_success_is_told_and_harms_nothing(dashboard, server, body):
    server.nonsense["POST", SESSION] = body
    page = dashboard(server.url, firstRetryMs=200)
    page.wait_for(state="live")
    page.click(".sign-in")
    assert "cannot do this" in eventually(lambda: page.now["notice"])
    server.nonsense = {("POST", COLLECTION): body}
    page.click(".sign-in")
    eventually(lambda: page.run(FIELD, "name")["focused"])
    fill_in(page, "Mine", "AAPL")
    assert "cannot do this" in eventually(lambda: page.now["notice"])
    assert page.run(FIELD, "name")["value"] == "Mine"
    server.nonsense = {("GET", COLLECTION): body}
    page.driver.refresh()
    assert "cannot be loaded" in eventually(lambda: page.now["notice"])
    server.nonsense = {("GET", COLLECTION): {"configurations": [body, *server.listed()]}}
    eventually(lambda: page.run(ROWS) == ["Mine"])

    assert not [each for each in page.complaints() if "Uncaught" in each["message"]]


# Keys alone


def test_keys_alone_do_everything_and_the_focus_is_never_lost(dashboard, server):
    page = dashboard(server.url)
    page.wait_for(state="live")
    keyboard = Keyboard(page)
    sound(page)
    keyboard.tab_to("Start a session")
    keyboard.press(Keys.ENTER)
    keyboard.lands_on("name")
    sound(page)

    keyboard.press("Chip makers", Keys.TAB, "NVIDIA", Keys.ENTER)
    keyboard.lands_on("tickers")
    assert refused(page, "tickers") == "“NVIDIA” has six letters; a ticker has one to five"
    sound(page)
    keyboard.retype("NVDA")
    assert not page.run(FIELD, "tickers")["invalid"]
    keyboard.press(Keys.ENTER)
    all_live(page, "Chip makers")
    keyboard.lands_on("name")
    keyboard.press("Cars", Keys.TAB, "TSLA", Keys.ENTER)
    all_live(page, "Chip makers", "Cars")
    sound(page)

    keyboard.tab_to("Edit Cars")
    keyboard.press(Keys.ENTER)
    keyboard.lands_on("name")
    sound(page)
    keyboard.retype("Vans")
    keyboard.press(Keys.ESCAPE)
    keyboard.lands_on("Edit Cars")
    keyboard.press(Keys.ENTER)
    keyboard.retype("Cars and vans")
    keyboard.press(Keys.ENTER)
    keyboard.lands_on("Edit Cars and vans")
    all_live(page, "Chip makers", "Cars and vans")

    page.driver.refresh()
    all_live(page, "Chip makers", "Cars and vans")
    sound(page)
    keyboard.tab_to("Watching Cars and vans")
    keyboard.press(Keys.SPACE)
    all_live(page, "Chip makers")
    keyboard.lands_on("Watch Cars and vans")
    keyboard.press(Keys.SPACE)
    all_live(page, "Chip makers", "Cars and vans")
    keyboard.tab_to("Stop watching Chip makers")
    keyboard.press(Keys.ENTER)
    all_live(page, "Cars and vans")
    keyboard.lands_on("Watch Chip makers")

    keyboard.tab_to("Delete Chip makers")
    keyboard.press(Keys.SPACE)
    keyboard.lands_on("Really delete Chip makers")
    sound(page)
    keyboard.press(Keys.ESCAPE)
    keyboard.lands_on("Delete Chip makers")
    keyboard.press(Keys.SPACE)
    keyboard.lands_on("Really delete Chip makers")
    keyboard.press(Keys.ENTER)
    eventually(lambda: page.run(ROWS) == ["Cars and vans"])
    keyboard.lands_on("name")
    keyboard.back_to("Sign out")
    keyboard.press(Keys.ENTER)
    keyboard.lands_on("Start a session")
    sound(page)


def test_wrong_fields_can_be_read_in_light_and_in_dark(page):
    fill_in(page, "", "NVIDIA")
    page.run(CONTRASTS)
    for size, scheme in itertools.product(("desk", "phone"), ("light", "dark")):
        with shown_as(page, size, scheme, prefers_reduced_motion="reduce"):
            assert page.run(CLEAR_OF_FAINT) == [], (size, scheme)
            sound(page)
