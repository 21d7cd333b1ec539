"""Scripts and styles without what only their readers need: comments, indentation, spaces.

No statement changes its meaning. It is no parser. It knows texts, template literals, regular
expressions and comments, none of which begins within another, and keeps the first three letter by
letter. A regular expression right after `)` or `}` it would take for a division: no module has one.
A space stays where two pieces would become another one without it, and a line end where it may end
a statement.
"""

import re
from collections.abc import Callable

_COMMENT = r"/\*.*?\*/"
_TEXT = r'"(?:\\.|[^"\\\n])*"' + r"|'(?:\\.|[^'\\\n])*'"
# Long pieces of code, so that there are few: this runs while an environment starts.
_CODE = r"[^\s\"'`/]+(?: [^\s\"'`/]+)*"
_CODE_WITHOUT_BRACES = r"[{}]|[^\s\"'`/{}]+(?: [^\s\"'`/{}]+)*"
_PIECE = rf"(?P<comment>//[^\n]*|{_COMMENT})|(?P<space>\s+)|(?P<text>{_TEXT})|(?P<code>%s|.)"
_SCRIPT = re.compile(_PIECE % _CODE, re.DOTALL)
_EXPRESSION = re.compile(_PIECE % _CODE_WITHOUT_BRACES, re.DOTALL)
_STYLE = re.compile(
    rf"(?P<comment>{_COMMENT})|(?P<space>\s+)|(?P<text>{_TEXT}|url\([^)]*\))"
    r"|(?P<code>[^\s\"'/u]+(?: [^\s\"'/u]+)*|.)",
    re.DOTALL,
)
_REGULAR_EXPRESSION = re.compile(r"/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\[\n])+/[a-z]*")
_TEMPLATE_PART = re.compile(r"(?:\\.|\$(?!\{)|[^`\\$])*(`|\$\{)", re.DOTALL)
# After code that ends like this a slash divides. After other code it begins a regular expression,
# as it does after one of the words below.
_ENDS_A_VALUE = re.compile(r"(?:[\w$)\]}]|\+\+|--)$")
_BEFORE_A_VALUE = re.compile(
    r"(?<![\w$.])(?:return|typeof|case|in|of|delete|void|await|yield|throw|else|do|instanceof)$"
)
_SPACED = re.compile(r" ?([{}();,:?=<>!&|*%^~[\]]) ?")
_SPACED_STYLE = re.compile(r" ?([{};,]) ?")


def shorter_script(source: str) -> str:
    """Returns the script without comments and needless spaces.

    Raises ValueError for a template literal that does not end.
    """
    found = _Shortened(_is_needed_in_script)
    at = 0
    while at < len(source):
        at = _add_piece(_SCRIPT, source, at, found)
    return found.text()


def shorter_style(source: str) -> str:
    """Returns the style sheet without comments and needless spaces."""
    found = _Shortened(_is_needed_in_style)
    for piece in _STYLE.finditer(source):
        kind = piece.lastgroup or ""
        found.add(kind, _SPACED_STYLE.sub(r"\1", piece[0]) if kind == "code" else piece[0])
    return found.text()


def _is_needed_in_script(gap: str, before: str, after: str) -> bool:
    """Whether a space or line end between these pieces means something."""
    if gap == "\n":
        return before[-1] not in "{;,([" and after[0] not in "})]"
    if _is_in_word(before[-1]) and _is_in_word(after[0]):
        return True
    return after[0] == "." or (before[-1] in "+-/." and after[0] in "+-/.")


def _is_needed_in_style(_gap: str, before: str, after: str) -> bool:
    return before[-1] not in "{};," and after[0] not in "{};,"


def _is_in_word(character: str) -> bool:
    return character.isalnum() or character in "_$#/"  # the flags of a regular expression


class _Shortened:
    """Gathers pieces, with a space or a line end between two of them where one `is_needed`."""

    def __init__(self, is_needed: Callable[[str, str, str], bool]) -> None:
        self._pieces: list[str] = []
        self._gap = ""
        self._last_code = ""  # nothing after a text, which ends a value
        self._is_needed = is_needed

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
        self._last_code = piece if kind == "code" else ""

    @property
    def precedes_a_value(self) -> bool:
        """Whether a slash would begin a regular expression here."""
        code = self._last_code
        if not code:
            return not self._pieces
        return not _ENDS_A_VALUE.search(code) or bool(_BEFORE_A_VALUE.search(code))

    def text(self) -> str:
        return "".join([*self._pieces, "\n"]) if self._pieces else ""


def _add_piece(pattern: re.Pattern[str], source: str, at: int, found: _Shortened) -> int:
    """Adds the piece of a script that begins at `at`, and returns where it ends."""
    if source[at] == "`":
        end = _template_end(source, at)
        found.add("text", source[at:end])
        return end
    piece = pattern.match(source, at)
    assert piece  # any character is code
    if piece[0] == "/" and found.precedes_a_value:
        piece = _REGULAR_EXPRESSION.match(source, at) or piece
    kind = piece.lastgroup or "text"  # a regular expression has no group
    found.add(kind, _SPACED.sub(r"\1", piece[0]) if kind == "code" else piece[0])
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
        end = _add_piece(_EXPRESSION, source, at, within)
        depth += {"{": 1, "}": -1}.get(source[at:end], 0)
        if depth == 0:
            return at
        at = end
    raise ValueError("an expression in a template literal does not end")
