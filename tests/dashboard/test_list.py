"""The list of newest items can be read while items come, and says of which day each is."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import event_stream
import pytest
from selenium.webdriver import ActionChains, Keys

from tests.dashboard.scripted import METRICS, item, metrics, new_item, utc
from tests.support.waiting import eventually

NO_VALUE = "\u2013"
ZONE = "America/New_York"
HELD = "return document.querySelector('.newest .held-words').textContent"
SHOW = "return document.querySelector('.newest .show-new').checkVisibility() ? " + (
    "document.querySelector('.newest .show-new').textContent : null"
)
FOCUS = "return document.activeElement.className || document.activeElement.tagName"
ROWS = """
return [...document.querySelectorAll(".newest .items li")].map((row) => ({
  text: row.querySelector("time").textContent,
  datetime: row.querySelector("time").getAttribute("datetime"),
}));"""
WITH_SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => shifts.push(...list.getEntries().map(({ value, sources }) =>
  [value, sources.map(({ node }) => node?.className || node?.nodeName)])))
  .observe({ type: "layout-shift", buffered: true });"""


@pytest.fixture
def page(dashboard, scripted):
    """Opens a page with twenty items."""
    recent = [item(f"old-{number}", timestamp=utc(minutes=5)) for number in range(20)]
    scripted.polled = METRICS | {"recent_items": recent}
    opened = dashboard(scripted.url, WITH_SHIFTS)
    opened.show().wait_for(state="live")
    opened.wait_for_item("old-19")
    opened.stream = scripted.opened()
    return opened


def send(page, name, count=1):
    page.stream.send(*(new_item(f"{name}-{n}", timestamp=utc()) for n in range(count)))


def pointer_to(page, selector):
    page.focus()
    element = page.driver.find_element("css selector", selector)
    ActionChains(page.driver).move_to_element(element).perform()


def press(page, *keys):
    page.focus()
    ActionChains(page.driver).send_keys(*keys).perform()


def held(page):
    return page.run(HELD)


def test_rows_that_are_not_from_today_show_their_date_in_the_visitors_zone(dashboard, scripted):
    now = datetime.now(UTC)
    moments = [now, now - timedelta(hours=30), now - timedelta(days=400), now - timedelta(days=1)]
    stamps = [moment.isoformat().replace("+00:00", "Z") for moment in moments]
    scripted.polled = METRICS | {
        "recent_items": [
            item(f"item-{number}", timestamp=stamp)
            for number, stamp in enumerate([*stamps, "no time"])
        ]
    }
    page = dashboard(scripted.url)
    page.cdp("Emulation.setTimezoneOverride", timezoneId=ZONE)
    page.driver.refresh()
    page.wait_for_item("item-4")

    rows = page.run(ROWS)
    local = [moment.astimezone(ZoneInfo(ZONE)) for moment in moments]
    day = [f"{at.day} {at:%b}".replace("Sep", "Sept") for at in local]
    day = [
        d if at.year == local[0].year else f"{d} {at.year}"
        for d, at in zip(day, local, strict=True)
    ]
    clock = [f"{at:%H:%M:%S}" for at in local]
    dated = [f"{d} {time}" for d, time in zip(day[1:], clock[1:], strict=True)]
    assert [row["text"] for row in rows] == [clock[0], *dated, NO_VALUE]
    read = [datetime.fromisoformat(row["datetime"]) for row in rows[:4]]
    assert all(abs(a - b) < timedelta(milliseconds=2) for a, b in zip(read, moments, strict=True))
    assert rows[4]["datetime"] is None


def test_the_pointer_holds_the_list_and_all_that_came_is_counted_while_figures_go_on(page):
    before = page.now["items"]
    pointer_to(page, ".newest .items li:nth-child(3)")
    assert "held" in eventually(lambda: held(page))
    send(page, "new", 137)
    page.stream.send(metrics(total=4321, positive=4319))
    eventually(lambda: page.number("total") == 4321)

    assert eventually(lambda: page.run(SHOW)) == "137 new, show"
    assert page.now["items"] == before
    pointer_to(page, "h1")
    page.wait_for(items=[f"new-{number}" for number in range(136, 86, -1)])
    assert (held(page), page.run(SHOW)) == ("", None)


def test_the_button_shows_what_is_new_and_the_focus_stays_beside_it(page):
    pointer_to(page, ".newest .items li:nth-child(3)")
    eventually(lambda: held(page))
    send(page, "new", 2)
    eventually(lambda: page.run(SHOW) == "2 new, show")
    page.click(".newest .show-new")
    eventually(lambda: page.now["items"][:2] == ["new-1", "new-0"])

    assert (held(page), page.run(SHOW)) == ("", None)
    assert page.run(FOCUS) == "hold quiet"
    send(page, "newer")
    page.wait_for_item("newer-0")


def test_by_keys_alone_the_list_is_held_walked_through_and_released(page):
    page.run("document.querySelector('.newest .items').focus()")
    assert "held" in eventually(lambda: held(page))
    press(page, Keys.ARROW_DOWN, Keys.ARROW_DOWN, Keys.ARROW_UP, Keys.ARROW_DOWN)
    assert page.run("return document.activeElement.closest('li').dataset.item") == "old-1"
    send(page, "new", 3)
    eventually(lambda: page.run(SHOW) == "3 new, show")
    press(page, Keys.ESCAPE, Keys.SPACE)
    page.wait_for_item("new-2")
    assert held(page) == ""
    send(page, "newer")
    page.wait_for_item("newer-0")  # released, though the focus is still in the list

    press(page, Keys.SPACE)
    assert "Space" in eventually(lambda: held(page))
    press(page, Keys.TAB)
    assert "Space" in held(page)  # held by hand, it stays so when the focus has gone
    send(page, "newest")
    eventually(lambda: page.run(SHOW) == "1 new, show")
    page.run("document.querySelector('.newest .items').focus()")
    press(page, Keys.SPACE)
    page.wait_for_item("newest-0")


def test_the_hold_button_holds_and_releases_without_a_pointer_over_the_list(page):
    page.run("document.querySelector('.newest .hold').focus()")
    press(page, Keys.ENTER)
    assert eventually(lambda: held(page))
    pressed = "return document.querySelector('.newest .hold').ariaPressed"
    assert page.run(pressed) == "true"
    send(page, "new")
    eventually(lambda: page.run(SHOW) == "1 new, show")
    press(page, Keys.ENTER)
    page.wait_for_item("new-0")

    assert (held(page), page.run(pressed)) == ("", "false")


def test_the_focus_in_a_row_that_goes_moves_to_the_list(page, scripted):
    page.run("document.querySelector('.newest .items').focus()")
    press(page, Keys.END, Keys.ARROW_UP, Keys.END)
    assert page.run("return document.activeElement.closest('li').dataset.item") == "old-19"
    scripted.polled = METRICS | {"recent_items": [item("only")]}
    space = """document.querySelector(".newest .items")
      .dispatchEvent(new KeyboardEvent("keydown", { key: " " }));"""
    page.run(space * 2)  # held by hand and released, with the focus still in the row
    page.stream.send(event_stream.encode("{}", event="reset", id="r"))
    page.wait_for(items=["only"])

    assert page.run(FOCUS) == "items"


def test_nothing_moves_when_items_come(page):
    page.run("shifts.length = 0; document.querySelector('.newest').scrollIntoView()")
    heights = (
        "return [...document.querySelectorAll('.newest .items li')].map((r) => r.offsetHeight)"
    )
    for number in range(12):
        page.stream.send(
            new_item(
                f"new-{number}",
                ticker="LONGER" if number % 2 else "A",
                tags=["a tag that is long"] * (number % 4),
                timestamp=utc(days=number % 2),
                sentiment=["positive", "neutral", "negative"][number % 3],
            )
        )
        page.wait_for_item(f"new-{number}")

    assert len(set(page.run(heights))) == 1
    assert [shift for shift in page.run("return shifts") if "items" in str(shift)] == []
    assert sum(value for value, _ in page.run("return shifts")) < 0.01


def test_a_list_that_is_scrolled_down_is_held_until_it_is_back_at_its_top(page):
    scroll_to = "document.querySelector('.newest .items').scrollTop = arguments[0]"
    before = page.now["items"]
    place = "return document.querySelector('.newest .items').scrollTop"
    page.run(scroll_to, 60)
    assert "scrolled" in eventually(lambda: held(page))
    send(page, "new", 5)
    eventually(lambda: page.run(SHOW) == "5 new, show")
    assert page.now["items"] == before
    assert page.run(place) == 60
    page.run(scroll_to, 0)
    page.wait_for_item("new-4")
    assert held(page) == ""


def test_single_items_are_pointed_out_and_none_when_many_come(page):
    fresh = "return [...document.querySelectorAll('.newest .fresh')].map((r) => r.dataset.item)"
    page.moving()
    send(page, "new", 1)
    eventually(lambda: page.run(fresh) == ["new-0"])
    send(page, "many", 40)
    page.wait_for_item("many-39")
    eventually(lambda: page.run(fresh) == [], 2)

    animated = "return document.getAnimations().filter(({ effect }) => " + (
        "effect.target.closest('.items')).length"
    )
    assert page.run(animated) == 0


def test_space_holds_a_list_that_the_pointer_is_on_though_nothing_has_the_focus(page):
    pointer_to(page, ".newest .items li:nth-child(3)")
    assert "point" in eventually(lambda: held(page))
    press(page, Keys.SPACE)
    pointer_to(page, "h1")
    assert "Space" in held(page)
    send(page, "new")
    eventually(lambda: page.run(SHOW) == "1 new, show")
    scrolled = page.run("return scrollY")
    pointer_to(page, ".newest .items li:nth-child(3)")
    press(page, Keys.SPACE)
    page.wait_for_item("new-0")
    assert page.run("return scrollY") == scrolled


def test_older_items_that_a_poll_adds_below_are_not_new(dashboard, scripted):
    fresh = "return [...document.querySelectorAll('.newest .fresh')].map((r) => r.dataset.item)"
    scripted.polled = None
    page = dashboard(scripted.url, pollMs=200)
    page.wait_for(state="live")
    scripted.opened().send(new_item("first", timestamp=utc()))
    page.wait_for_item("first")
    pointer_to(page, ".newest .items li")
    eventually(lambda: held(page))
    older = [item(f"old-{number}", timestamp=utc(minutes=5)) for number in range(3)]
    asked = len(scripted.asked_for("/api/v2/metrics"))
    scripted.polled = METRICS | {"recent_items": [item("first"), *older]}
    eventually(lambda: len(scripted.asked_for("/api/v2/metrics")) > asked)
    scripted.opened().send(new_item("second", timestamp=utc()))
    eventually(lambda: page.run(SHOW) == "1 new, show")
    pointer_to(page, "h1")
    page.wait_for(items=["second", "first", "old-0", "old-1", "old-2"])

    assert page.run(fresh) in (["second"], ["second", "first"])
