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
    ("let a=1;", "  let a = 1; // one\n"),
    ("f();", "\t/* a\n   comment */ f();\n\n\n"),
    ('a="// no comment";', '    a = "// no comment"; /* "but this is */\n'),
    ("a='/* no \\' comment */';", "  a = '/* no \\' comment */';\n"),
    ("a=`\n  kept // as it is\n\n`;", "  a = `\n  kept // as it is\n\n`; // `\n"),
    ("a=`${b ? `\n  ${{ c: 1 }.c}` : `}`} /*`;", "a = `${b ? `\n  ${{ c: 1 }.c}` : `}`} /*`;\n"),
    ("a=b.replace(/[/`'\"]\\//g,c);", "  a = b.replace(/[/`'\"]\\//g, c);\n"),
    ("a=(b + c)/ d;", "a = (b + c) / d; // 2 /\n"),
    ("a++ / b / c;", "  a++ / b / c;\n"),
    ("a=b + ++c - -d;", "a = b + ++c - -d;\n"),
    ("a=b / /c/.d;", "a = b / /c/.d;\n"),
    ("a=/b/ in c;", "a = /b/ in c;\n"),
    ("a=1 .toFixed();", "a = 1 .toFixed();\n"),
    ("return /'/;", "  return /'/; // it's\n"),
    ("a=b[0]/ 2 +'/';", "  a = b[0] / 2 + '/';\n"),
    ("return\na;", "return /* a\n newline ends the statement */ a;\n"),
    ("a\nb++\nc;", "a\nb++\nc;\n"),
    ("if(a){b=[1,2]};", "if (a) {\n  b = [\n    1,\n    2\n  ]\n};\n"),
    ("a=b / c;", "a = b /* by */ / c;\n"),
    ("throw /'/;", "throw /'/;\n"),
    ("a instanceof /  b/;", "a instanceof /  b/;\n"),
    ("const{a}=b;", "const { a } = b;\n"),
    ("for(const a of b)c;", "for (const a of b) c;\n"),
]


@given(st.lists(st.sampled_from(STATEMENTS)))
def test_comments_and_needless_spaces_are_left_out_and_nothing_else(statements):
    source = "".join(written for _, written in statements)
    kept = "".join(short for short, _ in statements) + ("\n" if statements else "")

    assert shorter_script(source) == kept
    assert shorter_script(kept) == kept


@pytest.mark.parametrize("source", ["a = `", "a = `${b", "a = `${`b`", "a = `${'}'"])
def test_a_template_literal_that_does_not_end_is_refused(source):
    with pytest.raises(ValueError, match="does not end"):
        shorter_script(source)


def test_a_style_sheet_keeps_its_texts_and_the_spaces_between_words():
    source = """
/* the ground: it's light */
.a .b , .c
{
  content: "/* kept */  \\" ";   /* not this */

  background: url(data:image/svg+xml,<svg/*>) ;
  width: calc(1px + 2px);
}
"""
    assert shorter_style(source) == (
        '.a .b,.c{content: "/* kept */  \\" ";background: url(data:image/svg+xml,<svg/*>);'
        "width: calc(1px + 2px);}\n"
    )


@pytest.mark.parametrize("module", sorted(STATIC.glob("*.js")), ids=lambda path: path.name)
def test_a_module_of_the_page_keeps_all_its_code(module):
    source = module.read_text("utf-8")
    left = "".join(shorter_script(source).split())
    for line in source.splitlines():
        code = "".join(line.partition(" // ")[0].split())
        if code and not code.startswith(("//", "/*", "*")):
            before, found, left = left.partition(code)
            assert (found, before) == (code, "")
    assert left == ""
