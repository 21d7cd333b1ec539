"""What can be set from outside, read once by each function's composition root."""

from collections.abc import Mapping
from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Settings:
    """Each field is the environment variable `DASHBOARD_<FIELD>`; README has the table. Seconds unless named."""

    table: str
    max_connections: int = 100
    client_connections: int = 20
    stream_life_s: float = 240
    poll_interval_s: float = 1
    heartbeat_s: float = 8  # 15 are promised; the rest is for a poll and a renewal that time out
    lease_s: int = 45
    session_s: int = 86_400
    cors_origins: tuple[str, ...] = ()
    trust_user_id: bool = False
    auth_issuer: str = ""  # with an audience: tokens of this OpenID issuer are accepted too
    auth_audience: str = ""

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> "Settings":
        """Raises ValueError that names the variable."""
        given = {}
        for field in fields(cls):
            name = f"DASHBOARD_{field.name.upper()}"
            if text := environ.get(name, "").strip():
                given[field.name] = _parse(name, str(field.type), text)
        if "table" not in given:
            raise ValueError("DASHBOARD_TABLE is not set")
        if ("auth_issuer" in given) != ("auth_audience" in given):
            raise ValueError("DASHBOARD_AUTH_ISSUER and DASHBOARD_AUTH_AUDIENCE need each other")
        return cls(**given)


def _parse(name: str, kind: str, text: str) -> object:
    try:
        return _PARSERS[kind](text)
    except (ValueError, KeyError):
        raise ValueError(f"{name} cannot be {text!r}") from None


def _positive(text: str) -> float:
    number = float(text)
    if not 0 < number < 1e9:
        raise ValueError(text)
    return number


_PARSERS = {
    "<class 'str'>": str,
    "<class 'int'>": lambda text: int(_positive(str(int(text)))),
    "<class 'float'>": _positive,
    "<class 'bool'>": lambda text: {"true": True, "1": True, "false": False, "0": False}[text.lower()],
    "tuple[str, ...]": lambda text: tuple(text.replace(",", " ").split()),
}
