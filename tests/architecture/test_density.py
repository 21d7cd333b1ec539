"""Keeps the code as easy to read as it is: width, density, and how comments begin."""

import ast
import io
import re
import tokenize

import pytest

from tests.support.paths import PACKAGES, ROOT, own_files

WIDTH = 100
# Pins and their hashes are written by programs; pictures are no text; test_docs.py has the prose.
NOT_CODE = re.compile(
    r"^(llms|requirements.*)\.txt$|^package-lock\.json$|\.(md|png|gif|zip)$|^LICENSE$"
)
# Templates as people write them, and what is expected of each: data, one fact on a line.
DATA = ROOT / "tests/local_lambda/corpus"
CODE = [
    path
    for path in own_files()
    if not NOT_CODE.search(path.name) and not (DATA in path.parents and path.suffix != ".py")
]
PYTHON = [path for path in CODE if path.suffix == ".py" and "broken" not in path.parts]
# In YAML and JSON an ARN, a pinned action, an address or a long string cannot be broken.
UNBREAKABLE = re.compile(r"\S{40,}|SEARCH\(")
DATA = (".yaml", ".yml", ".json")
BARE = re.compile(r"(of|what|who|whom|whose|whoever|whatever)\b", re.IGNORECASE)
OURS = [path for package in PACKAGES.values() for path in package.rglob("*.py")]


def name_of(path):
    return path.relative_to(ROOT).as_posix()


def test_no_line_of_code_is_wider_than_100_columns():
    assert len(CODE) > 200
    wide = [
        f"{name_of(path)}:{number}"
        for path in CODE
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if len(line) > WIDTH and not (path.suffix in DATA and UNBREAKABLE.search(line))
    ]
    assert wide == []


@pytest.mark.parametrize(
    ("package", "conditional", "assignments"),
    [("streaming_runtime", 15, 5), ("dashboard_data", 15, 5), ("stream_function", 20, 5)],
)
def test_a_thousand_lines_hold_few_conditional_expressions_and_tuple_assignments(
    package, conditional, assignments
):
    sources = [path.read_text("utf-8") for path in PACKAGES[package].rglob("*.py")]
    nodes = [node for source in sources for node in ast.walk(ast.parse(source))]
    thousands = sum(len(source.splitlines()) for source in sources) / 1_000

    assert sum(isinstance(node, ast.IfExp) for node in nodes) < conditional * thousands
    assert sum(map(assigns_a_tuple, nodes)) < assignments * thousands


def assigns_a_tuple(node):
    """Whether this is `a, b = x, y`, and no swap of two names."""
    if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Tuple):
        return False
    return isinstance(node.targets[0], ast.Tuple)


@pytest.mark.parametrize("path", PYTHON, ids=name_of)
def test_no_comment_or_docstring_begins_with_a_bare_of_what_or_who(path):
    source = path.read_text("utf-8")
    lines = source.splitlines()
    comments = [
        token.string.lstrip("# ")
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT and not goes_on(lines, token.start[0])
    ]
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = [
        ast.get_docstring(node) or ""
        for node in ast.walk(ast.parse(source))
        if isinstance(node, documented)
    ]
    begun = [text for text in comments + docstrings if BARE.match(text)]

    assert [text for text in begun if not asks(text)] == []


def test_no_comment_in_other_code_begins_so():
    sign = re.compile(r"^\s*(?:#|//|/\*|<!--) ?(.*)")
    begun = []
    for path in CODE:
        if path.suffix != ".py":
            lines = path.read_text("utf-8").splitlines()
            for number, line in enumerate(lines, 1):
                comment = sign.match(line)
                bare = comment and BARE.match(comment[1]) and not asks(comment[1])
                if bare and not goes_on(lines, number, sign):
                    begun.append(f"{name_of(path)}:{number}: {line}")
    assert begun == []


def goes_on(lines, number, sign=re.compile(r"^\s*#")):
    """Whether the line above is a comment that this one continues."""
    return number > 1 and bool(sign.match(lines[number - 2]) and sign.match(lines[number - 1]))


def asks(text):
    """A file's question may begin so: it ends in a question mark."""
    return "?" in text.partition("\n\n")[0]


@pytest.mark.parametrize("path", OURS, ids=name_of)
def test_every_file_says_what_it_is_about_in_its_first_line(path):
    documented = ast.get_docstring(ast.parse(path.read_text("utf-8")))
    first = (documented or "").partition("\n")[0]

    assert first.endswith((".", "?"))
