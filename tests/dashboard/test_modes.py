"""The page adapts to what a visitor prefers: light or dark, forced colours, direction, paper."""

from tests.dashboard.screens import shown_as

GROUND = "return getComputedStyle(document.body).backgroundColor"
LIGHT, DARK = "rgb(238, 241, 245)", "rgb(11, 15, 21)"
CHOOSE = "document.documentElement.dataset.theme = arguments[0];" + GROUND


def test_the_page_is_as_light_or_dark_as_the_system(dashboard, scripted):
    page = dashboard(scripted.url)
    for scheme, ground in (("light", LIGHT), ("dark", DARK)):
        with shown_as(page, "desk", scheme):
            assert page.run(GROUND) == ground


def test_a_theme_wins_over_the_system(dashboard, scripted):
    page = dashboard(scripted.url)
    for scheme, theme, ground in (("light", "dark", DARK), ("dark", "light", LIGHT)):
        with shown_as(page, "desk", scheme):
            assert page.run(CHOOSE, theme) == ground
