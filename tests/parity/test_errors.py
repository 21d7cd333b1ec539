"""Errors are reported, and logged, as the stock client does."""

import pytest

from tests.parity.cases import cases_of
from tests.parity.running import need_the_stock_client
from tests.parity.table import hold


@pytest.mark.parametrize("case", cases_of("errors"), ids=str)
def test_both_clients_report_the_same(case):
    need_the_stock_client()
    hold(case)
