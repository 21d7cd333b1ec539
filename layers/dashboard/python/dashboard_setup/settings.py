"""What can be set from outside, for all three functions? Read once by each composition root."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

SHORTEST_SECRET = 16
_BASE_PATH = re.compile(r"(/[A-Za-z0-9._~-]+)*")


@dataclass(frozen=True, slots=True)
class Settings:
    """Each field is the environment variable `DASHBOARD_<FIELD>`: docs/settings.md has the table.

    In seconds where the name says `_s`.
    """

    table: str
    max_connections: int = 100
    client_connections: int = 20
    network_connections: int = 40
    reserved_connections: int = field(default=10, metadata={"kind": "0 or more"})
    stream_life_s: float = 240
    poll_interval_s: float = 1
    # contract.md: a heartbeat at most 15 s after the last event. The rest is for a poll and a
    # renewal that time out.
    heartbeat_s: float = 8
    lease_s: int = 45
    session_s: int = 86_400
    cors_origins: tuple[str, ...] = ()
    base_path: str = ""
    # The REST API treats all types of body as binary, so it can send compressed ones.
    compress_rest_api: bool = False
    fresh_minutes: int = 15
    trust_user_id: bool = False
    # With an audience: tokens of this OpenID issuer are accepted, too.
    auth_issuer: str = ""
    auth_audience: str = ""
    # With the secret: the client's address is what the proxy in front says in this header.
    proxy_address_header: str = field(default="", metadata={"kind": "header"})
    proxy_secret: str = field(default="", repr=False, metadata={"kind": "secret"})

    @classmethod
    def from_environ(
        cls, environ: Mapping[str, str], only: Collection[str] | None = None
    ) -> "Settings":
        """Reads the fields named in `only`, or all. Raises ValueError that names the variable.

        A function that needs few settings is not stopped by a bad value of another's.
        """
        given: dict[str, Any] = {}
        for each in fields(cls):
            if only is not None and each.name not in only:
                continue
            name = f"DASHBOARD_{each.name.upper()}"
            if text := environ.get(name, "").strip():
                given[each.name] = _parse(name, each.metadata.get("kind", str(each.type)), text)
        if "table" not in given:
            raise ValueError("DASHBOARD_TABLE is not set")
        if not _BASE_PATH.fullmatch(base_path := given.get("base_path", "")):
            raise ValueError(f"DASHBOARD_BASE_PATH is a path like /dash, not {base_path!r}")
        if ("auth_issuer" in given) != ("auth_audience" in given):
            raise ValueError("DASHBOARD_AUTH_ISSUER and DASHBOARD_AUTH_AUDIENCE need each other")
        if ("proxy_address_header" in given) != ("proxy_secret" in given):
            raise ValueError(
                "DASHBOARD_PROXY_ADDRESS_HEADER and DASHBOARD_PROXY_SECRET need each other"
            )
        return cls(**given)


def _parse(name: str, kind: str, text: str) -> object:
    try:
        return _PARSERS[kind](text)
    except (ValueError, KeyError):
        if kind == "secret":
            raise ValueError(
                f"{name} needs {SHORTEST_SECRET} printable characters, or more"
            ) from None
        raise ValueError(f"{name} cannot be {text!r}") from None


def _positive(text: str) -> float:
    number = float(text)
    if not 0 < number < 1e9:
        raise ValueError(text)
    return number


def _whole(text: str) -> int:
    return int(_positive(str(int(text))))


def _whole_or_none(text: str) -> int:
    if int(text) == 0:
        return 0
    return _whole(text)


def _header(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9-]+", text):
        raise ValueError(text)
    return text


def _secret(text: str) -> str:
    if not re.fullmatch(rf"[!-~]{{{SHORTEST_SECRET},}}", text):
        raise ValueError
    return text


def _truth(text: str) -> bool:
    return {"true": True, "1": True, "false": False, "0": False}[text.lower()]


def _list(text: str) -> tuple[str, ...]:
    return tuple(text.replace(",", " ").split())


_PARSERS: dict[str, Callable[[str], object]] = {
    "<class 'str'>": str,
    "<class 'int'>": _whole,
    "0 or more": _whole_or_none,
    "header": _header,
    "secret": _secret,
    "<class 'float'>": _positive,
    "<class 'bool'>": _truth,
    "tuple[str, ...]": _list,
}
