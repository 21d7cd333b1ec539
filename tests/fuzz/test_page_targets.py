"""Tests that no bytes break the page's parser of event streams."""

from tests.fuzz import page_targets
from tests.fuzz.held import each_of, require_target


@each_of(page_targets.TARGETS)
def test_the_invariants_hold_for_any_input(target):
    require_target(target)
