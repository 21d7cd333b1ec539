"""Tests that no template, request or result of a function breaks the emulator."""

from tests.fuzz import emulator_targets, routing_targets
from tests.fuzz.held import each_of, require_target
from tests.fuzz.target import Registry

TARGETS = Registry({**emulator_targets.TARGETS, **routing_targets.TARGETS})


@each_of(TARGETS)
def test_the_invariants_hold_for_any_input(target):
    require_target(target)
