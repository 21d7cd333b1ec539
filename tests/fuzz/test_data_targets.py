"""Tests that no item, record or token breaks the service."""

from tests.fuzz import data_targets
from tests.fuzz.held import each_of, require_target


@each_of(data_targets.TARGETS)
def test_the_invariants_hold_for_any_input(target):
    require_target(target)
