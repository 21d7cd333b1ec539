"""A visitor's own configurations: created, watched, changed, deleted, and how they end."""

import pytest

from tests.support.waiting import eventually

ROWS = "return [...document.querySelectorAll('.configurations li > p')].map((row) => row.innerText)"


@pytest.fixture
def page(dashboard, service):
    opened = dashboard(service.base_url)
    opened.wait_for(state="live")
    return opened


def test_a_configuration_is_created_and_watched_live_beside_the_global_stream(page, service):
    page.create_configuration()
    page.wait_for(watch="live")
    other = service.put(ticker="MSFT")
    mine = service.put(ticker="TSLA")
    eventually(lambda: page.now["watchItems"][:1] == [mine])
    eventually(lambda: {mine, other} <= set(page.now["items"]))

    assert page.run(ROWS) == ["Mine\nAAPL TSLA"]
    assert page.now["state"] == "live"
    urls = page.run("return performance.getEntriesByType('resource').map(({ name }) => name)")
    token = page.run("return sessionStorage.getItem('lambda-sse.session')")
    assert token
    assert not [url for url in urls if token in url]
    assert page.complaints() == []


def test_changed_tickers_take_effect_on_the_open_stream(page, service):
    page.create_configuration()
    page.wait_for(watch="live")
    page.click(".configurations .edit")
    page.type("[name=tickers]", "MSFT")
    page.click("form .main")
    eventually(lambda: page.run(ROWS) == ["Mine\nMSFT"])

    def shown():
        service.put(ticker="MSFT")
        return page.now["watchItems"]

    assert eventually(shown)
    assert (
        page.run("return document.querySelector('.configuration-view .tickers').textContent")
        == "MSFT"
    )


def test_a_reload_keeps_the_session_and_another_tab_has_none(page, dashboard, service):
    page.create_configuration()
    page.wait_for(watch="live")
    page.driver.refresh()
    eventually(lambda: page.run(ROWS) == ["Mine\nAAPL TSLA"])
    other = dashboard(service.base_url)

    assert other.run("return document.querySelector('#own').dataset.session") == "none"


def test_deleting_asks_once_more_and_ends_the_watching(page):
    page.create_configuration()
    page.wait_for(watch="live")
    page.click(".configurations .delete")
    page.click(".configurations .confirm")
    eventually(lambda: page.run(ROWS) == [])

    assert page.now["watch"] is None
    assert page.now["notice"] == ""


def test_a_form_that_is_sent_twice_creates_one_configuration(page, service):
    page.click(".sign-in")
    eventually(lambda: page.run("return document.activeElement?.name") == "name")
    page.run("""
      const form = document.querySelector("#own form");
      Object.assign(form.elements.name, { value: "Mine" });
      Object.assign(form.elements.tickers, { value: "AAPL" });
      form.requestSubmit();
      form.requestSubmit();""")
    page.wait_for(watch="live")
    token = page.run("return sessionStorage.getItem('lambda-sse.session')")

    assert (
        len(service.call("GET", "/api/v2/configurations", token=token).json()["configurations"])
        == 1
    )
    page.click(".configurations .edit")
    page.type("[name=tickers]", "MSFT")
    page.click("form .main")
    eventually(lambda: page.run(ROWS) == ["Mine\nMSFT"])  # once is not for ever


def test_watch_pressed_again_stops_the_watching(page):
    page.create_configuration()
    page.wait_for(watch="live")
    page.click(".configurations .watch")
    page.wait_for(watch=None)

    assert (
        page.run("return document.querySelector('.configurations .watch').ariaPressed") == "false"
    )


def test_what_another_client_has_deleted_can_be_deleted_or_saved_without_harm(page, service):
    page.click(".sign-in")
    token = eventually(lambda: page.run("return sessionStorage.getItem('lambda-sse.session')"))
    first, second = (
        service.call(
            "POST", "/api/v2/configurations", {"name": name, "tickers": ["AAPL"]}, token
        ).json()
        for name in ("First", "Second")
    )
    page.driver.refresh()
    eventually(lambda: page.run(ROWS) == ["First\nAAPL", "Second\nAAPL"])
    service.call("DELETE", f"/api/v2/configurations/{first['config_id']}", token=token)
    page.click(".configurations .delete")
    page.click(".configurations .confirm")
    eventually(lambda: page.run(ROWS) == ["Second\nAAPL"])
    assert page.now["notice"] == ""
    page.click(".configurations .edit")
    service.call("DELETE", f"/api/v2/configurations/{second['config_id']}", token=token)
    page.click("form .main")

    assert "no longer exists" in eventually(lambda: page.now["notice"])
    eventually(lambda: page.run(ROWS) == [])
    assert page.run("return document.querySelector('#own form').dataset.mode") == "create"


def test_a_revoked_session_is_told_with_how_to_go_on(page, service):
    page.create_configuration()
    page.wait_for(watch="live")
    token = page.run("return sessionStorage.getItem('lambda-sse.session')")
    assert service.call("DELETE", "/api/v2/auth/anonymous", token=token).status_code == 204
    said = eventually(lambda: page.now["notice"])

    assert "ended or was revoked" in said
    assert "Start a new session" in said
    assert page.now["watch"] is None
    assert page.now["state"] == "live"
    page.create_configuration(name="Again")
    page.wait_for(watch="live", notice="")


def test_a_configuration_that_another_client_deletes_is_told(page, service):
    page.create_configuration()
    page.wait_for(watch="live")
    token = page.run("return sessionStorage.getItem('lambda-sse.session')")
    mine = service.call("GET", "/api/v2/configurations", token=token).json()["configurations"][0]
    service.call("DELETE", f"/api/v2/configurations/{mine['config_id']}", token=token)

    assert "no longer exists" in eventually(lambda: page.now["notice"])
    eventually(lambda: page.run(ROWS) == [])


def test_signing_out_revokes_the_token(page, service):
    page.create_configuration()
    page.wait_for(watch="live")
    token = page.run("return sessionStorage.getItem('lambda-sse.session')")
    page.click(".sign-out")
    eventually(lambda: page.run("return document.querySelector('#own').dataset.session") == "none")

    assert service.call("GET", "/api/v2/configurations", token=token).status_code == 401
    assert page.run("return sessionStorage.length") == 0


def test_a_board_starts_with_the_newest_items_of_its_tickers(page, service):
    others = [service.put(ticker="MSFT"), service.put(ticker="NVDA")]
    mine = [service.put(ticker="TSLA"), service.put(ticker="AAPL")]
    eventually(lambda: {*others, *mine} <= set(page.now["items"]))
    page.create_configuration()
    eventually(lambda: {*mine} <= set(page.now["watchItems"]))

    assert not {*others} & set(page.now["watchItems"])


def test_two_boards_of_the_service_outlive_a_reload_and_give_their_slots_back(page, service):
    page.create_configuration("First", "AAPL")
    page.wait_for(watch="live")
    page.create_configuration("Second", "TSLA")
    boards = (
        "return [...document.querySelectorAll('.configuration-view')].map((b) => b.dataset.state)"
    )
    eventually(lambda: page.run(boards) == ["live", "live"])
    page.driver.refresh()
    eventually(lambda: page.run(boards) == ["live", "live"])
    page.click(".sign-out")
    eventually(lambda: page.run(boards) == [])

    eventually(lambda: service.call("GET", "/api/v2/stream/status").json()["connections"] == 1)
