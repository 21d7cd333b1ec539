"""Log records and prints are the stock client's, line for line."""

import pytest

from tests.parity.cases import cases_of
from tests.parity.running import need_the_stock_client
from tests.parity.table import hold


@pytest.mark.parametrize("case", cases_of("logs"), ids=str)
def test_both_clients_write_the_same_lines(case):
    need_the_stock_client()
    hold(case)
