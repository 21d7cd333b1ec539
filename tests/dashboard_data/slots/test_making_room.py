"""Tests that nobody is shut out for long: shares, waiting places, and streams that make room."""

import pytest
from dashboard_data import Backoff, Client, Lease, LeaseState, RefusalReason, StreamSlots, Table
from dashboard_data.dynamodb import text
from dashboard_data.slots.lease import PARTITION
from dashboard_data.slots.making_room import PLACE_S, ROOM_PAUSES_S

from tests.support.fakes import MeddledClient, TableError


@pytest.fixture
def build(client, table, clock):
    def build(sleep=clock.sleep, meddle=None, **limits):
        handle = Table(MeddledClient(client, meddle), table)
        limits = {"limit": 6, "client_limit": 2, "network_limit": 3, "reserved": 1, **limits}
        return StreamSlots(handle, clock, Backoff(sleep, lambda: 0.0), **limits)

    return build


@pytest.fixture
def slots(build):
    return build()


def viewer(name, network):
    return Client(f"{network}-{name}", network_id=network)


def member(name):
    return Client(name, authenticated=True)


def take(slots, client, count=1):
    leases = [slots.take(client) for _ in range(count)]
    assert all(isinstance(each, Lease) for each in leases)
    return leases


@pytest.fixture
def endings(state_of):
    """Returns a function that tells which of these leases are asked to end."""

    def ask(slots, leases):
        return [each for each in leases if state_of(slots, each) != LeaseState.HELD]

    return ask


def records(client, table, prefix):
    found = client.query(
        TableName=table,
        KeyConditionExpression="PK = :p AND begins_with(SK, :s)",
        ExpressionAttributeValues={":p": text(PARTITION), ":s": text(prefix)},
    )
    return found["Items"]


# --- shares


def test_a_network_has_a_share_wider_than_one_address(slots):
    take(slots, viewer("one", "net"), 2)
    take(slots, viewer("two", "net"))

    assert slots.take(viewer("three", "net")).reason == RefusalReason.CLIENT_FULL
    take(slots, viewer("one", "elsewhere"))


def test_a_network_never_has_less_than_one_client(build):
    slots = build(client_limit=5, network_limit=1)

    take(slots, viewer("one", "net"), 5)
    assert slots.take(viewer("one", "net")).reason == RefusalReason.CLIENT_FULL


def test_a_user_has_a_share_and_so_has_the_address_of_several_users(slots):
    users = [Client(f"user-{each}", "address", "net", authenticated=True) for each in range(3)]
    take(slots, users[0])
    take(slots, users[1])

    assert slots.take(users[2]).reason == RefusalReason.CLIENT_FULL
    take(slots, users[2]._replace(address_id="another"))
    assert slots.take(users[2]._replace(address_id="third")).reason == RefusalReason.CLIENT_FULL


def test_every_share_is_given_back(slots, client, table):
    mine = Client("user", "address", "net", authenticated=True)
    for _ in range(3):
        leases = take(slots, mine, 2)
        assert len(records(client, table, "SHARE#")) == 6
        for each in leases:
            slots.release(each)
    assert records(client, table, "SHARE#") == records(client, table, "SLOT#") == []


def test_what_a_take_reads_does_not_grow_with_what_killed_streams_left(build, clock, client, table):
    """Each of 30 clients is killed with its process."""
    for number in range(30):
        take(build(), viewer(f"c{number}", f"n{number}"))
        clock.advance(45)
    assert len(records(client, table, "SHARE#")) >= 10
    read = []

    def counting(_number, name, call):
        response = call()
        read.extend(response.get("Items", []))
        if name == "batch_get_item":
            read.extend(response["Responses"][table])
        return response

    take(build(meddle=counting), viewer("new", "net"))
    assert not [each for each in read if each["SK"]["S"].startswith("SHARE#")]


# --- those below their fair share


def fill(slots):
    """Two networks take all slots."""
    return [
        lease
        for network in ("first", "second")
        for lease in take(slots, viewer("a", network), 2) + take(slots, viewer("b", network))
    ]


def test_whoever_is_below_the_fair_share_gets_in_within_a_minute(slots, clock, endings, state_of):
    leases = fill(slots)
    began_at_s = clock()
    newcomer = viewer("a", "new")
    refusal = slots.take(newcomer)
    assert refusal.reason == RefusalReason.FULL
    assert endings(slots, leases) == []  # nothing ends at once
    clock.advance(refusal.retry_after_s)
    refusal = slots.take(newcomer)
    (ending,) = endings(slots, leases)
    assert state_of(slots, ending) == LeaseState.MADE_ROOM
    slots.release(ending)
    clock.advance(refusal.retry_after_s)

    assert isinstance(slots.take(newcomer), Lease)
    assert clock() - began_at_s < 60
    assert slots.open_count() == 6


def test_six_networks_cannot_shut_out_a_seventh(build, clock, endings):
    """Their streams come back as soon as they end, more often than anybody else asks."""
    slots = build(limit=12)
    attackers = [viewer("a", f"net-{number}") for number in range(6)]
    held = [lease for each in attackers for lease in take(slots, each, 2)]
    began_at_s = clock()
    refused = slots.take(viewer("a", "seventh"))
    next_at_s = clock() + refused.retry_after_s
    while isinstance(refused, tuple) and not isinstance(refused, Lease):
        clock.advance(1)
        for ending in endings(slots, held):
            slots.release(ending)
            held.remove(ending)
        again = [slots.take(each) for each in attackers]
        held += [each for each in again if isinstance(each, Lease)]
        if clock() >= next_at_s:
            refused = slots.take(viewer("a", "seventh"))
            next_at_s = clock() + getattr(refused, "retry_after_s", 0)
        assert clock() - began_at_s < 60
    assert slots.open_count() == 12


def test_a_freed_slot_is_not_for_those_who_have_enough_while_others_wait(slots, clock, state_of):
    leases = fill(slots)
    slots.take(viewer("a", "new"))
    slots.release(leases[0])

    assert slots.take(viewer("a", "first")).reason == RefusalReason.FULL
    clock.advance(PLACE_S)  # those who wait have to come back
    for each in leases[1:]:
        state_of(slots, each)
    assert isinstance(slots.take(viewer("a", "first")), Lease)


def test_those_who_wait_have_one_place_each_and_give_it_up_with_their_slot(
    slots, clock, client, table
):
    leases = fill(slots)
    for _ in range(3):
        slots.take(viewer("a", "new"))
        slots.take(viewer("b", "new"))
    assert len(records(client, table, "SLOTWAIT#")) == 1
    slots.release(leases[0])
    assert isinstance(slots.take(viewer("b", "new")), Lease)
    assert records(client, table, "SLOTWAIT#") == []


def test_places_are_bounded(build, client, table):
    slots = build(limit=60, client_limit=60)
    take(slots, viewer("a", "one"), 60)
    for number in range(15):
        slots.take(viewer("a", f"new-{number}"))
    assert len(records(client, table, "SLOTWAIT#")) == 10


def test_a_waiting_place_that_another_took_first_is_no_error(build, slots):
    fill(slots)

    def conflict(_number, name, call):
        if name == "transact_write_items":
            raise TableError("TransactionCanceledException", ["ConditionalCheckFailed"])
        return call()

    assert build(meddle=conflict).take(viewer("a", "new")).reason == RefusalReason.FULL


def test_a_single_client_is_never_asked_to_make_room_for_itself(build, clock, endings):
    slots = build(limit=3, client_limit=3)
    leases = take(slots, viewer("a", "only"), 3)
    for _ in range(5):
        assert slots.take(viewer("a", "only")).reason == RefusalReason.FULL
        clock.advance(8)
        assert endings(slots, leases) == []


def test_a_goodbye_counts_for_more_than_the_room_that_was_asked_for(
    slots, clock, endings, state_of
):
    leases = fill(slots)
    slots.take(viewer("a", "new"))
    clock.advance(15)
    slots.take(viewer("a", "new"))
    (ending,) = endings(slots, leases)
    assert slots.ask_to_close(ending.connection_id) is True
    assert state_of(slots, ending) == LeaseState.CLOSING


# --- the reserve for clients with a token


def test_a_client_with_a_token_gets_a_slot_while_it_waits(build, slots, clock, endings):
    leases = fill(slots)

    def stream_ends_meanwhile(seconds):
        clock.advance(seconds)
        for ending in endings(slots, leases):
            slots.release(ending)
            leases.remove(ending)

    began_at_s = clock()
    lease = build(sleep=stream_ends_meanwhile).take(member("user"))

    assert isinstance(lease, Lease)
    assert clock() - began_at_s <= 1
    assert len(leases) == 5
    assert slots.open_count() == 6


def test_if_no_stream_ends_in_time_its_slot_is_kept_for_the_next_try(slots, clock, endings):
    leases = fill(slots)
    began_at_s = clock()
    refusal = slots.take(member("user"))
    assert (refusal.reason, refusal.retry_after_s) == (RefusalReason.FULL, 3)
    assert clock() - began_at_s == sum(ROOM_PAUSES_S) == 4
    (ending,) = endings(slots, leases)
    slots.release(ending)

    assert slots.take(viewer("c", "third")).reason == RefusalReason.FULL
    assert isinstance(slots.take(member("user")), Lease)


def test_requests_that_come_while_one_waits_are_refused_at_once(build, slots, clock):
    """So somebody with a token cannot let the service wait many times over."""
    fill(slots)
    refused = []

    def meanwhile(seconds):
        before_s = clock()
        refused.append(slots.take(member("user")).reason)
        assert clock() == before_s
        clock.advance(seconds)

    assert build(sleep=meanwhile).take(member("user")).reason == RefusalReason.FULL
    assert refused == [RefusalReason.FULL] * len(ROOM_PAUSES_S)


def test_the_reserve_is_for_so_many_and_no_more(slots, clock, endings):
    leases = fill(slots)
    slots.take(member("user"))
    slots.release(endings(slots, leases)[0])
    take(slots, member("user"))
    began_at_s = clock()

    assert slots.take(member("other")).reason == RefusalReason.FULL
    assert clock() == began_at_s  # it is not waited for
    assert len(endings(slots, leases)) <= 1


def test_without_anybody_who_has_a_token_all_slots_are_for_everybody(slots):
    assert len(fill(slots)) == 6
    assert slots.open_count() == slots.limit
