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
import logging
import os
import re
import zlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from urllib.parse import parse_qsl

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
        place = Path(folder, name)
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        handler = logging.FileHandler(
            place / f"emulator-{os.getpid()}.txt", encoding="utf-8", errors="backslashreplace"
        )
        handler.setFormatter(logging.Formatter("%(message)s"))
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)
    subscribe(lambda line: _said.debug("%s", line.plain))


def is_on() -> bool:
    return _secrets.isEnabledFor(logging.DEBUG)


def variables(pairs: Iterable[tuple[str, str]]) -> None:
    """Notes the values of variables, parameters or fields whose names say that they are secret."""
    if is_on():
        for name, value in pairs:
            if _SECRET_NAME.search(name) and value:
                _secret(value)


def request(target: str, headers: Iterable[tuple[str, str]]) -> None:
    """Notes what a request presents: in its header fields and in its query."""
    if not is_on():
        return
    variables(headers)
    variables(parse_qsl(target.partition("?")[2], errors="replace"))


def response(status: int, headers: Iterable[tuple[str, str]], body: bytes = b"") -> None:
    """Notes a response. One that hands a token out, on purpose, is no place to search in."""
    if not is_on():
        return
    # The client learns its own connection's id from this field.
    shown = [pair for pair in headers if pair[0].lower() != "x-connection-id"]
    variables(pair for pair in headers if pair[0].lower() == "x-connection-id")
    _said.debug("response %d %s", status, shown)
    plain = _decoded(body, shown)
    is_stream = any("event-stream" in value for _, value in shown)
    if status >= 400 or is_stream:
        _said.debug("%s", plain.decode("utf-8", "replace"))
    else:
        for value in _SECRET_MEMBER.findall(plain):
            _secret(value.decode("utf-8", "replace"))


def report(headers: Iterable[tuple[str, str]], body: bytes) -> None:
    """Notes a function's error as it tells Lambda, with what Lambda hands to X-Ray."""
    if is_on():
        _said.debug("report %s %s", list(headers), body.decode("utf-8", "replace"))


def _secret(value: str) -> None:
    """Notes a secret without its scheme (`Bearer`), and what `Basic` encodes."""
    scheme, _, rest = value.strip().rpartition(" ")
    for text in (rest, _basic(rest) if scheme.lower() == "basic" else ""):
        if text and "\n" not in text:
            _secrets.debug("%s", text)


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
