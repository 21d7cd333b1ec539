"""Axes are round, and whole times are whole, for whatever counts and zones there are."""

import itertools
import zoneinfo
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.dashboard.dashboard import Dashboard
from tests.dashboard.scripted import Scripted

CALL = """
const [name, made, given, done] = arguments;
import(`/static/${name}.js`).then((module) => done(module[made](...given)))
  .catch((error) => done(String(error.stack)));"""
ZONES = sorted(zone for zone in zoneinfo.available_timezones() if "/" in zone)
MINUTES = 60
FIRST, LAST = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) // 60 for year in (2007, 2030))


@pytest.fixture(scope="module")
def call(driver):
    """Calls a function of a module in the browser."""
    server = Scripted()
    page = Dashboard(driver, server.url + "blank.html")
    yield lambda module, function, *given: page.run_async(CALL, module, function, given)
    page.close()
    server.close()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**15), st.floats(20, 1000))
def test_an_axis_of_counts_is_round_and_holds_them(call, most, height):
    axis = call("scales", "countAxis", most, height, 18)
    step = axis["most"] / axis["parts"]

    assert axis["most"] >= max(4, most)
    assert axis["most"] <= max(8, 2.5 * most)
    assert axis["parts"] in (2, 4, 5)
    assert step == int(step)
    assert float(f"{step:.1e}") == step
    texts = call("scales", "countTexts", axis)
    assert len(set(texts)) == len(texts) == axis["parts"] + 1
    assert max(map(len, texts)) <= len("120,000")


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(ZONES),
    st.integers(FIRST, LAST),
    st.floats(2, 40),
)
def test_labels_are_whole_times_of_the_zone_that_do_not_touch(call, zone, first, slot):
    width = 36
    hour = {"first": first, "count": MINUTES, "slot": slot, "labelWidth": width, "zone": zone}
    ticks = call("clock_axis", "clockTicks", hour)
    local = [datetime.fromtimestamp(tick * 60, zoneinfo.ZoneInfo(zone)) for tick in ticks]

    assert ticks
    assert all(time.minute % 5 == 0 for time in local)
    assert all(first <= tick < first + MINUTES for tick in ticks)
    gaps = [after - before for before, after in itertools.pairwise(ticks)]
    assert all(gap * slot > width for gap in gaps)
    assert len(set(gaps)) <= 1
