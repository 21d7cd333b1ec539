"""Describes the parts of a template that the emulator runs.

These are functions, routes, tables and event source mappings.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ACCOUNT_ID = "123456789012"


@dataclass(frozen=True)
class Cors:
    allow_origins: tuple[str, ...] = ()
    allow_methods: tuple[str, ...] = ()
    allow_headers: tuple[str, ...] = ()
    expose_headers: tuple[str, ...] = ()
    max_age_s: int | None = None
    allow_credentials: bool = False


@dataclass(frozen=True)
class FunctionUrl:
    streaming: bool = False
    cors: Cors | None = None


@dataclass(frozen=True)
class Function:
    logical_id: str
    name: str
    handler: str
    runtime: str
    code: Path
    layers: tuple[Path, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    timeout_s: float = 3
    memory_mb: int = 128
    url: FunctionUrl | None = None
    reserved_concurrency: int | None = None
    max_concurrency: int | None = None
    snap_start: bool = False
    traced: bool = False  # `Tracing: Active`

    def arn(self, region: str) -> str:
        return f"arn:aws:lambda:{region}:{ACCOUNT_ID}:function:{self.name}"


@dataclass(frozen=True)
class Route:
    """Describes one method of one resource. `timeout_s` is the timeout of its integration."""

    method: str
    path: str
    function: str
    streaming: bool = False
    timeout_s: float = 29
    binary_media_types: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    logical_id: str
    name: str
    definition: dict[str, Any]


@dataclass(frozen=True)
class EventSourceMapping:
    """Connects a table's stream to a function. `table` and `function` are logical ids."""

    function: str
    table: str
    batch_size: int = 100
    batching_window_s: float = 0
    from_start: bool = True
    patterns: tuple[dict[str, Any], ...] = ()
    report_item_failures: bool = False
    bisect: bool = False
    maximum_retries: int | None = None


@dataclass(frozen=True)
class Application:
    functions: dict[str, Function] = field(default_factory=dict)
    routes: tuple[Route, ...] = ()
    tables: dict[str, Table] = field(default_factory=dict)
    mappings: tuple[EventSourceMapping, ...] = ()
    warnings: tuple[str, ...] = ()
