"""Represents one resource of a template as it is written."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Resource:
    """Holds type and properties, with Globals merged into its properties.

    `own` are the properties without Globals: they say where a property stands in the template.
    """

    logical_id: str
    kind: str
    properties: dict[str, Any] = field(default_factory=dict)
    own: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
