"""All targets, by name."""

from tests.fuzz import (
    data_targets,
    emulator_targets,
    event_targets,
    page_targets,
    platform_targets,
    routing_targets,
    runtime_targets,
    service_targets,
)
from tests.fuzz.target import Registry

MODULES = (
    runtime_targets,
    event_targets,
    platform_targets,
    service_targets,
    data_targets,
    emulator_targets,
    routing_targets,
    page_targets,
)
TARGETS = Registry()
for module in MODULES:
    TARGETS.update(module.TARGETS)
