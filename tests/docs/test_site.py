"""Does the site build without a warning, lead nowhere wrong, and need no network to be read?"""

import re
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.support.paths import ROOT
from tests.support.tools import docs_python

pytestmark = pytest.mark.once

# Attributes whose address a browser loads by itself, in contrast to the `href` of a link.
LOADED = {
    ("img", "src"),
    ("script", "src"),
    ("source", "srcset"),
    ("iframe", "src"),
    ("link", "href"),
}
NOT_LOADED = {"next", "prev", "search", "index", "canonical"}  # values of `rel`


class Page(HTMLParser):
    """Reads a page of the site: its links, its anchors, and the addresses that it loads."""

    def __init__(self, path):
        super().__init__()
        self.links = []
        self.loaded = []
        self.anchors = set()
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.anchors |= {given[name] for name in ("id", "name") if given.get(name)}
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        for name, value in given.items():
            passive = tag == "link" and given.get("rel") in NOT_LOADED
            if (tag, name) in LOADED and value and not passive:
                self.loaded.append(value)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site, made as `make docs` makes it, but for its folder."""
    folder = tmp_path_factory.mktemp("site")
    command = [docs_python(), "-m", "sphinx", "--quiet", "--fail-on-warning", "--keep-going"]
    command += ["--conf-dir", "docs/site", "--doctree-dir", folder / "doctrees", "."]
    ended = subprocess.run([*command, folder / "html"], cwd=ROOT, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, "")
    return folder / "html"


@pytest.fixture(scope="module")
def pages(site):
    return {path: Page(path) for path in site.rglob("*.html")}


def is_outside(address):
    return re.match(r"[a-z]+:|//", address) is not None


def test_every_page_of_the_documentation_is_in_the_site(site):
    sources = [*(ROOT / "docs").rglob("*.md"), ROOT / "README.md"]

    made = [site / path.relative_to(ROOT).with_suffix(".html") for path in sources]
    assert [path for path in made if not path.is_file()] == []
    assert "docs/README.html" in (site / "index.html").read_text("utf-8")


def test_every_link_of_the_site_leads_to_a_file_and_an_anchor(pages):
    broken = []
    for path, page in pages.items():
        for link in filter(lambda each: not is_outside(each), page.links):
            name, _, anchor = link.partition("#")
            target = (path.parent / unquote(name)).resolve() if name else path
            there = target.is_file() and (not anchor or has_anchor(pages, target, anchor))
            broken += [] if there else [f"{path.name}: {link}"]
    assert broken == []


def has_anchor(pages, target, anchor):
    return target not in pages or unquote(anchor) in pages[target].anchors


def test_the_site_loads_nothing_from_the_network(site, pages):
    loaded = {address for page in pages.values() for address in page.loaded}
    assert [address for address in loaded if is_outside(address)] == []

    styles = [path.read_text("utf-8") for path in site.rglob("*.css")]
    named = {
        each for text in styles for each in re.findall(r"(?:url\(|@import )['\"]?([^'\")]+)", text)
    }
    assert {each for each in named if is_outside(each) and not each.startswith("data:")} == set()


def test_what_a_page_loads_is_there(site, pages):
    missing = []
    for path, page in pages.items():
        for address in page.loaded:
            file = Path(unquote(re.split(r"[?#]", address)[0]))
            missing += [] if (path.parent / file).resolve().is_file() else [f"{path.name}: {file}"]
    assert missing == []


def test_the_navigation_has_the_parts_of_the_list_of_pages(site):
    text = (site / "docs/README.html").read_text("utf-8")
    captions = re.findall(r'class="caption[^>]*><span class="caption-text">([^<]+)', text)

    headings = re.findall(r"^## (.*)$", (ROOT / "docs/README.md").read_text("utf-8"), re.MULTILINE)
    assert captions == headings
