"""The panel: its words at the field, several boards, what a reload keeps, and keys alone."""

import itertools
import json
from pathlib import Path

import pytest
from dashboard_data.users.drafts import ConfigurationDraft
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from selenium.webdriver import Keys

from tests.dashboard.axe import AXE, found_by_axe
from tests.dashboard.keyboard import Keyboard
from tests.dashboard.screens import shown_as
from tests.dashboard.scripted import Refusal, new_item
from tests.dashboard.scripted_panel import COLLECTION, SESSION, ScriptedPanel, items_of
from tests.support.waiting import eventually

ROWS = "return [...document.querySelectorAll('.configurations li .name')].map((b) => b.innerText)"
FIELD = """
const input = document.querySelector(`form [name=${arguments[0]}]`);
const described = (input.getAttribute("aria-describedby") ?? "").split(" ").filter(Boolean);
return {
  value: input.value,
  invalid: input.ariaInvalid === "true",
  focused: input === document.activeElement,
  problem: described.map((id) => document.getElementById(id))
    .filter((each) => each.matches(".problem") && each.checkVisibility())
    .map((each) => each.textContent).join(),
};"""
WATCH = """
const row = [...document.querySelectorAll(".configurations li")]
  .find((each) => each.querySelector(".name").textContent === arguments[0]);
const button = row.querySelector(".watch");
return { text: button.textContent, label: button.ariaLabel, pressed: button.ariaPressed };"""
CONTRASTS = (Path(__file__).parent / "contrast.js").read_text("utf-8")
CLEAR_OF_FAINT = "return contrasts().filter(({ ratio }) => ratio < 4.5)"


@pytest.fixture
def server():
    scripted = ScriptedPanel()
    yield scripted
    scripted.close()


@pytest.fixture
def page(dashboard, server):
    """Opens a page with a session."""
    opened = dashboard(server.url, firstRetryMs=200, pollMs=300)
    opened.wait_for(state="live")
    opened.click(".sign-in")
    eventually(lambda: opened.run(FIELD, "name")["focused"])
    return opened


def fill_in(page, name, tickers):
    page.type("form [name=name]", name)
    page.type("form [name=tickers]", tickers)
    page.click("form .main")


def refused(page, field):
    """Returns what is said at this field, which must be marked and have the focus."""
    shown = page.run(FIELD, field)
    assert shown["invalid"]
    assert shown["focused"]
    return shown["problem"]


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


# Boards

BOARDS = """
return [...document.querySelectorAll(".configuration-view")].map((board) => ({
  name: board.querySelector("h3 .name").textContent,
  state: board.dataset.state,
  label: document.getElementById(board.getAttribute("aria-labelledby")).innerText,
  items: [...board.querySelectorAll(".items li")].map((row) => row.dataset.item),
  tickers: board.querySelector(".tickers").textContent,
  left: Math.round(board.getBoundingClientRect().left),
  top: Math.round(board.getBoundingClientRect().top),
}));"""
STORED = "return sessionStorage.getItem('lambda-sse.watched')"


def names(page):
    return [board["name"] for board in page.run(BOARDS)]


def all_live(page, *expected):
    def shown():
        boards = page.run(BOARDS)
        live = all(board["state"] == "live" for board in boards)
        return boards if live and [board["name"] for board in boards] == [*expected] else None

    return eventually(shown)


def press_watch(page, name):
    selector = f".configurations [aria-label='Watch {name}']"
    page.click(selector)


@pytest.fixture
def five(page, server):
    """Opens a page whose session has five configurations, of which none is watched."""
    for number, ticker in enumerate(("AAPL", "AMD", "MSFT", "NVDA", "TSLA")):
        server.add(f"Board {number}", ticker)
        server.recent[ticker] = items_of(ticker)
    page.driver.refresh()
    eventually(lambda: len(page.run(ROWS)) == 5)
    return page


def test_four_boards_stand_side_by_side_and_a_fifth_is_refused_in_words(five, server):
    for number in range(4):
        press_watch(five, f"Board {number}")
    boards = all_live(five, *(f"Board {number}" for number in range(4)))
    for board, ticker in zip(boards, ("AAPL", "AMD", "MSFT", "NVDA"), strict=True):
        assert board["label"].startswith(board["name"])
        assert ticker in board["tickers"]
    press_watch(five, "Board 4")

    assert five.now["notice"] == "Four boards at most; stop one to watch another."
    assert five.run(WATCH, "Board 4")["pressed"] == "false"
    for size, columns in (("desk", 4), ("wall", 2), ("tablet", 2), ("phone", 1)):
        with shown_as(five, size):
            assert len({board["left"] for board in five.run(BOARDS)}) == columns, size
    five.click(".configurations [aria-label='Watching Board 1']")
    assert five.now["notice"] == ""
    press_watch(five, "Board 4")
    all_live(five, "Board 0", "Board 2", "Board 3", "Board 4")
    assert len(server.streams) == 1 + 1 + 5  # the page's, before and after the reload, and boards'


def test_a_board_starts_with_the_newest_items_of_its_tickers(page, server):
    server.recent = {ticker: items_of(ticker, 10) for ticker in ("AAPL", "TSLA", "AMD")}
    fill_in(page, "Mine", "AAPL TSLA")
    first = [f"AAPL-{n}" for n in range(10)] + [f"TSLA-{n}" for n in range(10)]
    eventually(lambda: [board["items"] for board in page.run(BOARDS)] == [first])

    assert "/api/v2/metrics?ticker=AAPL&ticker=TSLA" in server.asked_for("/api/v2/metrics?")
    server.of("c0").send(new_item("next", ticker="AAPL"))
    eventually(lambda: page.run(BOARDS)[0]["items"] == ["next", *first])
    page.click(".configuration-view .hold")  # other tickers are another list, which is not held
    page.click(".configurations .edit")
    page.type("form [name=tickers]", "AMD")
    page.click("form .main")
    others = [f"AMD-{number}" for number in range(10)]
    eventually(lambda: page.run(BOARDS)[0]["items"] == others)
    assert page.run(BOARDS)[0]["tickers"] == "AMD"
    assert "Last-Event-ID" not in server.of("c0", 2).headers
    eventually(lambda: server.of("c0", 1).send_fails())  # its slot was given back
    page.click(".configurations .edit")
    page.type("form [name=name]", "Renamed")
    page.click("form .main")
    eventually(lambda: names(page) == ["Renamed"])
    assert page.run(BOARDS)[0]["items"] == others
    assert len([each for each in server.streams if "c0" in each.path]) == 2


def test_a_board_without_a_stream_is_fed_by_polls(page, server):
    server.recent["AAPL"] = items_of("AAPL", 3)
    server.refuse_streams = Refusal(503, {"Retry-After": "60"})
    fill_in(page, "Mine", "AAPL")
    eventually(lambda: [board["state"] for board in page.run(BOARDS)] == ["polling"])
    server.recent["AAPL"] = items_of("AAPL", 4, prefix="new-")

    eventually(lambda: "new-AAPL-0" in page.run(BOARDS)[0]["items"])
    assert page.now["state"] == "live"


def test_what_a_board_announces_names_its_configuration(five, server):
    for number in (0, 1):
        press_watch(five, f"Board {number}")
    all_live(five, "Board 0", "Board 1")
    five.run("""
      window.told = [];
      for (const region of document.querySelectorAll(".configuration-view [role=status]")) {
        const tell = () => told.push(region.textContent.replace(/\\s+/g, " ").trim());
        const everything = { childList: true, characterData: true, subtree: true };
        new MutationObserver(tell).observe(region, everything);
      }""")
    server.of("c1").cut()
    server.of("c1", 2)
    all_live(five, "Board 0", "Board 1")

    eventually(lambda: five.run("return told") == ["Board 1: Reconnecting", "Board 1: Connected"])
    regions = five.run(
        "return [...document.querySelectorAll('.configuration-view [role=status]')]"
        ".map((each) => each.ariaAtomic)"
    )
    assert regions == ["true", "true"]


# Reload, and ends


def test_a_reload_keeps_the_boards_in_their_order_and_no_token_elsewhere(five, server):
    for number in (3, 0, 2):
        press_watch(five, f"Board {number}")
    all_live(five, "Board 3", "Board 0", "Board 2")
    assert json.loads(five.run(STORED)) == ["c3", "c0", "c2"]
    assert sorted(five.run("return Object.keys(sessionStorage)")) == [
        "lambda-sse.session",
        "lambda-sse.watched",
    ]
    five.driver.refresh()
    all_live(five, "Board 3", "Board 0", "Board 2")

    assert five.now["notice"] == ""
    assert five.run(WATCH, "Board 0")["pressed"] == "true"
    server.configurations.pop("c0")
    five.driver.refresh()
    all_live(five, "Board 3", "Board 2")
    assert five.now["notice"] == "One configuration that you watched no longer exists."
    assert json.loads(five.run(STORED)) == ["c3", "c2"]
    server.configurations.clear()
    five.driver.refresh()
    eventually(lambda: "two no longer exist" in five.now["notice"])
    assert five.run(STORED) is None


@pytest.mark.parametrize(
    "stored",
    ["", "null", "{", '"c0"', "[1, null, {}]", '["c0", "c0", "c9"]', f"[{'[' * 99}"],
)
def test_whatever_storage_holds_the_panel_works(five, stored):
    five.run("sessionStorage.setItem('lambda-sse.watched', arguments[0])", stored)
    five.driver.refresh()
    eventually(lambda: len(five.run(ROWS)) == 5)
    if five.run(WATCH, "Board 0")["pressed"] == "false":
        press_watch(five, "Board 0")

    all_live(five, "Board 0")


def test_a_list_that_cannot_be_loaded_comes_when_the_service_is_back(five, server):
    press_watch(five, "Board 2")
    all_live(five, "Board 2")
    server.refusals["GET", COLLECTION] = Refusal(503)
    five.driver.refresh()
    assert "cannot be loaded" in eventually(lambda: five.now["notice"])
    assert json.loads(five.run(STORED)) == ["c2"]
    server.refusals.clear()
    all_live(five, "Board 2")

    eventually(lambda: five.now["notice"] == "")


def test_the_end_of_a_session_is_told_once_for_all_boards(five, server):
    for number in range(4):
        press_watch(five, f"Board {number}")
    all_live(five, *(f"Board {number}" for number in range(4)))
    five.run("""
      window.told = [];
      const notice = document.querySelector("#own .notice");
      const tell = () => notice.textContent && told.push(notice.textContent);
      new MutationObserver(tell).observe(notice, { childList: true, characterData: true });""")
    server.token = None
    for number in range(4):
        server.of(f"c{number}").cut()
    eventually(lambda: five.run("return told"))
    five.click(".sign-in")
    eventually(lambda: five.run(FIELD, "name")["focused"])

    assert len(five.run("return told")) == 1
    assert names(five) == []
    assert five.run(STORED) is None
    assert five.now["state"] == "live"


def test_configurations_that_another_client_deletes_are_told_by_name(five, server):
    for number in range(3):
        press_watch(five, f"Board {number}")
    all_live(five, "Board 0", "Board 1", "Board 2")
    for number in (0, 2):
        server.configurations.pop(f"c{number}")
        server.of(f"c{number}").cut()
    eventually(lambda: names(five) == ["Board 1"])

    assert five.now["notice"] in {
        "“Board 0” and “Board 2” no longer exist; another client has deleted them.",
        "“Board 2” and “Board 0” no longer exist; another client has deleted them.",
    }
    assert five.run(ROWS) == ["Board 1", "Board 3", "Board 4"]
    assert json.loads(five.run(STORED)) == ["c1"]


def test_signing_out_closes_all_boards_and_a_refused_one_keeps_them(five, server):
    for number in range(2):
        press_watch(five, f"Board {number}")
    all_live(five, "Board 0", "Board 1")
    server.refusals["DELETE", SESSION] = Refusal(503)
    five.click(".sign-out")
    assert "cannot do this" in eventually(lambda: five.now["notice"])
    all_live(five, "Board 0", "Board 1")
    server.refusals.clear()
    five.click(".sign-out")
    eventually(lambda: names(five) == [])

    for number in range(2):
        eventually(lambda number=number: server.of(f"c{number}").send_fails())
    assert five.run("return sessionStorage.length") == 0
    assert five.now["notice"] == ""
    assert len(server.asked_for("/api/v2/stream/connections/")) >= 2


def test_what_is_pressed_twice_happens_once(page, server):
    twice = "for (let n = 0; n < 2; n++) document.querySelector(arguments[0]).click();"
    page.type("form [name=name]", "Mine")
    page.type("form [name=tickers]", "AAPL")
    page.run(twice, "form .main")
    all_live(page, "Mine")
    page.click(".configurations .delete")
    page.run(twice, ".configurations .confirm")
    eventually(lambda: page.run(ROWS) == [])
    page.run(twice, ".sign-out")
    eventually(lambda: page.run("return document.querySelector('#own').dataset.session") == "none")
    page.run(twice, ".sign-in")
    eventually(lambda: page.run(FIELD, "name")["focused"])

    methods = [method for method, *_ in server.calls]
    assert methods == ["POST", "POST", "DELETE", "DELETE", "POST"]
    assert page.now["notice"] == ""


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


def sound(page):
    """Asserts that axe finds nothing in the state that the page is in."""
    page.run(AXE.read_text("utf-8"))
    assert found_by_axe(page) == []


def test_four_boards_are_landmarks_of_their_own_and_read_in_their_order(five):
    for number in range(4):
        press_watch(five, f"Board {number}")
    all_live(five, *(f"Board {number}" for number in range(4)))
    keyboard = Keyboard(five)
    for number in range(4):
        keyboard.tab_to(f"Stop watching Board {number}")
        keyboard.tab_to(f"Newest items of Board {number}", most=3)

    sound(five)
    headings = five.run(
        "return [...document.querySelectorAll('#own :is(h2, h3)')]"
        ".map((each) => each.localName + ' ' + each.textContent.trim())"
    )
    assert headings == [
        "h2 Your configurations",
        "h3 Board 0 AAPL",
        "h3 Board 1 AMD",
        "h3 Board 2 MSFT",
        "h3 Board 3 NVDA",
    ]


def test_wrong_fields_can_be_read_in_light_and_in_dark(page):
    fill_in(page, "", "NVIDIA")
    page.run(CONTRASTS)
    for size, scheme in itertools.product(("desk", "phone"), ("light", "dark")):
        with shown_as(page, size, scheme, prefers_reduced_motion="reduce"):
            assert page.run(CLEAR_OF_FAINT) == [], (size, scheme)
            sound(page)
