"""Does the kit pass our streams, and does the page say what it finds at other servers?

Cells that differ from the page are tried twice; see results.measure.
"""

import pytest

from tests.system.conformance import page
from tests.system.conformance.results import FAIL, measure
from tests.system.conformance.servers import must_be_installed
from tests.system.conformance.subjects import all_subjects

pytestmark = pytest.mark.e2e
PROMISED = {"must", "should", "promise"}


@pytest.fixture(scope="module")
def written():
    return page.present()


@pytest.fixture(scope="module")
def columns(written):
    must_be_installed()
    return measure(all_subjects(), lambda column: page.doubts(column, written), print)


def compared(columns, written, *, is_ours):
    """Returns what the page says otherwise, by server and check: its sign, and the kit's words."""
    return {
        (column.subject.title, check): (
            written.sign(column.subject.title, check),
            column.cells[check].result,
            column.cells[check].evidence,
        )
        for column in columns
        if column.subject.is_ours == is_ours
        for check in page.differing(column, written)
    }


def test_ours_pass_everything(columns):
    failed = {
        (column.subject.title, check): cell.evidence
        for column in columns
        if column.subject.is_ours
        for check, cell in column.cells.items()
        if cell.result == FAIL and cell.level in PROMISED
    }

    assert failed == {}


def test_the_page_says_what_the_kit_finds_at_ours(columns, written):
    assert compared(columns, written, is_ours=True) == {}


def test_the_page_says_what_the_kit_finds_at_others(columns, written):
    assert compared(columns, written, is_ours=False) == {}


def test_the_page_has_these_servers_and_checks_and_no_others(columns, written):
    measured = {(each.subject.title, check) for each in columns for check in each.cells}
    titles = {row.id: row.title for each in columns for row in each.rows}

    assert measured == written.cells.keys()
    assert titles == written.titles
    text = page.PAGE.read_text("utf-8")
    peers = [each for each in columns if not each.subject.is_ours]
    assert [line for line in page.versions(peers) if line not in text] == []
