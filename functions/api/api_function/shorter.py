"""Scripts and styles without what only their readers need: comments, indentation, spaces.

No statement changes its meaning. It is no parser. It knows texts, template literals, regular
expressions and comments, none of which begins within another, and keeps the first three letter by
letter. A space stays where two pieces would become another one without it, and a line end where it
may end a statement.
"""

import re
from collections.abc import Callable

_COMMENT = r"/\*.*?\*/"
_TEXT = r'"(?:\\.|[^"\\\n])*"' + r"|'(?:\\.|[^'\\\n])*'"
_SCRIPT = re.compile(
    rf"(?P<comment>//[^\n]*|{_COMMENT})|(?P<space>\s+)|(?P<text>{_TEXT})"
    r"|(?P<word>[\w$#]+)|(?P<sign>\+\+|--|.)",
    re.DOTALL,
)
_STYLE = re.compile(
    rf"(?P<comment>{_COMMENT})|(?P<space>\s+)|(?P<text>{_TEXT}|url\([^)]*\))|(?P<sign>.)",
    re.DOTALL,
)
_REGULAR_EXPRESSION = re.compile(r"/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\[\n])+/[a-z]*")
_TEMPLATE_PART = re.compile(r"(?:\\.|\$(?!\{)|[^`\\$])*(`|\$\{)", re.DOTALL)
# After one of these words a slash begins a regular expression. After another word, a text or a
# closing bracket it divides.
_BEFORE_A_VALUE = frozenset(
    ("return", "typeof", "case", "in", "of", "delete", "void", "await", "yield")
)


def shorter_script(source: str) -> str:
    """Returns the script without comments and needless spaces.

    Raises ValueError for a template literal that does not end.
    """
    found = _Shortened(_is_needed_in_script)
    at = 0
    while at < len(source):
        at = _script_piece(source, at, found)
    return found.text()


def shorter_style(source: str) -> str:
    """Returns the style sheet without comments and needless spaces."""
    found = _Shortened(_is_needed_in_style)
    for piece in _STYLE.finditer(source):
        found.add(piece.lastgroup or "", piece[0])
    return found.text()


def _is_needed_in_script(gap: str, before: str, after: str) -> bool:
    """Whether a space or line end between these pieces means something."""
    if gap == "\n":
        return before[-1] not in "{;,([" and after[0] not in "})]"
    if _is_in_word(before[-1]) and _is_in_word(after[0]):
        return True
    begins_flags = before[0] == "/" and len(before) > 1 and _is_in_word(after[0])
    return begins_flags or (before[-1] in "+-/." and after[0] in "+-/.") or after[0] == "."


def _is_needed_in_style(_gap: str, before: str, after: str) -> bool:
    return before[-1] not in "{};," and after[0] not in "{};,"


def _is_in_word(character: str) -> bool:
    return character.isalnum() or character in "_$#"


class _Shortened:
    """Gathers pieces, with a space or a line end between two of them where one `is_needed`."""

    def __init__(self, is_needed: Callable[[str, str, str], bool]) -> None:
        self._pieces: list[str] = []
        self._gap = ""
        self._is_needed = is_needed
        self.precedes_a_value = True  # false after what ends one, so that a slash divides

    def add(self, kind: str, piece: str) -> None:
        if kind in ("space", "comment"):
            if "\n" in piece:
                self._gap = "\n"
            elif kind == "space" or piece.startswith("/*"):
                self._gap = self._gap or " "
            return
        if self._gap and self._pieces and self._is_needed(self._gap, self._pieces[-1], piece):
            self._pieces.append(self._gap)
        self._pieces.append(piece)
        self._gap = ""
        is_word_before = kind == "word" and piece in _BEFORE_A_VALUE
        is_sign_before = kind == "sign" and piece not in (")", "]", "}", "++", "--")
        self.precedes_a_value = is_word_before or is_sign_before

    def text(self) -> str:
        return "".join([*self._pieces, "\n"]) if self._pieces else ""


def _script_piece(source: str, at: int, found: _Shortened) -> int:
    """Adds the piece of a script that begins at `at`, and returns where it ends."""
    if source[at] == "`":
        end = _template_end(source, at)
        found.add("text", source[at:end])
        return end
    piece = _SCRIPT.match(source, at)
    assert piece  # any character is a sign
    if piece[0] == "/" and found.precedes_a_value:
        piece = _REGULAR_EXPRESSION.match(source, at) or piece
    found.add(piece.lastgroup or "text", piece[0])  # a regular expression has no group
    return piece.end()


def _template_end(source: str, at: int) -> int:
    """Returns where the template literal that begins at `at` ends, its expressions included."""
    while True:
        part = _TEMPLATE_PART.match(source, at + 1)
        if part is None:
            line = source.count("\n", 0, at) + 1
            raise ValueError(f"line {line}: a template literal does not end")
        if part[1] == "`":
            return part.end()
        at = _expression_end(source, part.end())


def _expression_end(source: str, at: int) -> int:
    """Returns where the brace is that closes the expression which begins at `at`."""
    within = _Shortened(_is_needed_in_script)
    depth = 1
    while at < len(source):
        end = _script_piece(source, at, within)
        depth += {"{": 1, "}": -1}.get(source[at:end], 0)
        if depth == 0:
            return at
        at = end
    raise ValueError("an expression in a template literal does not end")
