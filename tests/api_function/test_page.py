"""Tests the static files of the page."""

import re
import zlib
from pathlib import Path

import api_function
import pytest
from api_function.page_routes import read_files

STATIC = Path(api_function.__file__).parent / "static"
# The whole page may take 45 kB, and the first metrics and the heads of all responses come on top.
LARGEST_BYTES = 40_000
# Scripts that the page loads when a visitor wants what they do.
LATER = ("chart_table.js", "crosshair.js", "export.js", "filtered_view.js", "panel.js")


def test_every_file_is_named_by_the_page_or_is_in_a_script():
    page = (STATIC / "index.html").read_text("utf-8")
    files = read_files(STATIC)
    modules = {path.stem for path in STATIC.glob("*.js")}

    assert set(re.findall(r'"static/([^"]+)"', page)) == {"live.js", "live.css"}
    assert {path.name for path in STATIC.iterdir()} == set(files)
    scripts = "".join(files[name] for name in ("live.js", *LATER))
    assert sorted(re.findall(r"^const (\w+)_js=", scripts, re.MULTILINE)) == sorted(modules)


def test_the_page_is_small_when_it_is_compressed():
    files = read_files(STATIC)
    requested = ("index.html", "live.js", "live.css")
    sizes = {name: len(zlib.compress(files[name].encode(), 9)) for name in requested}

    assert sum(sizes.values()) < LARGEST_BYTES, sizes


def test_nothing_in_the_page_is_inline_or_from_elsewhere():
    page = (STATIC / "index.html").read_text("utf-8")

    assert not re.search(
        r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)|(src|href)=.(https?:|//|/)", page
    )


@pytest.mark.parametrize("module", sorted(STATIC.glob("*.js")), ids=lambda path: path.name)
def test_a_module_is_short_builds_no_markup_and_imports_what_is_there(module):
    text = module.read_text("utf-8")

    assert len(text.splitlines()) <= 250
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|\.style\b", text
    )
    for imported in re.findall(r'from "([^"]+)"', text):
        assert (STATIC / imported).is_file()
