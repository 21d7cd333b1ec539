"""Tests that no payload, result, event, response of the Runtime API or error breaks the runtime."""

from tests.fuzz import event_targets, platform_targets, runtime_targets
from tests.fuzz.held import each_of, require_target
from tests.fuzz.target import Registry

TARGETS = Registry({**runtime_targets.TARGETS, **event_targets.TARGETS, **platform_targets.TARGETS})


@each_of(TARGETS)
def test_the_invariants_hold_for_any_input(target):
    require_target(target)
