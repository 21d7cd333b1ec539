"""Functions start, or fail to, as under the stock client."""

import pytest

from tests.parity.cases import cases_of
from tests.parity.running import need_the_stock_client
from tests.parity.table import hold


@pytest.mark.parametrize("case", cases_of("starts"), ids=str)
def test_both_clients_start_it_alike(case):
    need_the_stock_client()
    hold(case)
