"""Are the pages true? Paths, links, widths, and the tables of settings, compared with the code."""

import ast
import re
import tomllib
from dataclasses import MISSING, fields

import pytest
from dashboard_setup.settings import Settings

from local_lambda.command import parser
from local_lambda.events.command import parser as event_parser
from local_lambda.template.cloudformation import load
from tests.support.pages import table
from tests.support.paths import ROOT, own_files

DOCS = ROOT / "docs"
SETTINGS = DOCS / "settings.md"
CONTRIBUTING = ROOT / "CONTRIBUTING.md"
RUNTIME = ROOT / "layers/streaming_runtime"
PAGES = [
    ROOT / "README.md",
    CONTRIBUTING,
    ROOT / "SECURITY.md",
    RUNTIME / "README.md",
    ROOT / "examples/README.md",
    *(EXAMPLES := sorted(ROOT.glob("examples/*/README.md"))),
    *sorted(DOCS.rglob("*.md")),
]
WIDEST = 100
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
# Where a path may begin: in the repository, where Python imports from, in the tests.
ROOTS = [
    ROOT,
    *(ROOT / place for place in PYPROJECT["tool"]["pytest"]["ini_options"]["pythonpath"]),
    ROOT / "functions/api/api_function",  # for the page's `static/`
    ROOT / "tests",
]
PATH = re.compile(r"[\w.-]+(/[\w.*-]+)*/?")
MODULE = re.compile(r"[a-z_]+(\.\w+)+")
FILE_TYPES = (".py", ".js", ".css", ".md", ".yaml", ".yml", ".toml", ".json", ".sh")
OF_READERS = {
    "app.py",
    "requirements.txt",
    "package.json",
    "companion.py",
    "notes.py",
    "test_directly.py",
    "test_emulated.py",
    "test_notes.py",
}  # files of a reader's own project


def of_page(page):
    return str(page.relative_to(ROOT))


every_page = pytest.mark.parametrize("page", PAGES, ids=of_page)


def prose(page):
    """The text of a page without its blocks of code."""
    return re.sub(r"^( *)```.*?^\1```", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)


def code_spans(page):
    return re.findall(r"`([^`\n]+)`", prose(page))


def headings(page):
    """The anchors of a page, as GitHub makes them."""
    titles = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def names_and_defaults(heading):
    """Returns what a table of settings says: the default of each name in its first column."""
    said = {}
    for name, default, *_ in table(SETTINGS, heading):
        for each in re.findall(r"`([^`]+)`", name):
            said[each.split()[0]] = default.strip("`")
    return said


TRACKED = {path.name for path in own_files()}
TOP = {place.name for root in ROOTS for place in root.iterdir() if place.is_dir()}


def exists(path):
    """Does this path lead to something, from any of the roots? A test may lack its `.py`."""
    beginning = path.rstrip("/")
    return any(list(root.glob(each)) for root in ROOTS for each in (beginning, f"{beginning}.py"))


def is_there(span):
    """False if the span names a path or a module of this repository that does not exist.

    A name with VERSION in it is that of a file of any release.
    """
    if "VERSION" in span:
        return True
    if PATH.fullmatch(span) and "/" in span.rstrip("/"):
        return span.partition("/")[0] not in TOP or exists(span)
    if span.endswith(FILE_TYPES) and PATH.fullmatch(span):
        return span in TRACKED or span in OF_READERS
    if MODULE.fullmatch(span) and span.partition(".")[0] in TOP:
        return module_has(span)
    return True


def module_has(name):
    """Is this a module, or a name that its module's source mentions?"""
    path = name.replace(".", "/")
    if exists(path):
        return True
    parent, _, last = path.rpartition("/")
    sources = [
        file
        for root in ROOTS
        for file in (root / f"{parent}.py", root / parent / "__init__.py")
        if file.is_file()
    ]
    return any(re.search(rf"\b{last}\b", file.read_text("utf-8")) for file in sources)


@every_page
def test_every_path_that_a_page_names_exists(page):
    assert [span for span in code_spans(page) if not is_there(span)] == []


@every_page
def test_every_link_leads_to_a_file_and_a_heading(page):
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)|(?:src|srcset)=\"([^\"]+)\"", prose(page)):
        link = target[0] or target[1]
        if re.match(r"https?:", link):
            continue
        name, _, anchor = link.partition("#")
        file = (page.parent / name).resolve() if name else page
        if not file.exists() or (anchor and anchor not in headings(file)):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CHANGELOG.md"], ids=of_page)
def test_no_line_is_wider_than_can_be_read(page):
    """Rows of tables may be wider, and lines that cannot be broken: an image, code, one word."""
    wide, in_code = [], False
    for line in page.read_text("utf-8").splitlines():
        in_code ^= line.lstrip().startswith("```")
        unbreakable = re.match(r"\||\s*<|\s*!?\[[^]]*\]\([^)]*\)\S*$", line) or not line.strip(
            " -"
        ).count(" ")
        if len(line) > WIDEST and not (in_code or unbreakable):
            wide.append(line)
    assert wide == []


def test_every_page_is_in_the_reading_order():
    links = re.findall(r"\]\(([^)#]+)", (DOCS / "README.md").read_text("utf-8"))
    linked = {(DOCS / link).resolve() for link in links}

    assert set(PAGES) - {DOCS / "README.md", *EXAMPLES} <= linked


def test_the_glossary_is_in_alphabetical_order():
    text = (DOCS / "glossary.md").read_text("utf-8")
    terms = re.findall(r"^\| ([^|]+?) \|", text, re.MULTILINE)[1:]

    assert len(terms) > 50
    assert terms == sorted(terms, key=str.casefold)


def test_the_settings_of_the_functions_are_those_of_the_code():
    def shown(field):
        if field.default is MISSING:
            return "required"
        return str(field.default).lower() if field.default not in ("", ()) else "none"

    coded = {f"DASHBOARD_{field.name.upper()}": shown(field) for field in fields(Settings)}

    assert names_and_defaults("The functions") == coded


def test_every_variable_that_the_code_names_has_its_row():
    places = {"layers", "functions", "local_lambda", "scripts", "template.yaml", "Makefile"}
    named = set()
    for path in own_files():
        if path.relative_to(ROOT).parts[0] in places and path.suffix not in (".md", ".png"):
            text = path.read_text("utf-8")
            named |= set(
                re.findall(r"\b(?:STREAMING_RUNTIME|DASHBOARD)_[A-Z]+(?:_[A-Z]+)*\b", text)
            )

    said = {*names_and_defaults("The functions"), *names_and_defaults("The streaming runtime")}
    assert named <= said
    assert {each for each in said if each.startswith("STREAMING_RUNTIME_")} <= named


def test_the_variables_that_the_runtime_honours_are_those_of_the_code():
    sources = [path.read_text("utf-8") for path in RUNTIME.glob("python/streaming_runtime/*.py")]
    constants = {
        node.value
        for source in sources
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    variable = re.compile(r"_?(?:AWS|LAMBDA|X_AMZN)_[A-Z_]*[A-Z]|_HANDLER|PYTHONPATH")
    read = {each for each in constants if variable.fullmatch(each)}
    said = set(names_and_defaults("The streaming runtime"))
    # The context takes some by the names of its attributes.
    by_attribute = {name for name in said if name.removeprefix("AWS_LAMBDA_").lower() in constants}
    by_lambda = {"AWS_LAMBDA_EXEC_WRAPPER"}  # Lambda reads this one, before there is a runtime

    assert {"AWS_LAMBDA_RUNTIME_API", "_HANDLER", "LAMBDA_TASK_ROOT"} <= read
    assert read <= said
    ours = {name for name in said if name.startswith("STREAMING_RUNTIME_")}
    assert said - ours - by_lambda <= read | by_attribute


def test_the_parameters_of_the_template_are_those_of_the_table():
    parameters = load((ROOT / "template.yaml").read_text("utf-8"))["Parameters"]
    coded = {name: str(each["Default"]) or "none" for name, each in parameters.items()}

    assert names_and_defaults("The template") == coded


def test_the_options_of_the_emulator_are_those_of_the_table():
    actions = [each for each in parser()._actions if "--help" not in each.option_strings]
    coded = {option for each in actions for option in each.option_strings}
    said = names_and_defaults("The emulator")

    assert set(said) == coded
    for each in actions:
        if isinstance(each.default, int | float | str) and each.default and each.nargs != 0:
            assert said[each.option_strings[0]] in (str(each.default), "this interpreter")


def test_the_options_of_events_are_those_of_the_table():
    kinds = next(each.choices for each in event_parser()._actions if each.dest == "kind")
    actions = [action for kind in kinds.values() for action in kind._actions]
    coded = {option for each in actions for option in each.option_strings} - {"-h", "--help"}

    assert set(names_and_defaults("Events")) == coded


def test_the_variables_of_make_are_those_of_the_table():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    said = set(names_and_defaults("make"))

    assert set(re.findall(r"^([A-Z_]+) \?=", makefile, re.MULTILINE)) <= said
    assert said <= set(re.findall(r"\$\(([A-Z_]+)\)", makefile))


def test_the_options_and_markers_of_pytest_are_those_of_the_tables():
    conftest = (ROOT / "tests/conftest.py").read_text("utf-8")
    options = {name for name in names_and_defaults("Tests") if name.startswith("--")}
    markers = {
        each.partition(":")[0] for each in PYPROJECT["tool"]["pytest"]["ini_options"]["markers"]
    }

    assert options == set(re.findall(r"addoption\(\s*\"(--[\w-]+)\"", conftest))
    assert {
        row[0].strip("`") for row in table(CONTRIBUTING, "Tests") if row[0].strip("`") in markers
    } == markers


def test_the_commands_are_the_targets_of_make():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(" ".join(re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)).split())
    said = {row[0].strip("`").removeprefix("make ") for row in table(CONTRIBUTING, "Commands")}

    assert said == targets - {"environment", "environment-to-run"}
