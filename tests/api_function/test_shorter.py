"""Tests what is left out of scripts and styles, and that nothing else is."""

from pathlib import Path

import api_function
import pytest
from api_function.shorter import shorter_script, shorter_style
from hypothesis import given
from hypothesis import strategies as st

STATIC = Path(api_function.__file__).parent / "static"
# Each begins and ends where a statement does. What is kept stands first.
STATEMENTS = [
    ("let a = 1;", "  let a = 1; // one\n"),
    ("f();", "\t/* a\n   comment */ f();\n\n\n"),
    ('a = "// no comment";', '    a = "// no comment"; /* "but this is */\n'),
    ("a = '/* no \\' comment */';", "  a = '/* no \\' comment */';\n"),
    ("a = `\n  kept // as it is\n\n`;", "  a = `\n  kept // as it is\n\n`; // `\n"),
    ("a = `${b ? `\n  ${{ c: 1 }.c}` : `}`} /*`;", "a = `${b ? `\n  ${{ c: 1 }.c}` : `}`} /*`;\n"),
    ("a = b.replace(/[/`'\"]\\//g, c);", "  a = b.replace(/[/`'\"]\\//g, c);\n"),
    ("a = (b + c) / d; // 2 /".removesuffix(" // 2 /"), "a = (b + c) / d; // 2 /\n"),
    ("a++ / b / c;", "  a++ / b / c;\n"),
    ("return /'/;", "  return /'/; // it's\n"),
    ("a = b[0] / 2 + '/';", "  a = b[0] / 2 + '/';\n"),
    ("return\na;", "return /* a\n newline ends the statement */ a;\n"),
    ("a = b / c;", "a = b /* by */ / c;\n"),
]


@given(st.lists(st.sampled_from(STATEMENTS)))
def test_comments_indentation_and_empty_lines_are_left_out_and_nothing_else(statements):
    source = "".join(written for _, written in statements)
    kept = "".join(f"{short}\n" for short, _ in statements)

    assert shorter_script(source) == kept
    assert shorter_script(kept) == kept


@pytest.mark.parametrize("source", ["a = `", "a = `${b", "a = `${`b`", "a = `${'}'"])
def test_a_template_literal_that_does_not_end_is_refused(source):
    with pytest.raises(ValueError, match="does not end"):
        shorter_script(source)


def test_a_style_sheet_keeps_its_texts_and_its_spaces_within_a_line():
    source = """
/* the ground: it's light */
.a .b {
  content: "/* kept */  \\" ";   /* not this */

  background: url(data:image/svg+xml,<svg/*>) ;
  width: calc(1px + 2px);
}
"""
    assert shorter_style(source) == (
        '.a .b {\ncontent: "/* kept */  \\" ";\nbackground: url(data:image/svg+xml,<svg/*>) ;\n'
        "width: calc(1px + 2px);\n}\n"
    )


@pytest.mark.parametrize("module", sorted(STATIC.glob("*.js")), ids=lambda path: path.name)
def test_a_module_of_the_page_keeps_all_its_code(module):
    source = module.read_text("utf-8")
    written = [line.strip() for line in source.splitlines()]
    short = [line.strip() for line in shorter_script(source).splitlines()]
    code = [line for line in written if line and not line.startswith(("//", "/*", "*"))]

    assert [line for line in short if not any(line in each for each in written)] == []
    assert [line for line in code if not any(each in line for each in short)] == []
