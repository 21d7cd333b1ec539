"""Filtered figures, tickers and topics equal a recount of the items that they name."""

import pytest

from tests.dashboard.fixed import FixedPage
from tests.dashboard.told import EDGES, EVENING, SCENES, agrees, check_tickers
from tests.support.waiting import eventually


@pytest.mark.parametrize("scene", SCENES)
def test_tickers_and_topics(dashboard, fixed_at, scene):
    fixed = fixed_at(EVENING)
    fixed.publish_ago(*SCENES[scene])
    page = FixedPage(dashboard, fixed)
    page.wait_for(state="live")

    def judged():
        check_tickers(page, fixed)
        return True

    eventually(judged, retry_on=(AssertionError, ValueError))


@pytest.mark.parametrize(
    "filtered",
    [
        {"ticker": "NVDA"},
        {"sentiment": "negative"},
        {"ticker": "NVDA", "sentiment": "negative"},
        {"ticker": "ZZZZ"},
    ],
    ids=str,
)
def test_filtered(dashboard, fixed_at, filtered):
    fixed = fixed_at(EVENING)
    fixed.publish_ago(*EDGES, *(ago * 97.0 for ago in range(60, 0, -1)))
    query = "&".join(f"{name}={value}" for name, value in filtered.items())
    page = FixedPage(dashboard, fixed, f"?{query}")
    page.wait_for(state="live")
    agrees(page, fixed, **filtered)
    check_tickers(page, fixed, **filtered)
    fixed.publish_ago(*[0.0] * 9)

    agrees(page, fixed, **filtered)
