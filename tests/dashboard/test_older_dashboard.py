"""An older dashboard, a page with a plain EventSource, works unchanged."""

from pathlib import Path

from tests.support.waiting import eventually

PAGE = Path(__file__).parent / "pages" / "older_dashboard.html"
ITEMS = "return [...document.querySelectorAll('#items li')].map((line) => line.textContent)"


def test_it_connects_shows_totals_and_items_and_survives_a_dropped_connection(dashboard, service):
    page = dashboard(
        f"{service.base_url}/api/v2/stream/status"
    )  # a page with the service's origin; the other one is written into it
    page.run(
        "document.open(); document.write(arguments[0]); document.close();", PAGE.read_text("utf-8")
    )

    def text(name):
        return page.run("return document.getElementById(arguments[0])?.textContent", name)

    eventually(lambda: text("status") == "Connected", 5)
    written = service.put()
    eventually(lambda: written in page.run(ITEMS), 5)
    total = service.call("GET", "/api/v2/metrics").json()["total"]
    eventually(lambda: text("total") == str(total), 5)

    service.emulator.cut("/api/v2/stream")
    eventually(lambda: text("status") == "Disconnected", 5)
    missed = [service.put() for _ in range(3)]
    eventually(lambda: text("status") == "Connected", 12)
    eventually(lambda: set(missed) <= set(page.run(ITEMS)), 5)
    assert page.run(ITEMS).count(written) == 1
