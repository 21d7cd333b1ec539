"""Does the code take the units that the models count? Its calls are counted, on a table in moto."""

import pytest
from dashboard_data import Backoff, Client, StreamSlots, Table

from benchmarks.cost.units import (
    RENEW_S,
    count,
    ending,
    index_reads,
    read_units,
    renewal,
    survey,
    taking,
)
from tests.benchmarks.spent import size_of, spending

KEY = "abcdefghijklmnopqrstuv"
ANYBODY = Client("address", network_id="network")
USER = Client("user", address_id="address", network_id="network", authenticated=True)


@pytest.fixture
def new_slots(client, table, clock):
    def make(limit=1_000, **others):
        backoff = Backoff(clock.sleep, lambda: 0.4)
        return StreamSlots(
            Table(client, table),
            clock,
            backoff,
            limit=limit,
            client_limit=limit,
            network_limit=limit,
            **others,
        )

    return make


@pytest.fixture
def slots(new_slots):
    """The slots of a process that holds one already, and so has its lifeline."""
    made = new_slots()
    made.take(ANYBODY)
    return made


@pytest.mark.parametrize("own_key", [True, False])
@pytest.mark.parametrize("client_", [ANYBODY, USER], ids=["anybody", "a user"])
def test_a_take_takes_what_the_model_says(client, slots, client_, own_key):
    with spending(client) as spent:
        slots.take(client_, KEY if own_key else None)

    assert spent.units == taking(2, user=client_ is USER, own_key=own_key)


@pytest.mark.parametrize("client_", [ANYBODY, USER], ids=["anybody", "a user"])
def test_a_release_takes_what_the_model_says(client, slots, client_):
    lease = slots.take(client_, KEY)
    with spending(client) as spent:
        slots.release(lease)

    assert spent.units == ending(user=client_ is USER)


def test_a_renewal_takes_one_write_however_many_streams_the_process_has(client, slots, clock):
    leases = [slots.take(ANYBODY) for _ in range(20)]
    clock.advance(RENEW_S)
    with spending(client) as spent:
        for lease in leases:
            if slots.renewal_is_due(lease):
                slots.renew(lease)

    assert spent.units == renewal()


def test_a_count_reads_the_index(client, slots, clock):
    slots.open_count()
    clock.advance(8)
    with spending(client) as spent:
        slots.open_count(max_age_s=1)

    assert spent.units == count(1)


def test_the_index_and_the_slots_are_no_larger_than_the_models_take_them_for(
    client, table, new_slots
):
    slots = new_slots(limit=300)
    taken = 60
    for _ in range(taken):
        slots.take(Client("a" * 22, network_id="n" * 22))
    values = {":p": {"S": "CONNECTIONS"}}
    asked = {"TableName": table, "KeyConditionExpression": "PK = :p"}
    found = client.query(**asked, ExpressionAttributeValues=values)["Items"]
    sizes = {}
    for record in found:
        sizes.setdefault(record["SK"]["S"].partition("#")[0], []).append(size_of(record))

    assert len(sizes["SLOT"]) == taken
    surveyed = sum(sum(each) for kind, each in sizes.items() if kind.startswith("SLOT"))
    assert read_units(surveyed) == pytest.approx(survey(taken, 1).reads, abs=1)
    assert read_units(sum(sizes["SLOTTAKEN"])) == index_reads(taken)
    assert max(sizes["SLOTTAKEN"]) < 1_024  # so a write of the index is one unit


def test_a_dead_process_costs_six_writes_a_stream_and_some_for_all(client, new_slots, clock):
    dead = new_slots()
    for _ in range(10):
        dead.take(ANYBODY)
    clock.advance(100)
    alive = new_slots()
    alive.take(ANYBODY)
    with spending(client) as spent:
        assert alive.open_count() == 1

    # Six for each stream, two for the lifeline; the survey's claim and the index one each.
    assert spent.units.writes == 6 * 10 + 4
