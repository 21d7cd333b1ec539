"""Usable without eyes, without a mouse, on any screen, in light and in dark."""

import contextlib
from pathlib import Path

import axe_core_python
import pytest

from tests.browser.scripted import item, metrics, new_item
from tests.waiting import eventually

AXE = Path(axe_core_python.__file__).parent / "axe.min.js"
RUN_AXE = """
const only = [...arguments], done = only.pop();
const shown = ({ id, nodes }) => ({ id, nodes: nodes.map(({ html, failureSummary }) => html + failureSummary) });
axe.run({ resultTypes: ["violations"], ...(only.length && { runOnly: only }) })
  .then(({ violations }) => done(violations.map(shown)));"""
SIZES = {"wall": (2560, 1440), "desk": (1440, 900), "tablet": (768, 1024), "phone": (390, 844)}
STATES = ("live", "reconnecting", "polling", "stale", "offline", "paused", "ended")
LONG = "averylongtagwithoutanyspaceinit" * 2


@pytest.fixture
def full_page(dashboard, scripted):
    """Every part of the page has something to show, long names too."""
    scripted.polled = scripted.polled | {"recent_items": [item(str(number)) for number in range(20)]}
    page = dashboard(scripted.url)
    page.wait_for(state="live")
    scripted.opened().send(metrics(total=1_234_567, by_tag={LONG: 9, "b": 4}), new_item("long", tags=[LONG, LONG]))
    page.wait_for_item("long")
    return page


# What axe cannot tell: colours that are mixed. As they are painted.
CONTRAST = """
const canvas = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d");
const luminance = (colour) => {
  canvas.fillStyle = colour;
  canvas.fillRect(0, 0, 1, 1);
  const linear = [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3).map((value) => value / 255)
    .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
  return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
};
const style = getComputedStyle(document.querySelector(arguments[0]));
const [dark, light] = [luminance(style.color), luminance(style.backgroundColor)].sort((a, b) => a - b);
return (light + 0.05) / (dark + 0.05);"""


@contextlib.contextmanager
def shown_as(page, size, scheme="light", **features):
    width, height = SIZES[size]
    values = {"prefers-color-scheme": scheme} | {name.replace("_", "-"): value for name, value in features.items()}
    media = [{"name": name, "value": value} for name, value in values.items()]
    page.cdp("Emulation.setEmulatedMedia", features=media)
    page.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
    yield
    page.cdp("Emulation.clearDeviceMetricsOverride")
    page.cdp("Emulation.setEmulatedMedia", features=[])


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_axe_finds_nothing(full_page, scheme, size):
    still = {"prefers_reduced_motion": "reduce"}
    with shown_as(full_page, size, scheme, **still):
        full_page.run(AXE.read_text("utf-8"))

        assert full_page.run_async(RUN_AXE) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_the_panel_and_in_any_state(dashboard, service, scheme):
    page = dashboard(service.base_url)
    page.create_configuration(LONG)
    page.wait_for(watch="live")
    with shown_as(page, "desk", scheme, prefers_reduced_motion="reduce"):
        page.run(AXE.read_text("utf-8"))
        assert page.run_async(RUN_AXE) == []
        for state in STATES:
            page.run("document.body.dataset.state = arguments[0]", state)
            assert page.run_async(RUN_AXE, "color-contrast") == []


@pytest.mark.parametrize("size", SIZES)
def test_nothing_is_wider_than_the_screen(full_page, size):
    with shown_as(full_page, size):
        wide = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert full_page.run(wide) == 0
        assert full_page.run("return innerWidth") == SIZES[size][0]


def test_one_polite_region_tells_changes_of_the_connection_and_nothing_else(full_page, scripted):
    full_page.run("""
      window.told = [];
      for (const region of document.querySelectorAll("[role=status], [aria-live]")) {
        const tell = () => told.push(region.textContent);
        new MutationObserver(tell).observe(region, { childList: true, characterData: true, subtree: true });
      }""")
    scripted.opened().send(*(new_item(f"more-{number}") for number in range(30)), metrics(total=99))
    full_page.wait_for_item("more-29")
    eventually(lambda: full_page.number("total") == 99)
    assert full_page.run("return told") == []
    scripted.opened().cut()
    scripted.opened(2)
    full_page.wait_for(status="Connected")

    assert full_page.run("return told") == ["Reconnecting", "Connected"]
    assert full_page.run("return document.querySelectorAll('[role=status], [aria-live]').length") == 1


def test_the_keyboard_reaches_everything_and_skips_to_the_figures(full_page):
    reached = full_page.run("""
      const names = [...document.querySelectorAll("a[href], button, input, [tabindex='0']")]
        .filter((each) => each.checkVisibility());
      return names.map((each) => (each.ariaLabel || each.textContent.trim() || each.id).slice(0, 20));""")

    assert reached[0] == "Skip to the figures"
    assert "Start a session" in reached
    full_page.run("document.querySelector('.skip').click()")
    assert full_page.run("return document.activeElement.id || location.hash") in ("figures", "#figures")


def test_reduced_motion_means_none(full_page):
    assert full_page.run("return document.getAnimations().length") > 0
    with shown_as(full_page, "desk", prefers_reduced_motion="reduce"):
        assert full_page.run("return document.getAnimations().length") == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_state_can_be_read_in_every_colour(full_page, scheme):
    with shown_as(full_page, "desk", scheme):
        for state in STATES:
            full_page.run("document.body.dataset.state = arguments[0]", state)
            assert full_page.run(CONTRAST, ".pill") >= 4.5, state
