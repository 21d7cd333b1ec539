"""Tests that no request breaks the service."""

from tests.fuzz import service_targets
from tests.fuzz.held import each_of, require_target


@each_of(service_targets.TARGETS)
def test_the_invariants_hold_for_any_input(target):
    require_target(target)
