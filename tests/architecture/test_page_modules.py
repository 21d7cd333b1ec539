"""No module of the page may take the name of a browser global or a builtin for something else.

A `status` or `name` whose declaration was forgotten is no error in a browser: it is
`window.status`. So these names are kept for what the browser means by them. Properties and
methods may carry them (`state.status`), because nobody can mistake those for globals.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "functions/api/api_function/static", ROOT / "local_lambda/admin/page"]
MODULES = sorted(module for page in PAGES for module in page.glob("*.js"))

# Members of window, https://developer.mozilla.org/docs/Web/API/Window
WINDOW = """
    addEventListener alert atob blur btoa caches cancelAnimationFrame clearInterval clearTimeout
    close closed confirm console cookieStore crypto customElements devicePixelRatio dispatchEvent
    document event external fetch find focus frames getComputedStyle getSelection history indexedDB
    innerHeight innerWidth isSecureContext length localStorage location locationbar matchMedia
    menubar moveBy moveTo name navigation navigator open opener origin outerHeight outerWidth parent
    performance personalbar postMessage print prompt queueMicrotask removeEventListener reportError
    requestAnimationFrame requestIdleCallback resizeBy resizeTo scheduler screen screenX screenY
    scroll scrollBy scrollTo scrollX scrollY scrollbars self sessionStorage setInterval setTimeout
    speechSynthesis status statusbar stop structuredClone toolbar top visualViewport window
"""
INTERFACES = """
    AbortController AbortSignal Animation Attr Audio Blob BroadcastChannel Cache Comment
    CustomEvent Document DOMException Element Event EventSource EventTarget File FileReader
    FormData Headers History HTMLElement Image IntersectionObserver Location Lock LockManager
    MessageChannel MessageEvent MutationObserver Navigator Node NodeFilter NodeList Notification
    OffscreenCanvas Option Performance Plugin Range ReadableStream Request ResizeObserver Response
    Screen Selection ShadowRoot Storage Text TextDecoder TextEncoder URL URLSearchParams WebSocket
    Window Worker XMLHttpRequest
"""
BUILTINS = """
    Array ArrayBuffer BigInt Boolean DataView Date Error Function Infinity Intl Iterator JSON Map
    Math NaN Number Object Promise Proxy RangeError Reflect RegExp Set String Symbol SyntaxError
    TypeError Uint8Array WeakMap WeakRef WeakSet arguments decodeURI decodeURIComponent encodeURI
    encodeURIComponent escape eval globalThis isFinite isNaN parseFloat parseInt undefined unescape
"""
TAKEN = frozenset((WINDOW + INTERFACES + BUILTINS).split())

SKIPPED = re.compile(r"\s+|//[^\n]*|/\*.*?\*/", re.DOTALL)
TEXT = re.compile(r'"(?:\\.|[^"\\\n])*"' + r"|'(?:\\.|[^'\\\n])*'", re.DOTALL)
REGULAR_EXPRESSION = re.compile(r"/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\[\n])+/[a-z]*")
TEMPLATE_PART = re.compile(r"(?:\\.|\$(?!\{)|[^`\\$])*(`|\$\{)", re.DOTALL)
WORD = re.compile(r"#?[A-Za-z_$][\w$]*|\d[\w.]*")
SIGN = re.compile(r"=>|\.\.\.|\?\.|[=!]==?|[<>]=|.")
STATEMENTS = {"if", "for", "while", "switch", "with"}
BEFORE_A_VALUE = {"return", "typeof", "case", "in", "of", "delete", "void", "await", "yield"}
CLOSING = {"(": ")", "[": "]", "{": "}"}


def tokens(source: str) -> list[str]:
    """The words and signs of a module. A text, a regular expression and a template are one `""`."""
    found: list[str] = []
    at = depth = 0
    templates: list[int] = []  # the depth of braces at which each open `${` was met
    while at < len(source):
        if skipped := SKIPPED.match(source, at):
            at = skipped.end()
            continue
        sign = source[at]
        resumes = sign == "}" and bool(templates) and templates[-1] == depth
        if sign == "`" or resumes:
            if resumes:
                templates.pop()
            part = TEMPLATE_PART.match(source, at + 1)
            at = part.end()
            found += [";", '""'] if resumes else ['""']
            if part[1] == "${":
                templates.append(depth)
                found.append(";")  # an expression in a template literal is checked by itself
            continue
        starts_a_value = not found or not re.search(r'[\w$)\]}"]$', found[-1])
        starts_a_value = starts_a_value or found[-1] in BEFORE_A_VALUE
        if text := TEXT.match(source, at):
            at = text.end()
            found.append('""')
        elif sign == "/" and starts_a_value and (regex := REGULAR_EXPRESSION.match(source, at)):
            at = regex.end()
            found.append('""')
        else:
            match = WORD.match(source, at) or SIGN.match(source, at)
            at = match.end()
            found.append(match[0])
            depth += {"{": 1, "}": -1}.get(sign, 0)
    return found


def closing_of(code: list[str], opening: int) -> int:
    """Returns the index of the bracket that closes the one at `opening`."""
    depth = 0
    for index in range(opening, len(code)):
        depth += (code[index] in CLOSING) - (code[index] in CLOSING.values())
        if depth == 0:
            return index
    raise ValueError(f"{code[opening]} is never closed")


def opening_of(code: list[str], closing: int) -> int:
    """Returns the index of the bracket that is closed by the one at `closing`."""
    depth = 0
    for index in range(closing, -1, -1):
        depth += (code[index] in CLOSING.values()) - (code[index] in CLOSING)
        if depth == 0:
            return index
    raise ValueError(f"{code[closing]} is never opened")


def first_of(signs: set[str], code: list[str], start: int, end: int) -> int:
    """Returns where the first of these signs stands outside of brackets; `end` without one."""
    index = start
    while index < end:
        if code[index] in signs:
            return index
        index = closing_of(code, index) + 1 if code[index] in CLOSING else index + 1
    return end


def names_in(code: list[str], start: int, end: int) -> Iterator[str]:
    """Yields the names that a list of patterns binds: parameters, or a destructuring."""
    while start < end:
        next_comma = first_of({","}, code, start, end)
        yield from names_of_one(code, start, next_comma)
        start = next_comma + 1


def names_of_one(code: list[str], start: int, end: int) -> Iterator[str]:
    """Yields the names that are bound by one pattern, whatever its default is."""
    key_end = first_of({":", "=", "as"}, code, start, end)
    if key_end < end and code[key_end] != "=":  # `key: pattern`, or `key as name` of an import
        yield from names_of_one(code, key_end + 1, end)
    elif start < end and code[start] == "...":
        yield from names_of_one(code, start + 1, end)
    elif start < end and code[start] in "[{":
        yield from names_in(code, start + 1, closing_of(code, start))
    elif start < end:
        yield code[start]


def declared(code: list[str], start: int) -> Iterator[str]:
    """Yields the names of a `const`, `let` or `var`, which may declare more than one."""
    while True:
        end = start + 1 if code[start] not in CLOSING else closing_of(code, start) + 1
        yield from names_of_one(code, start, end)
        stop = first_of({",", ";", "of", "in", ")"}, code, end, len(code))
        if stop == len(code) or code[stop] != ",":
            return
        start = stop + 1


def bindings(source: str) -> Iterator[str]:
    """Yields every name that a module declares or imports, or that a function takes."""
    code = tokens(source)
    for index, token in enumerate(code):
        previous = code[index - 1] if index else ""
        following = code[index + 1] if index + 1 < len(code) else ""
        if previous == "." or previous == "?.":
            continue
        if token in {"const", "let", "var"}:
            yield from declared(code, index + 1)
        elif token == "import" and following == "{":
            yield from names_in(code, index + 2, closing_of(code, index + 1))
        elif token == "import" and following == "*":
            yield code[index + 3]
        elif token in {"function", "class"}:
            name = code[index + 2] if following == "*" else following
            if re.match(r"[\w$]", name) and name != "extends":
                yield name
        elif token == "=>" and previous != ")":
            yield previous
        elif token == ")" and following in {"=>", "{"}:
            opening = opening_of(code, index)
            if following == "=>" or code[opening - 1] not in STATEMENTS:
                yield from names_in(code, opening + 1, index)


@pytest.mark.parametrize("module", MODULES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_module_gives_a_browser_global_another_meaning(module):
    assert sorted(set(bindings(module.read_text("utf-8"))) & TAKEN) == []


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ('import { a, b as c } from "./d.js";', "a c"),
        ('import * as a from "./d.js";', "a"),
        ("const a = b, { c, d: e, f: [g, ...h], i = j } = k;", "a c e g h i"),
        ("let a;\nfor (const [b, c] of d(e, f)) g;", "a b c"),
        ("export async function a(b, { c = 1, d: { e } }, ...f) {}", "a b c e f"),
        ("export function* a() {}", "a"),
        ("export class A extends B { #c = d; e(f) {} get k() {} }", "A f"),
        ("class A { async #g({ h }, i = (j) => j) {} }", "A h i j"),
        ("a((b) => c, d => e, async ({ f }, [g]) => ({ h: i }));", "b d f g"),
        ("try { a(); } catch (b) { c(); }", "b"),
        ("if (a) { b(c); } else while (d) { e(); }", ""),
        ("const a = `const b = ${c.map((d) => `${d}`)} (e) => f`;", "a d"),
        ("/* const a = 1 */ // const b = 1\nconst c = \"const d\" + '(e) => f';", "c"),
        (r"const a = /[/\]](b) => c/; const d = e / f; const g = h / i;", "a d g"),
        ("a.function(b); ({ const: c });", ""),
        ("const { a } = (this.#b = new C());", "a"),
    ],
)
def test_every_way_to_bind_a_name_is_found(source, names):
    assert sorted(set(bindings(source))) == names.split()
