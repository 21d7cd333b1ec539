"""Tests the one script that the modules of the page become."""

import pytest
from api_function.one_script import one_script


def test_a_module_comes_once_and_after_what_it_imports():
    sources = {
        "a.js": 'import { B } from "./b.js";\nimport { c } from "./c.js";\nnew B(c);\n',
        "b.js": 'import { c } from "./c.js";\nexport class B {}\nexport async function d() {}\n',
        "c.js": "export const c = 1;\n",
    }

    assert one_script("a", sources) == (
        "const c_js = (() => {\nconst c = 1;\nreturn { c };\n})();\n"
        "const b_js = (() => {\nconst { c } = c_js;\nclass B {}\nasync function d() {}\n"
        "return { B, d };\n})();\n"
        "const a_js = (() => {\nconst { B } = b_js;\nconst { c } = c_js;\nnew B(c);\n"
        "return {  };\n})();\n"
    )


@pytest.mark.parametrize(
    "source",
    [
        'import b from "./b.js";',
        'import * as b from "./b.js";',
        'import { a as b } from "./b.js";',
        'import "./b.js";',
        "export default 1;",
        "export let b = 1;",
        "export { b };",
        'export { b } from "./b.js";',
        'const b = await import("./b.js");',
        "const b = import.meta.url;",
    ],
)
def test_another_form_of_import_or_export_is_refused(source):
    with pytest.raises(ValueError, match=r"^a\.js: .* is of no form that is known here$"):
        one_script("a", {"a.js": source + "\n", "b.js": "export const b = 1;\n"})


def test_modules_that_import_each_other_are_refused():
    sources = {"a.js": 'import { b } from "./b.js";\n', "b.js": 'import { a } from "./a.js";\n'}
    with pytest.raises(ValueError, match=r"^a\.js imports itself by way of b\.js$"):
        one_script("a", sources)
