"""Keeps what a search for leaked secrets needs: the secrets that came by, and all that was said.

Off unless LOCAL_LAMBDA_WITNESS names a folder. `secrets/` gets each token, one a line: those that
requests present, that responses hand out, and that functions get as variables. `said/` gets what
anybody may read later: every line of the log, the heads of responses, and the bodies of those with
an error and of streams, as far as they are kept. scripts/leaks.py looks for the ones in the others;
docs/security.md says why.
"""

import base64
import binascii
import gzip
import json
import logging
import os
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from urllib.parse import parse_qsl, unquote

VARIABLE = "LOCAL_LAMBDA_WITNESS"
KEPT_BYTES = 16 * 1024  # the beginning of a response's body
SECRETS, SAID = "secrets", "said"
# The fields of requests, the variables and the members of JSON whose values are secret.
_SECRET_NAME = re.compile(
    r"authorization|cookie|token|secret|password|passwd|api[-_]?key|connection[-_](?:key|id)$",
    re.IGNORECASE,
)
_SECRET_MEMBER = re.compile(
    rb'"[a-z_]*(?:token|secret|password|access_?key)[a-z_]*"\s*:\s*"([^"\\]{8,})"', re.IGNORECASE
)
# A goodbye names the connection by the id that its client alone knows.
_CONNECTION = re.compile(r"/connections/([^/?]+)/close")
# By these fields a client learns secrets of its own.
_HANDED_OUT = ("x-connection-id", "set-cookie")
_PUBLIC_FIELDS = frozenset(
    {"credential", "signedheaders", "username", "realm", "uri", "nonce", "cnonce", "opaque"}
)
_OFF = logging.CRITICAL + 1
# Both hand nothing to the log of the emulator.
_secrets = logging.getLogger("local_lambda.witness.secrets")
_said = logging.getLogger("local_lambda.witness.said")
for _each in (_secrets, _said):
    _each.propagate = False
    _each.setLevel(_OFF)


def begin(environ: Mapping[str, str], subscribe: Callable[[Callable[..., None]], object]) -> None:
    """Begins if the variable is set. `subscribe` lets a function get every line of the log."""
    if not (folder := environ.get(VARIABLE)):
        return
    for logger, name in ((_secrets, SECRETS), (_said, SAID)):
        handler = logging.FileHandler(
            place_of(folder, name) / f"emulator-{os.getpid()}.txt",
            encoding="utf-8",
            errors="backslashreplace",
        )
        handler.setFormatter(logging.Formatter("%(message)s"))
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)
    subscribe(lambda line: _said.debug("%s", line.plain))


def place_of(folder: str, kind: str) -> Path:
    """Returns `FOLDER/KIND`, and makes both if need be, so that the owner alone can read them."""
    place = Path(folder, kind)
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    place.mkdir(mode=0o700, exist_ok=True)
    return place


def is_on() -> bool:
    return _secrets.isEnabledFor(logging.DEBUG)


def variables(pairs: Iterable[tuple[str, str]]) -> None:
    """Notes the values of variables, parameters or fields whose names say that they are secret."""
    if is_on():
        for name, value in pairs:
            if _SECRET_NAME.search(name) and value:
                _note(secrets_of(name, value))


def request(target: str, headers: Iterable[tuple[str, str]]) -> None:
    """Notes what a request presents: in its header fields, its query and its path."""
    if not is_on():
        return
    path, _, query = target.partition("?")
    variables(headers)
    variables(parse_qsl(query, errors="replace"))
    _note(unquote(each) for each in _CONNECTION.findall(path))


def response(status: int, headers: Iterable[tuple[str, str]], body: bytes = b"") -> None:
    """Notes a response. One that hands a token out, on purpose, is no place to search in."""
    if not is_on():
        return
    fields = list(headers)
    variables(pair for pair in fields if pair[0].lower() in _HANDED_OUT)
    shown = [pair for pair in fields if pair[0].lower() not in _HANDED_OUT]
    _said.debug("response %d %s", status, shown)
    plain = _decoded(body, shown)
    is_stream = any("event-stream" in value for _, value in shown)
    if status >= 400 or is_stream:
        _said.debug("%s", plain.decode("utf-8", "replace"))
    else:
        for value in _SECRET_MEMBER.findall(plain):
            _note([value.decode("utf-8", "replace")])


def report(headers: Iterable[tuple[str, str]], body: bytes) -> None:
    """Notes a function's error as it tells Lambda, with what Lambda hands to X-Ray."""
    if is_on():
        _said.debug("report %s %s", list(headers), body.decode("utf-8", "replace"))


def secrets_of(name: str, value: str) -> Iterator[str]:
    """Yields each secret in the value of a variable, a parameter or a header field.

    That is the value of each cookie, without what Set-Cookie says of it; the credentials behind a
    scheme (`Bearer`), and what `Basic` encodes; each text of a JSON document; or else the value.
    """
    kind = name.lower()
    if kind == "set-cookie":
        yield from _cookie(value.partition(";")[0])
    elif kind == "cookie":
        for pair in value.split(";"):
            yield from _cookie(pair)
    elif kind.endswith("authorization"):
        yield from _credentials(value.strip())
    else:
        yield from _texts(value)


def _note(values: Iterable[str]) -> None:
    for value in values:
        for line in filter(None, map(str.strip, value.splitlines())):
            _secrets.debug("%s", line)


def _cookie(pair: str) -> Iterator[str]:
    name, has_name, value = pair.strip().partition("=")
    plain = (value if has_name else name).strip('" ')
    yield from {plain, unquote(plain)}


def _credentials(value: str) -> Iterator[str]:
    scheme, _, rest = value.partition(" ")
    if not rest or scheme.lower() == "basic":
        yield from (rest or scheme, _basic(rest))
        return
    if not re.search(r"[,\s]", rest):
        yield rest
        return
    # `Digest username="a", response="b"` and `AWS4-HMAC-SHA256 Credential=a, Signature=b` have
    # fields that everybody may know.
    for word in re.split(r"[,\s]+", rest):
        field, _, content = word.partition("=")
        if field.lower() not in _PUBLIC_FIELDS:
            yield content.strip('"=') or word


def _texts(value: str) -> Iterator[str]:
    try:
        members = json.loads(value)
    except ValueError:
        members = None
    if not isinstance(members, dict):
        yield value
        return
    yield from (each for each in members.values() if isinstance(each, str))


def _basic(encoded: str) -> str:
    try:
        return base64.b64decode(encoded).decode("utf-8", "replace").partition(":")[2]
    except (binascii.Error, ValueError):
        return ""


def _decoded(body: bytes, headers: Iterable[tuple[str, str]]) -> bytes:
    if any(pair[0].lower() == "content-encoding" and pair[1] == "gzip" for pair in headers):
        try:
            return gzip.decompress(body)
        except (OSError, EOFError, zlib.error):
            pass
    return body
