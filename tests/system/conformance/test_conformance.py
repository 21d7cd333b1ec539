"""Does the kit pass our streams, and does the page say what it finds at other servers?"""

import pytest

from tests.system.conformance import page
from tests.system.conformance.notes import NOTES, reason_not_tried
from tests.system.conformance.results import FAIL, SKIP, measure
from tests.system.conformance.servers import must_be_installed
from tests.system.conformance.subjects import all_subjects

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def columns():
    must_be_installed()
    return measure(all_subjects())


def results(columns, result, *, is_ours):
    """Returns the evidence of all checks with this result, by server and check."""
    return {
        (column.subject.title, check): cell.evidence
        for column in columns
        if column.subject.is_ours == is_ours
        for check, cell in column.cells.items()
        if cell.result == result
    }


def test_ours_pass_everything(columns):
    assert results(columns, FAIL, is_ours=True) == {}
    assert all(set(each.exit_codes) == {0} for each in columns if each.subject.is_ours)


def test_what_was_not_tried_on_ours_has_a_listed_reason(columns):
    skipped = results(columns, SKIP, is_ours=True)

    assert {key: why for key, why in skipped.items() if not reason_not_tried(*key)} == {}


def test_somebody_has_looked_at_each_failure_of_another_server(columns):
    assert results(columns, FAIL, is_ours=False).keys() == NOTES.keys()


def test_the_page_says_what_the_kit_found(columns):
    written = page.PAGE.read_text("utf-8").partition(page.MARKER)[2]

    assert written.strip() == page.rendered(columns).strip()
