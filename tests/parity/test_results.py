"""Payloads come in, and results go out, as with the stock client."""

import pytest

from tests.parity.cases import cases_of
from tests.parity.running import need_the_stock_client
from tests.parity.table import hold


@pytest.mark.parametrize("case", cases_of("payloads", "results", "fronts"), ids=str)
def test_both_clients_send_the_same(case):
    need_the_stock_client()
    hold(case)
