"""The sentiments' colours differ for all eyes, on all grounds, in both schemes."""

import itertools
import re

import pytest
from coloraide import Color

from tests.dashboard.scripted import STATIC

SENTIMENTS = ("positive", "neutral", "negative")
LEAST_DISTANCE = 25  # CIEDE2000
LEAST_CONTRAST = 3  # https://www.w3.org/TR/WCAG22/#non-text-contrast
DEFICIENCIES = ("protan", "deutan", "tritan")
MODELS = ("brettel", "vienot", "machado")  # simulations, each at full strength
EYES = (("usual", ""), *itertools.product(DEFICIENCIES, MODELS))


def variables(scheme):
    """Returns the value of each colour variable of `live.css` in this scheme."""
    style = (STATIC / "live.css").read_text("utf-8")
    values = {}
    for name, value in re.findall(r"(--[\w-]+):\s*([^;]+);", style):
        both = re.fullmatch(r"light-dark\(\s*([^,()]+),\s*([^,()]+)\)", value.strip())
        if both:
            values[name] = both.group(1 if scheme == "light" else 2).strip()
        elif scheme == "dark" or name not in values:  # the dark scheme comes later in the file
            values[name] = value.strip()
    return values


def colour(name, scheme):
    return Color(variables(scheme)[f"--{name}"])


def seen(given, deficiency, model):
    if deficiency == "usual":
        return given
    return given.filter(deficiency, 1, method=model).clip("srgb")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("deficiency", "model"), EYES)
def test_two_sentiments_look_different(scheme, deficiency, model):
    for one, other in itertools.combinations(SENTIMENTS, 2):
        pair = [seen(colour(each, scheme), deficiency, model) for each in (one, other)]

        assert pair[0].delta_e(pair[1], method="2000") >= LEAST_DISTANCE, (one, other)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("ground", ["card", "raised"])
@pytest.mark.parametrize("sentiment", SENTIMENTS)
def test_a_sentiment_stands_out_from_what_is_under_it(scheme, ground, sentiment):
    under = colour(ground, scheme)

    assert colour(sentiment, scheme).contrast(under, method="wcag21") >= LEAST_CONTRAST


def test_the_line_of_the_mean_score_stands_out_from_every_column():
    for scheme, sentiment in itertools.product(("light", "dark"), SENTIMENTS):
        rim = colour("card", scheme)  # the line has a rim, so its neighbour is never a column

        assert colour("ink", scheme).contrast(rim, method="wcag21") >= LEAST_CONTRAST, sentiment
