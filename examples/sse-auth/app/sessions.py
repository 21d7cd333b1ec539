"""Who is asking? Tokens that the function signs itself, so that it keeps nothing.

A token is `USER.UNTIL.SIGNATURE`: the user as base64, the end of its life in epoch seconds, and an
HMAC over both and over what the token is for. A cookie is therefore no bearer token, nor the other
way round.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass

LIFE_S = 3600


@dataclass(frozen=True)
class Session:
    user: str
    until_s: int


@dataclass(frozen=True)
class Sessions:
    """Makes and reads tokens. `key` is the secret that signs them."""

    key: bytes

    def token(self, user: str, purpose: str, now_s: float) -> str:
        until_s = int(now_s) + LIFE_S
        name = base64.urlsafe_b64encode(user.encode()).decode().rstrip("=")
        return f"{name}.{until_s}.{self._signature(purpose, name, str(until_s))}"

    def read(self, token: str, purpose: str, now_s: float) -> Session | None:
        """Returns the session of a token, or None for one that is wrong or over."""
        name, _, rest = token.partition(".")
        until, _, signature = rest.partition(".")
        expected = self._signature(purpose, name, until)
        # Compared first, and in a time that says nothing; what follows is then our own text.
        if not hmac.compare_digest(signature.encode(), expected.encode()):
            return None
        if int(until) <= now_s:
            return None
        user = base64.urlsafe_b64decode(name + "=" * (-len(name) % 4)).decode()
        return Session(user, int(until))

    def _signature(self, *parts: str) -> str:
        return hmac.new(self.key, "\n".join(parts).encode(), hashlib.sha256).hexdigest()


def is_same(given: object, secret: str) -> bool:
    """Compares what a client sent with a secret, in a time that does not depend on either."""
    text = given if isinstance(given, str) else ""
    both = [hashlib.sha256(each.encode("utf-8", "replace")).digest() for each in (text, secret)]
    return hmac.compare_digest(*both)
