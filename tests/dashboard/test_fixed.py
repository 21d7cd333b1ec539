"""The fixed clock and zone that other tests rely on: page and service read the same ones."""

from datetime import datetime

import pytest

from tests.dashboard.fixed import NEW_YORK, FixedPage, advance, moment
from tests.support.waiting import eventually

SAYS = """
return { ms: Date.now(), made: new Date().getTime(), text: Date(),
  offset: -new Date().getTimezoneOffset(),
  past: new Date("2026-11-25T00:00:00Z").getTime(), isDate: new Date() instanceof Date };"""


@pytest.mark.parametrize("zone", [NEW_YORK, "Asia/Kolkata"])
def test_page_and_service_say_the_same_moment(dashboard, fixed_at, zone):
    fixed = fixed_at(moment("2026-11-25T22:19:05", zone))
    page = FixedPage(dashboard, fixed, zone=zone)
    page.wait_for(state="live")
    advance(fixed, page, seconds=180)
    for _ in range(2):
        says = page.run(SAYS)
        told = datetime.fromisoformat(fixed.call("/api/v2/metrics")["timestamp"]).timestamp()
        assert says["ms"] / 1000 == pytest.approx(told, abs=1)
        assert says["made"] / 1000 == pytest.approx(told, abs=1)
        assert told == pytest.approx(moment("2026-11-25T22:22:05", zone), abs=15)
        assert says["text"].startswith("Wed Nov 25 2026 22:22")
        assert says["offset"] == {NEW_YORK: -300}.get(zone, 330)
        assert says["past"] == moment("2026-11-25T00:00:00", "UTC") * 1000
        assert says["isDate"]
        page.go()  # loaded again, it reads the same clock


def test_items_come_by_the_real_stream_and_after_a_cut_they_are_replayed(dashboard, fixed_at):
    fixed = fixed_at(moment("2026-11-25T22:19:05"))
    [before] = fixed.publish_ago(60)
    page = FixedPage(dashboard, fixed, firstRetryMs=50, longestFirstRetryMs=50, longestRetryMs=50)
    page.wait_for(state="live", items=[before.item_id])
    [streamed] = fixed.publish_ago(0)
    page.wait_for_item(streamed.item_id)
    fixed.cut()
    page.wait_for(state="reconnecting")
    [missed] = fixed.publish_ago(0)
    fixed.restore()
    page.wait_for(state="live")
    page.wait_for_item(missed.item_id)

    eventually(lambda: page.number("total") == fixed.call("/api/v2/metrics")["total"] == 3)
