"""Tests the few scripts that the modules of the page become."""

import pytest
from api_function.bundle import bundled


def test_a_module_comes_once_and_after_what_it_imports():
    sources = {
        "a.js": 'import { B } from "./b.js";\nimport { c } from "./c.js";\nnew B(c);\n',
        "b.js": 'import { c } from "./c.js";\nexport class B {}\nexport async function d() {}\n',
        "c.js": "export const c = 1;\n",
    }

    assert bundled("a", sources)["a.js"] == (
        "const c_js=(()=>{const c=1;return{c};})();\n"
        "const b_js=(()=>{const{c}=c_js;class B{}\nasync function d(){}\n"
        "return{B,d};})();\n"
        "const a_js=(()=>{const{B}=b_js;const{c}=c_js;new B(c);return{};})();\n"
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
        'const b = await import("./" + name);',
        "const b = await import('./b.js');",
        "const b = import.meta.url;",
    ],
)
def test_another_form_of_import_or_export_is_refused(source):
    with pytest.raises(ValueError, match=r"^a\.js: .* is of no form that is known here$"):
        bundled("a", {"a.js": source + "\n", "b.js": "export const b = 1;\n"})


def test_modules_that_import_each_other_are_refused():
    sources = {"a.js": 'import { b } from "./b.js";\n', "b.js": 'import { a } from "./a.js";\n'}
    with pytest.raises(ValueError, match=r"^a\.js imports itself by way of b\.js$"):
        bundled("a", sources)


def test_a_module_that_is_loaded_later_is_a_script_of_its_own_that_imports_what_is_there():
    sources = {
        "a.js": 'import { B } from "./b.js";\nimport("./later.js");\n',
        "b.js": "export class B {}\n",
        "later.js": (
            'import { B } from "./b.js";\nimport { d } from "./d.js";\nexport const c = B;\n'
        ),
        "d.js": "export const d = 1;\n",
    }
    scripts = bundled("a", sources)

    assert set(scripts) == {"a.js", "later.js"}
    assert scripts["a.js"].endswith('import("./later.js");return{};})();\nexport { b_js };\n')
    assert scripts["later.js"] == (
        'import { b_js } from "./a.js";\n'
        "const d_js=(()=>{const d=1;return{d};})();\n"
        "const later_js=(()=>{const{B}=b_js;const{d}=d_js;const c=B;return{c};})();\n"
        "export const { c } = later_js;\n"
    )


def test_a_module_that_two_later_scripts_need_is_refused():
    sources = {
        "a.js": 'import("./b.js");\nimport("./c.js");\n',
        "b.js": 'import { d } from "./d.js";\nexport const b = d;\n',
        "c.js": 'import { d } from "./d.js";\nexport const c = d;\n',
        "d.js": "export const d = 1;\n",
    }
    with pytest.raises(ValueError, match=r"^d\.js is needed by two scripts"):
        bundled("a", sources)
