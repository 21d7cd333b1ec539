"""Several boards side by side: what they show, what a reload keeps, and how they end."""

import json

import pytest

from tests.dashboard.keyboard import Keyboard
from tests.dashboard.panel_page import (
    BOARDS,
    FIELD,
    ROWS,
    STORED,
    WATCH,
    all_live,
    fill_in,
    names,
    press_watch,
    signed_in,
    sound,
)
from tests.dashboard.screens import shown_as
from tests.dashboard.scripted import Refusal, new_item
from tests.dashboard.scripted_panel import COLLECTION, SESSION, ScriptedPanel, items_of
from tests.support.waiting import eventually


@pytest.fixture
def server():
    scripted = ScriptedPanel()
    yield scripted
    scripted.close()


@pytest.fixture
def page(dashboard, server):
    return signed_in(dashboard, server)


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
