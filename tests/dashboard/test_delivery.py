"""A browser asks for few files, because each request is an invocation."""

import event_stream
import pytest
import requests

from tests.dashboard.screens import SIZES, shown_as
from tests.dashboard.scripted import heartbeat, item, metrics, new_item, utc
from tests.support.waiting import eventually

FETCHED = """
return performance.getEntriesByType("resource")
  .filter(({ initiatorType }) => initiatorType !== "fetch")
  .map(({ name, transferSize }) => [new URL(name).pathname.split("/").at(-1), transferSize > 0]);"""


def test_a_page_is_three_requests_and_once_more_is_one(dashboard, service):
    page = dashboard(service.base_url)
    page.wait_for(state="live", within_s=30)
    assert {name for name, _ in page.run(FETCHED)} == {"live.css", "live.js"}
    page.driver.get(service.base_url)
    page.wait_for(state="live")

    assert [name for name, asked in page.run(FETCHED) if asked] == []
    assert page.complaints() == []


@pytest.mark.parametrize("place", ["dev", "dash"])
def test_a_stage_or_a_base_path_without_its_slash_leads_to_the_page(dashboard, service, place):
    page = dashboard(f"{service.base_url}/{place}")
    page.wait_for(state="live", within_s=30)

    assert page.run("return location.pathname") == f"/{place}/"
    assert page.complaints() == []


def test_below_a_base_path_the_document_the_calls_and_the_goodbye_work(dashboard, service):
    base = f"{service.base_url}/dash"
    page = dashboard(f"{base}/")
    page.wait_for(state="live", within_s=30)
    document = requests.get(f"{base}/api/v2/openapi.json", timeout=30).json()
    page.driver.get("about:blank")

    assert document["servers"] == [{"url": "/dash"}]
    assert requests.get(f"{base}//health/", timeout=30).status_code == 200
    eventually(lambda: open_streams(base) == 0, within_s=30)


def open_streams(base):
    return requests.get(f"{base}/api/v2/stream/status", timeout=30).json()["connections"]


def test_head_is_answered_on_the_wire(service):
    head, get = (
        requests.request(method, service.base_url, timeout=30) for method in ("HEAD", "GET")
    )

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == get.headers["content-length"]
    assert head.headers["etag"] == get.headers["etag"]


# https://web.dev/articles/cls: shifts within half a second of an input do not count.
SHIFTS = """
window.shifts = [];
const named = (node) => `${node?.parentElement?.className} > ${node?.nodeName}.${node?.className}`;
new PerformanceObserver((list) => {
  for (const { value, hadRecentInput, sources } of list.getEntries()) {
    if (!hadRecentInput) shifts.push([value, sources.map(({ node }) => named(node))]);
  }
}).observe({ type: "layout-shift", buffered: true });"""
FRAME = "requestAnimationFrame(() => requestAnimationFrame(arguments[0]))"
LOADING, RUNNING = 0.05, 0.01


def shifted(page):
    """Returns how far the page has shifted, and which elements did."""
    page.run_async(FRAME)
    shifts = page.run("return shifts")
    return sum(value for value, _ in shifts), shifts


@pytest.fixture
def busy(scripted):
    """A server whose page has everything to show: words of usual length in every place."""
    recent = [item(str(n), tags=["AAPL", "earnings"], timestamp=utc(seconds=n)) for n in range(20)]
    minutes = {name: [9] * 60 for name in ("positive", "neutral", "negative")}
    figures = {
        "total": 31_205,
        "positive": 14_001,
        "neutral": 9_204,
        "negative": 8_000,
        "rate_last_hour": 1_620,
        "by_tag": {f"TAG{n}": 900 - n for n in range(30)},
        "minutes": minutes | {"score_sum": [14.2] * 60},
    }
    scripted.polled = figures | {"rate_last_24h": 31_205, "recent_items": recent}
    scripted.beginning = event_stream.encode(retry_ms=1000) + metrics(**figures) + heartbeat(3)
    return scripted


@pytest.mark.parametrize("size", SIZES)
def test_what_comes_after_the_page_moves_nothing(dashboard, busy, size):
    page = dashboard("about:blank", SHIFTS)
    with shown_as(page, size):
        page.driver.get(busy.url)
        page.wait_for(state="live")
        eventually(lambda: page.number("total") == 31_205 and len(page.now["items"]) == 20)
        distance, shifts = shifted(page)

    assert distance < LOADING, shifts


@pytest.mark.parametrize("size", ["desk", "phone"])
def test_twenty_items_a_second_move_nothing(dashboard, busy, size):
    page = dashboard(busy.url, SHIFTS)
    with shown_as(page, size):
        page.wait_for(state="live")
        eventually(lambda: len(page.now["items"]) == 20)
        stream = busy.opened()
        ticking = iter(range(10**6))

        def sent():
            number = next(ticking)
            stream.send(
                new_item(f"n{number}", timestamp=utc(), tags=["AAPL", "chips"][: number % 3])
            )
            return number == 80

        page.run_async(FRAME)
        page.run("shifts.length = 0")
        eventually(sent, within_s=10)
        page.wait_for_item("n79")
        distance, shifts = shifted(page)

    assert distance < RUNNING, shifts


FIRST_NUMBER = """
const noted = new MutationObserver(() => {
  const text = document.querySelector("[data-field=total]")?.textContent ?? "";
  if (!/\\d/.test(text)) return;
  window.firstNumberMs = performance.now();
  noted.disconnect();
});
noted.observe(document, { subtree: true, childList: true, characterData: true });"""


@pytest.mark.timed
def test_the_first_number_is_there_within_half_a_second(dashboard, service):
    page = dashboard(service.base_url, FIRST_NUMBER)
    page.wait_for(state="live", within_s=30)  # now the environments are warm
    page.driver.refresh()
    page.wait_for(state="live")

    assert page.run("return firstNumberMs") < 500
