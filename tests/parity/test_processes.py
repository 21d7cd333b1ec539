"""Context, environment, threads and processes are those of the stock client."""

import pytest

from tests.parity.cases import cases_of
from tests.parity.running import need_the_stock_client
from tests.parity.table import hold


@pytest.mark.parametrize("case", cases_of("contexts", "environment", "processes"), ids=str)
def test_a_function_finds_the_same_in_both_clients(case):
    need_the_stock_client()
    hold(case)
