"""The table of wanted differences names cases that exist."""

from tests.parity.cases import STARTS_THEME, THEMES, cases_of
from tests.parity.running import FACETS
from tests.parity.table import PAGE, rows


def test_every_row_is_about_a_case():
    cases = cases_of(*THEMES, STARTS_THEME)

    assert len(rows()) > 3
    assert [row.pattern for row in rows() if not any(map(row.is_about, cases))] == []


def test_every_row_names_facets_that_are_compared():
    assert {facet for row in rows() for facet in row.facets} <= set(FACETS)


def test_the_page_says_how_many_handlers_there_are():
    handlers = {(case.theme, case.name) for case in cases_of(*THEMES, STARTS_THEME)}

    assert len(handlers) >= 120
    assert f"{len(handlers)} handlers" in PAGE.read_text("utf-8")
