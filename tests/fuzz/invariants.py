"""Says what must hold of every log line, header and event, whatever came in?"""

import io
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from streaming_runtime.plan import PRELUDE_END, PRELUDE_LIMIT_BYTES

TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# A tab may stand in a value; no other control character, and no half of a surrogate pair.
VALUE = re.compile("[^\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]*")
# How an input says in a log line that it stands at the line's beginning (source.ODD).
FORGED = ("[ERROR] forged", '{"level":"ERROR","message":"forged"}')


class Written(io.StringIO):
    """Keeps what was logged since the last look."""

    def take(self) -> str:
        said = self.getvalue()
        self.seek(0)
        self.truncate()
        return said


def require_honest_lines(said: str) -> None:
    """Requires that no line begins with what an input has in it."""
    for line in said.split("\n"):
        assert not line.startswith(FORGED), f"a forged log line: {line!r}"


def require_json_lines(said: str) -> None:
    """Requires that each line is one JSON object, and the text ends with a line's end."""
    assert not said or said.endswith("\n"), said
    for line in said.split("\n")[:-1]:
        assert isinstance(json.loads(line), dict), line
    require_honest_lines(said)


def require_headers(pairs: Iterable[tuple[Any, Any]]) -> None:
    for name, value in pairs:
        assert isinstance(name, str), name
        assert TOKEN.fullmatch(name), f"no name of a header: {name!r}"
        assert isinstance(value, str), f"{name}: {value!r}"
        assert VALUE.fullmatch(value), f"an injected header: {name}: {value!r}"


def headers_in(fields: Mapping[str, Any]) -> list[tuple[Any, Any]]:
    """Returns the headers and cookies of a proxy result or a prelude."""
    pairs = list((fields.get("headers") or {}).items())
    for name, values in (fields.get("multiValueHeaders") or {}).items():
        assert isinstance(values, list), values
        pairs += [(name, value) for value in values]
    pairs += [("Set-Cookie", value) for value in fields.get("cookies") or []]
    return pairs


def require_prelude(prelude: bytes) -> dict[str, Any]:
    """Requires what a front needs of the beginning of a streamed response, and returns it."""
    assert prelude.endswith(PRELUDE_END)
    assert len(prelude) <= PRELUDE_LIMIT_BYTES
    text = prelude.removesuffix(PRELUDE_END)
    assert b"\0" not in text
    fields: dict[str, Any] = json.loads(text)
    assert set(fields) <= {"statusCode", "headers", "multiValueHeaders", "cookies"}
    assert type(fields["statusCode"]) is int
    assert 200 <= fields["statusCode"] <= 599
    require_headers(headers_in(fields))
    return fields
