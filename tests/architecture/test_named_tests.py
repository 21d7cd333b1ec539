"""Tests that a page cannot name a test in a way that nothing reads."""

import pytest

from tests.support.named_tests import missing_tests, named_tests, unread

FILE = "architecture/test_named_tests"
# Each names nothing that exists, or says nothing.
WRONG = [
    "`architecture/test_gone`",
    "`architecture/test-gone`",
    "`test_gone`",
    "`tests/architecture/test_named_tests.py`",
    "`Architecture/test_named_tests`",
    f"`{FILE}::test_gone`",
    f"`{FILE}` gone_for_ever",
    f"`{FILE}` what_is_wr",
    f"`{FILE}` w",
    f"`{FILE}` what_is_right, gone_for_ever",
    f"`{FILE}`: what_is_right",
    f"`{FILE}` (what_is_right)",
    f"`{FILE}` what_is_right.",
    f"`{FILE}` what_is_right,gone_for_ever",
    f"`{FILE}` What_is_right",
    f"`{FILE}` and `{FILE}`",
    f"`{FILE}`; somebody looked at it",
]
RIGHT = [f"`{FILE}`", f"`{FILE}` what_is_right, what_is_wrong_is_told; `{FILE}`"]


@pytest.mark.parametrize("cell", WRONG)
def test_what_is_wrong_is_told(cell):
    assert missing_tests(cell) or unread(cell)


@pytest.mark.parametrize("cell", RIGHT)
def test_what_is_right_is_read(cell):
    assert named_tests(cell)
    assert missing_tests(cell) == []
    assert unread(cell) == ""
