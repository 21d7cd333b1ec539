"""How does evidence show what a server sent, and no credential that it sent back?"""

_LEAST = 8
_LONGEST = 300


class Secrecy:
    """Hides credentials, and every piece of eight characters of them, however evidence was cut."""

    def __init__(self, secrets: tuple[str, ...]) -> None:
        self._short = [each for each in secrets if 3 < len(each) < _LEAST]
        self._pieces = {
            secret[at : at + _LEAST]
            for secret in secrets
            for at in range(max(0, len(secret) - _LEAST + 1))
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
