"""Which invocations does X-Ray trace?

https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-sampling
"""

import random
import re
import secrets
from collections.abc import Callable

ROOT = re.compile("1-[0-9a-f]{8}-[0-9a-f]{24}")
MODES = ("auto", "always", "never")
_SAMPLED_BY_MODE = {"always": "1", "never": "0"}
SHARE = 0.05  # traced requests among those after the first one of each second


def new_root(now_s: float) -> str:
    """Returns the root of a new trace."""
    return f"1-{int(now_s):08x}-{secrets.token_hex(12)}"


class Sampling:
    """The sampling of one function. `is_active`: its template says `Tracing: Active`.

    Without that it is never sampled by itself, and a caller's decision is handed on. The mode
    `always` or `never` decides for every invocation, whatever template and caller say.
    """

    def __init__(
        self, is_active: bool, draw: Callable[[], float] = random.random, mode: str = "auto"
    ) -> None:
        self._is_active = is_active
        self._mode = mode
        self._draw = draw
        self._second = -1

    def header(self, incoming: str | None, now_s: float) -> str:
        """Returns an invocation's trace header. `incoming` is that of its request, if any."""
        fields = fields_of(incoming or "")
        root = fields.get("Root", "")
        if not ROOT.fullmatch(root):
            root = new_root(now_s)
        sampled = _SAMPLED_BY_MODE.get(self._mode) or fields.get("Sampled", "")
        if sampled not in ("0", "1"):
            sampled = str(int(self._is_sampled(now_s)))
        return f"Root={root};Parent={secrets.token_hex(8)};Sampled={sampled}"

    def _is_sampled(self, now_s: float) -> bool:
        if not self._is_active:
            return False
        is_first = int(now_s) != self._second
        self._second = int(now_s)
        return is_first or self._draw() < SHARE


def fields_of(header: str) -> dict[str, str]:
    """Returns the fields of a trace header, such as `Root`, by name."""
    pairs = [field.strip().partition("=") for field in header.split(";")]
    return {name: value for name, _, value in pairs}
