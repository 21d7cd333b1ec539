"""The page adapts to what a visitor prefers: light or dark, forced colours, direction, paper."""

import re
from urllib.parse import unquote

import pytest
from selenium.webdriver import ActionChains, Keys

from tests.dashboard.screens import shown_as
from tests.dashboard.scripted import STATIC, item, new_item, utc
from tests.support.waiting import eventually

GROUND = "return getComputedStyle(document.body).backgroundColor"
LIGHT, DARK = "rgb(238, 241, 245)", "rgb(11, 15, 21)"
# The ground of each frame that the browser paints, from the first one on.
FRAMES = """
window.grounds = [];
const note = () => {
  const painted = performance.getEntriesByType("paint").length > 0;
  if (document.body) grounds.push([getComputedStyle(document.body).backgroundColor, painted]);
  requestAnimationFrame(note);
};
requestAnimationFrame(note);"""
BLOCKED = """
Object.defineProperty(window, "localStorage", { get() { throw new DOMException("blocked"); } });"""
METAS = """
const shown = [...document.querySelectorAll("meta[name=theme-color]")]
  .filter(({ media }) => matchMedia(media).matches);
return [document.querySelector("meta[name=color-scheme]").content, shown.map((m) => m.content)];"""
CHOSEN = "return document.querySelector('#theme :checked').value"


def hexadecimal(rgb):
    return "#" + "".join(f"{int(part):02x}" for part in re.findall(r"\d+", rgb))


@pytest.fixture
def page(dashboard, scripted):
    page = dashboard(scripted.url)
    page.wait_for(state="live")
    yield page
    page.run("try { localStorage.clear(); } catch {}")


def choose(page, theme):
    page.click(f"#theme [value={theme}]")


def test_the_page_is_as_light_or_dark_as_the_system(page):
    for scheme, ground in (("light", LIGHT), ("dark", DARK)):
        with shown_as(page, "desk", scheme):
            assert page.run(GROUND) == ground
            assert page.run(METAS) == ["light dark", [hexadecimal(ground)]]


@pytest.mark.parametrize(
    ("scheme", "theme", "ground"), [("light", "dark", DARK), ("dark", "light", LIGHT)]
)
def test_a_theme_wins_over_the_system_and_is_remembered(page, scheme, theme, ground):
    with shown_as(page, "desk", scheme):
        choose(page, theme)
        assert page.run(GROUND) == ground
        assert page.run(METAS) == [theme, [hexadecimal(ground)]]
        page.driver.refresh()
        page.wait_for(state="live")
        assert page.run(GROUND) == ground
        assert page.run(CHOSEN) == theme
        choose(page, "system")
        assert page.run(GROUND) == (LIGHT if scheme == "light" else DARK)


def test_no_frame_of_a_page_that_loads_has_the_wrong_theme(page, scripted):
    with shown_as(page, "desk", "light"):
        choose(page, "dark")
        scripted.late_s = {"live.js": 0.5}
        page.cdp("Page.addScriptToEvaluateOnNewDocument", source=FRAMES)
        page.driver.refresh()
        page.wait_for(state="live")

        painted = eventually(
            lambda: page.run("return grounds.filter(([, painted]) => painted)"), within_s=5
        )
        assert {ground for ground, _ in painted} == {DARK}


def test_a_theme_holds_in_every_tab(page, dashboard):
    other = dashboard(page.url)
    other.wait_for(state="live")
    choose(page.show(), "dark")

    eventually(lambda: other.run(GROUND) == DARK)
    assert other.run(CHOSEN) == "dark"


def test_a_page_without_storage_has_themes_too(dashboard, scripted):
    page = dashboard(scripted.url, BLOCKED)
    page.wait_for(state="live")
    choose(page, "dark")

    assert page.run(GROUND) == DARK
    assert page.complaints() == []


@pytest.mark.parametrize("junk", ["", "blue", "constructor", '{"theme":"dark"}'])
def test_a_remembered_theme_that_is_none_means_the_system(page, junk):
    page.run("localStorage.setItem('lambda-sse.theme', arguments[0])", junk)
    page.driver.refresh()
    page.wait_for(state="live")

    assert page.run(CHOSEN) == "system"
    assert page.run("return document.documentElement.dataset.theme") is None


def test_the_theme_is_chosen_by_keys(page):
    page.run("document.querySelector('#theme :checked').focus()")
    ActionChains(page.driver).send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT).perform()

    assert page.run(GROUND) == DARK
    named = "return [...document.querySelectorAll('#theme input')].map((each) => each.ariaLabel)"
    assert page.run(named) == ["System", "Light", "Dark"]


ICON = "return document.querySelector('link[rel=icon]').href"


def test_the_icon_says_how_the_stream_stands(page, scripted):
    live = page.run(ICON)
    scripted.mute = True
    scripted.opened().cut()
    page.wait_for(state="reconnecting")
    eventually(lambda: page.run(ICON) != live)

    for icon in (live, page.run(ICON)):
        assert unquote(icon).startswith("data:image/svg+xml,<svg")
    assert page.complaints(network=False) == []


ICONS = """
const load = (src) => new Promise((resolve) => {
  const image = Object.assign(new Image(32, 32), { src });
  image.onload = () => {
    const canvas = new OffscreenCanvas(32, 32).getContext("2d");
    canvas.drawImage(image, 0, 0, 32, 32);
    resolve([...canvas.getImageData(0, 0, 32, 32).data].filter((_, at) => at % 4 < 3).join());
  };
  image.onerror = () => resolve(null);
});
const done = arguments[1];
import("/static/live_icon.js").then(({ iconOf }) =>
  Promise.all(arguments[0].map(([state, late]) => load(iconOf(state, late))))).then(done);"""
STATES = ("live", "reconnecting", "polling", "stale", "offline", "paused", "ended")


def test_each_state_has_an_icon_of_its_own(page):
    icons = page.run_async(ICONS, [[state, False] for state in STATES] + [["live", True]])

    assert None not in icons
    assert len(set(icons)) == len(STATES) + 1


PAPER = """
dispatchEvent(new Event("beforeprint"));
const shown = (selector) => [...document.querySelectorAll(selector)]
  .filter((each) => each.checkVisibility());
return {
  words: document.querySelector(".printed").textContent,
  visible: shown(".printed").length,
  controls: shown("button:not(.pick), input, select, form, fieldset, .skip").length,
  names: shown(".figures dt .pick, .newest .ticker").length,
  parts: shown(".figures, .strip-card, .rate-card, .tag-card, .newest").length,
  ground: getComputedStyle(document.body).backgroundColor,
  ink: getComputedStyle(document.body).color,
  hidden: [...document.querySelectorAll("main .card")].filter((card) =>
    card.checkVisibility() && card.scrollHeight > card.clientHeight + 1).map((c) => c.className),
};"""


def test_paper_has_everything_that_can_be_read_and_nothing_that_can_be_pressed(page, scripted):
    scripted.opened().send(new_item("1"))
    page.wait_for_item("1")
    assert page.run("return document.querySelector('.printed').checkVisibility()") is False
    choose(page, "dark")
    with shown_as(page, "desk", "dark"):
        page.cdp("Emulation.setEmulatedMedia", media="print")
        paper = page.run(PAPER)
        page.cdp("Emulation.setEmulatedMedia", media="")

    assert re.match(r"Printed \d+ \w+ \d{4} at \d\d:\d\d:\d\d .* · Connected · ", paper["words"])
    assert paper["words"].endswith(page.url)
    assert paper["names"] == 3 + 1
    assert (paper["visible"], paper["controls"], paper["parts"]) == (1, 0, 5)
    assert (paper["ground"], paper["ink"]) == ("rgb(255, 255, 255)", "rgb(0, 0, 0)")
    assert paper["hidden"] == []


PHYSICAL = re.compile(
    r"(?<![\w-])(?:(?:margin|padding|border)-)?(?:left|right)\s*:"
    r"|(?:text-align|float|clear):\s*(?:left|right)"
)


@pytest.mark.parametrize("sheet", sorted(STATIC.glob("*.css")), ids=lambda path: path.name)
def test_no_style_knows_left_from_right(sheet):
    assert PHYSICAL.findall(sheet.read_text("utf-8")) == []


# The part of an element where its mark is: `width` px from where its line starts.
PLACE = """
const { left, top, width, height } = document.querySelector(arguments[0]).getBoundingClientRect();
return { x: left, y: top, width: Math.min(width, arguments[1]), height, scale: 1 };"""
COLOURS = """
const [data, done] = arguments;
createImageBitmap(new Blob([Uint8Array.from(atob(data), (each) => each.charCodeAt(0))]))
  .then((picture) => {
    const canvas = new OffscreenCanvas(picture.width, picture.height).getContext("2d");
    canvas.drawImage(picture, 0, 0);
    const pixels = canvas.getImageData(0, 0, picture.width, picture.height).data;
    done(new Set(new Uint32Array(pixels.buffer)).size);
  });"""
MARKS = {
    ".top .dot": 20,
    ".top .pill": 400,
    ".figures [data-sentiment=positive] dt": 9,
    ".figures [data-sentiment=neutral] dt": 9,
    ".figures [data-sentiment=negative] dt": 9,
    ".items [data-sentiment=positive] .sentiment": 9,
    ".figures .shares": 2000,
    ".columns .series": 2000,
    ".strip": 2000,
    ".legend li:nth-child(1) svg": 30,
    ".legend li:nth-child(2) svg": 30,
    ".legend li:nth-child(3) svg": 30,
    ".theme :checked": 40,
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_mark_vanishes_with_forced_colours(dashboard, scripted, scheme):
    minutes = {name: [3] * 60 for name in ("positive", "neutral", "negative", "score_sum")}
    scripted.polled |= {"minutes": minutes, "recent_items": [item("1", timestamp=utc(seconds=30))]}
    page = dashboard(scripted.url)
    page.wait_for_item("1")
    calm = {"prefers_reduced_motion": "reduce", "forced_colors": "active"}
    with shown_as(page, "desk", scheme, **calm):
        page.run_async("requestAnimationFrame(() => requestAnimationFrame(arguments[0]))")
        seen = {}
        for mark, width in MARKS.items():
            place = page.run(PLACE, mark, width)
            picture = page.cdp("Page.captureScreenshot", format="png", clip=place)["data"]
            seen[mark] = page.run_async(COLOURS, picture)

    assert [mark for mark, colours in seen.items() if colours < 2] == []
