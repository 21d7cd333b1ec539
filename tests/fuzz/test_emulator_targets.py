"""Tests that no template, request or result of a function breaks the emulator."""

from tests.fuzz import emulator_targets
from tests.fuzz.held import each_of, require_target


@each_of(emulator_targets.TARGETS)
def test_the_invariants_hold_for_any_input(target):
    require_target(target)
