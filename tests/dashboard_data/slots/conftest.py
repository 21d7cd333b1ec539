"""How a stream learns whether its lease is still its own, for the tests of slots."""

import pytest
from dashboard_data import LeaseState, Table
from dashboard_data.slots.lease import lease_state


@pytest.fixture
def state_of(client, table):
    """Returns a function that asks as a stream does: it renews while that is due, and reads."""
    handle = Table(client, table)

    def ask(slots, lease):
        known = LeaseState.HELD
        for _ in range(9):
            if not slots.renewal_is_due(lease):
                read = lease_state(handle.get(lease.key), lease)
                return known if read == LeaseState.HELD else read
            known = slots.renew(lease) or known
            if known == LeaseState.LOST:
                return known
        raise AssertionError("the renewal does not come to an end")

    return ask
