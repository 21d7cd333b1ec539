"""Do the lists of pages agree: docs/README.md, llms.txt, and the files?"""

import importlib.util
import re

import pytest

from tests.support.paths import ROOT

LISTED = (ROOT / "docs/README.md").read_text("utf-8")


def titles(text):
    return re.findall(r"^## (.*)$", text, re.MULTILINE)


def test_the_documentation_has_its_four_parts_first():
    assert titles(LISTED)[:4] == ["Tutorial", "How-to", "Reference", "Explanation"]


def test_every_item_of_a_list_is_numbered_in_its_order():
    for part in re.split(r"^## ", LISTED, flags=re.MULTILINE)[1:]:
        numbers = [int(each) for each in re.findall(r"^(\d+)\. \[", part, re.MULTILINE)]
        assert numbers == list(range(1, len(numbers) + 1))


def test_llms_txt_is_what_the_list_of_pages_makes():
    """If it fails: python docs/site/llms.py"""
    spec = importlib.util.spec_from_file_location("llms", ROOT / "docs/site/llms.py")
    llms = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(llms)

    assert (ROOT / "llms.txt").read_text("utf-8") == llms.llms_text(LISTED)


def test_llms_txt_has_the_form_that_its_specification_asks_for():
    lines = (ROOT / "llms.txt").read_text("utf-8").splitlines()

    assert lines[0].startswith("# ")
    assert lines[2].startswith("> ")
    assert [line for line in lines if line.startswith("# ")] == [lines[0]]
    items = [line for line in lines if line.startswith("- ")]
    assert len(items) > 40
    assert all(re.fullmatch(r"- \[[^]]+\]\([^)]+\): .+", line) for line in items)


@pytest.mark.parametrize(
    "target", re.findall(r"\]\(([^)#]+)", (ROOT / "llms.txt").read_text("utf-8"))
)
def test_every_page_of_llms_txt_exists(target):
    assert (ROOT / target).is_file()
