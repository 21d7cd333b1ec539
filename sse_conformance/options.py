"""What does the user tell about the server?"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Options:
    """All options. None, "" or () says that the user did not tell; times are in seconds."""

    headers: tuple[tuple[str, str], ...] = ()
    auth_header: tuple[str, str] | None = None
    emit_url: str = ""
    emit_command: str = ""
    emit_headers: tuple[tuple[str, str], ...] = ()  # for the producer, with credentials
    key: str = ""
    events: tuple[str, ...] = ()
    reset_event: str = "reset"
    reset_is_promised: bool = False
    heartbeat_s: float = 15.0
    heartbeat_is_promised: bool = False
    rotation_s: float | None = None
    limit: int | None = None
    origin: str = ""
    foreign_origin: str = ""
    slow_s: float = 3.0
    window_s: float = 2.0
    timeout_s: float = 10.0
    total_timeout_s: float = 300.0
    secrets: tuple[str, ...] = field(default=(), repr=False)  # never shown in evidence

    @property
    def emits(self) -> bool:
        """Whether the kit can publish items."""
        return bool(self.emit_url or self.emit_command)

    def given(self, option: str) -> bool:
        """Whether the user gave the option that a check needs; `option` as in `--limit`."""
        return bool(
            {
                "--rotation": self.rotation_s,
                "--limit": self.limit,
                "--auth-header": self.auth_header,
                "--origin": self.origin,
                "--foreign-origin": self.foreign_origin,
                "--emit-url": self.emits,
                "--event": self.events or self.key,
                "--retention-reset-event": self.reset_is_promised,
                "--heartbeat": self.heartbeat_is_promised,
            }[option]
        )
