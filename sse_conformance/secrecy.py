"""How does evidence show what a server sent, and no credential that it sent back?"""

import base64
import binascii
import json
import re
from urllib.parse import quote, unquote, unquote_plus

_LEAST = 8
_LONGEST = 300
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9-]*")


class Secrecy:
    """Hides credentials, and every piece of eight characters of them, however evidence was cut."""

    def __init__(self, secrets: tuple[str, ...]) -> None:
        shapes = {shape for secret in secrets for shape in shapes_of(secret)}
        self._short = sorted(each for each in shapes if 3 < len(each) < _LEAST)
        self._pieces = {
            shape[at : at + _LEAST]
            for shape in shapes
            for at in range(max(0, len(shape) - _LEAST + 1))
        }

    def hide(self, text: str) -> str:
        """Returns printable text, cut, without any credential."""
        hidden = bytearray(len(text))
        for at in range(len(text) - _LEAST + 1):
            if text[at : at + _LEAST] in self._pieces:
                hidden[at : at + _LEAST] = b"\1" * _LEAST
        shown = []
        for at, letter in enumerate(text):
            if not hidden[at]:
                shown.append(letter if letter.isprintable() else repr(letter)[1:-1])
            elif not at or not hidden[at - 1]:
                shown.append("***")
        whole = "".join(shown)
        for secret in self._short:
            whole = whole.replace(secret, "***")
        return whole if len(whole) <= _LONGEST else whole[:_LONGEST] + "..."


def credentials_of(value: str) -> list[str]:
    """Returns what is secret in a header's value: all of it but the scheme ("Bearer").

    Of Basic also the user with the password, and the password.
    """
    scheme, space, rest = value.partition(" ")
    secret = rest.strip() if space and rest.strip() and _SCHEME.fullmatch(scheme) else value
    found = [secret] if secret else []
    if scheme.lower() == "basic" and space:
        try:
            pair = base64.b64decode(secret, validate=True).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError):
            return found
        found += [each for each in (pair, pair.partition(":")[2]) if each]
    return found


def shapes_of(secret: str) -> set[str]:
    """Returns the texts in which a server or a report may repeat a secret.

    Decoded from a URL or encoded for one, read in the wrong charset, escaped by repr or JSON.
    """
    plain = {secret, unquote(secret), unquote_plus(secret)}
    plain |= {_as_latin_1(each) for each in plain}
    found = set(plain)
    for each in plain:
        doubled = each.replace("\\", "\\\\")
        found |= {doubled, doubled.replace("'", "\\'"), doubled.replace('"', '\\"')}
        found |= {repr(each)[1:-1], ascii(each)[1:-1], repr(each.encode("utf-8", "replace"))[2:-1]}
        found |= {json.dumps(each)[1:-1], json.dumps(each, ensure_ascii=False)[1:-1]}
        found |= {quote(each, safe="", errors="replace"), quote(each, errors="replace")}
    found |= {repr(each)[1:-1] for each in found}
    return {each for each in found if each}


def _as_latin_1(text: str) -> str:
    return text.encode("utf-8", "replace").decode("latin-1")
