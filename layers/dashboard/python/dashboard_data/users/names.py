"""Which names may a configuration have? Any that people can read, and that stay on their line."""

from unicodedata import category

# Controls (C0, DEL, C1), surrogates, and the separators of lines and paragraphs.
# https://www.unicode.org/reports/tr44/#General_Category_Values
_CONTROLS = frozenset({"Cc", "Cs", "Zl", "Zp"})
# They reorder the text around them: a name could make a page say something else.
# https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# These leave no mark on the screen, though their category is that of letters, marks or symbols.
# https://www.unicode.org/reports/tr44/#Default_Ignorable_Code_Point, and the empty Braille cell
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")
_BLANK_RANGES = (range(0xFE00, 0xFE10), range(0xE0000, 0xE1000))
_UNSEEN = frozenset({"Cf", "Zs"})  # format characters and spaces


def problem_of(name: str) -> str | None:
    """Returns what is wrong with this name, as the end of a sentence; None if nothing is."""
    if any(category(each) in _CONTROLS for each in name):
        return "must not contain control characters or line ends"
    if not _BIDI.isdisjoint(name):
        return "must not contain characters that change the direction of text"
    if not any(_is_seen(each) for each in name):
        return "must contain a character that can be seen"
    return None


def _is_seen(character: str) -> bool:
    if category(character) in _UNSEEN or character in _BLANK:
        return False
    return not any(ord(character) in each for each in _BLANK_RANGES)
