"""Compares figures in the documents with values."""

import re


def told(page):
    """The page's text with each paragraph and each row on one line."""
    text = page.read_text("utf-8").replace("*", "")
    return re.sub(r"(?<![|\n])\n *(?![ \n|#-]|\d\.)", " ", text)


def assert_rounds_to(said, value):
    """A figure is rounded to its last decimal, or to its last digit that is no zero."""
    digits = said.replace(",", "")
    if "." in digits:
        unit = 10 ** -len(digits.partition(".")[2])
    else:
        unit = 10 ** (len(digits) - len(digits.rstrip("0") or "0"))
    assert abs(float(digits) - value) <= unit / 2 + 1e-9, f"{said} stands for {value}"


def assert_says(page, words, value):
    """The page has these words, with a figure for `{}` that stands for the value."""
    found = re.findall(re.escape(words).replace(r"\{\}", r"([\d,.]+\d|\d)"), told(page))

    assert found, f"{page.name} does not say: {words}"
    for text in found:
        assert_rounds_to(text, value)
