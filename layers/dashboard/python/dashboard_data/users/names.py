"""Which names may a configuration have? Any that people can read, and that stay on their line."""

import re

# C0, DEL and C1, and the separators of lines and paragraphs.
_CONTROLS = r"\u0000-\u001f\u007f-\u009f\u2028\u2029"
# They reorder the text around them: a name could make a page say something else.
# https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters
_BIDI = r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
# Spaces, characters that are shown as nothing, and the empty Braille cell.
# https://www.unicode.org/reports/tr44/#Default_Ignorable_Code_Point
_UNSEEN = (
    r"\u0020\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
    r"\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200d\u2060-\u2065\u206a-\u206f"
    r"\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\u2800"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_ALLOWED = f"[^{_CONTROLS}{_BIDI}]"
_SEEN = f"[^{_CONTROLS}{_BIDI}{_UNSEEN}]"
# The whole rule, in the syntax that JSON Schema shares with Python.
PATTERN = f"^{_ALLOWED}*{_SEEN}{_ALLOWED}*$"

_HAS_CONTROLS = re.compile(f"[{_CONTROLS}]")
_HAS_BIDI = re.compile(f"[{_BIDI}]")
_HAS_SEEN = re.compile(_SEEN)


def problem_of(name: str) -> str | None:
    """Returns what is wrong with this name, as the end of a sentence; None if nothing is."""
    if _HAS_CONTROLS.search(name):
        return "must not contain control characters or line ends"
    if _HAS_BIDI.search(name):
        return "must not contain characters that change the direction of text"
    if not _HAS_SEEN.search(name):
        return "must contain a character that can be seen"
    return None
