"""Tests that slots and clients' shares are never exceeded, and free again whatever dies."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from dashboard_data import (
    Backoff,
    Client,
    Lease,
    LeaseState,
    Refusal,
    RefusalReason,
    StreamSlots,
    Table,
)
from dashboard_data.dynamodb import key, text, texts
from dashboard_data.slots.lease import slot_key, slot_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.fakes import Crash, FakeClock, MeddledClient, TableError, failing_at, preceded_at

CANCELLED = "TransactionCanceledException"


@pytest.fixture
def connections_of(client, table, clock):
    """Builds slots over one table, each with a DynamoDB client of its own, as environments do."""

    def build(meddle=None, limit=3, client_limit=2, random=lambda: 0.0):
        meddled = MeddledClient(client, meddle)
        return StreamSlots(
            Table(meddled, table),
            clock,
            Backoff(clock.sleep, random),
            limit=limit,
            client_limit=client_limit,
            lease_s=45,
        )

    return build


@pytest.fixture
def connections(connections_of):
    return connections_of()


def test_as_many_as_there_are_slots_are_open_and_the_next_is_refused(connections):
    leases = [connections.take(Client(client)) for client in "abc"]
    assert len({lease.slot for lease in leases}) == 3
    assert connections.open_count() == 3
    assert connections.take(Client("d")) == Refusal(RefusalReason.FULL, 3, 5)


def test_the_101st_is_refused_while_100_are_open(client, table, clock):
    connections = StreamSlots(Table(client, table), clock, Backoff(clock.sleep, lambda: 0.999))
    first = connections.take(Client("client-0"))
    fill(client, table, first, [slot for slot in range(100) if slot != first.slot])
    refusal = connections.take(Client("client-1"))
    assert (refusal.reason, refusal.limit, connections.open_count()) == (
        RefusalReason.FULL,
        100,
        100,
    )
    connections.release(first)
    assert connections.take(Client("client-1")).slot == first.slot
    assert connections.open_count() == 100


def fill(client, table, lease, slots):
    """Lets others hold these slots.

    Each transaction of moto copies the whole table, so these are written without transactions.
    """
    taken = client.get_item(TableName=table, Key=key(*lease.key))["Item"]
    for slot in slots:
        changed = key(*slot_key(slot)) | {
            "connection_id": text(f"other-{slot}"),
            "marks": texts([f"other-{slot}#0000"]),
        }
        client.put_item(TableName=table, Item=taken | changed)


def test_the_leases_of_an_older_version_count_while_they_live(connections, client, table, clock):
    """During a deployment old and new environments run beside each other."""
    expires_at = {"expires_at": {"N": str(int(clock()) + 45)}}
    holder = {"connection_id": text("0-of-the-older-version"), "client": text("a")}
    mark = key("CONNECTIONS", "SHARE#a#0000") | {"taken_at": {"N": str(int(clock()) - 60)}}
    for record in (key(*slot_key(0)), mark):
        client.put_item(TableName=table, Item=record | holder | expires_at)

    lease = connections.take(Client("a"))

    assert (lease.slot, lease.marks) == (1, ("a#0001",))
    assert connections.open_count() == 2
    assert connections.take(Client("a")).reason == RefusalReason.CLIENT_FULL


def test_a_client_has_its_share_and_shuts_out_nobody(connections):
    assert [type(connections.take(Client("greedy"))) for _ in range(2)] == [Lease, Lease]
    assert connections.take(Client("greedy")) == Refusal(RefusalReason.CLIENT_FULL, 2, 5)
    assert isinstance(connections.take(Client("modest")), Lease)


def test_a_slot_and_a_share_can_be_taken_as_soon_as_they_are_given_back(connections):
    first, second = connections.take(Client("a")), connections.take(Client("a"))
    connections.release(first)
    assert connections.open_count() == 1
    assert isinstance(connections.take(Client("a")), Lease)
    assert connections.renew(second) == LeaseState.HELD


def test_the_last_slot_goes_to_one_of_those_who_race_for_it(connections_of, connections):
    for client in "ab":
        connections.take(Client(client))
    results = []

    def race(number, name, call):
        if name == "transact_write_items" and rivals:
            results.append(connections_of(race).take(Client(rivals.pop())))
        return call()

    rivals = [f"rival-{number}" for number in range(9)]
    results.append(connections_of(race).take(Client("me")))
    assert [type(result) for result in results].count(Lease) == 1
    assert len(results) == 10
    assert connections.open_count() == 3


def test_the_last_of_a_clients_share_goes_to_one_of_its_tabs(connections_of, connections):
    connections.take(Client("me"))
    results = []

    def race(number, name, call):
        if name == "transact_write_items" and not results:
            results.append(connections.take(Client("me")))
        return call()

    results.append(connections_of(race).take(Client("me")))
    assert [type(result) for result in results] == [Lease, Refusal]
    assert results[1].reason == RefusalReason.CLIENT_FULL


def test_a_lease_that_nobody_renews_leaves_its_slot_and_its_share_free(connections, clock):
    killed = [connections.take(Client("a")), connections.take(Client("a"))]
    clock.advance(44)
    assert connections.open_count() == 2
    clock.advance(1)
    assert connections.open_count() == 0
    assert [type(connections.take(Client("a"))) for _ in range(3)] == [Lease, Lease, Refusal]
    assert [connections.renew(lease) for lease in killed] == [LeaseState.LOST, LeaseState.LOST]


def test_a_lease_that_is_renewed_is_held_as_long_as_it_lives(connections, clock):
    lease = connections.take(Client("a"))
    for _ in range(100):
        clock.advance(40)
        assert connections.renew(lease) == LeaseState.HELD
    assert connections.open_count() == 1


@pytest.mark.parametrize("swept", [(), (0,), (1,), (0, 1)])
def test_a_lease_that_expired_comes_back_to_life_if_nobody_took_its_place(
    connections, clock, client, table, swept
):
    """DynamoDB may have swept some of its records meanwhile."""
    lease = connections.take(Client("a"))
    clock.advance(600)
    assert connections.open_count() == 0
    for each in swept:
        client.delete_item(TableName=table, Key=key(*(lease.key, *lease.mark_keys)[each]))

    assert connections.renew(lease) == LeaseState.HELD
    assert connections.open_count() == 1
    assert isinstance(connections.take(Client("a")), Lease)
    assert connections.take(Client("a")).reason == RefusalReason.CLIENT_FULL


def test_a_lease_whose_slot_somebody_took_meanwhile_is_lost(connections, clock):
    lease = connections.take(Client("a"))
    clock.advance(45)
    other = connections.take(Client("b"))
    assert other.slot == lease.slot
    assert connections.renew(lease) == LeaseState.LOST
    assert connections.renew(other) == LeaseState.HELD


def test_a_lease_whose_share_somebody_took_meanwhile_is_lost(connections_of, clock):
    connections = connections_of(client_limit=1)
    lease = connections.take(Client("a"))
    clock.advance(45)
    other = connections_of(client_limit=1, random=lambda: 0.99).take(Client("a"))
    assert other.slot != lease.slot
    assert connections.renew(lease) == LeaseState.LOST
    connections.release(lease)
    assert connections.renew(other) == LeaseState.HELD
    assert connections.take(Client("a")).reason == RefusalReason.CLIENT_FULL


def test_a_goodbye_reaches_a_lease_that_comes_back_to_life(connections, clock):
    lease = connections.take(Client("a"))
    clock.advance(45)
    assert connections.ask_to_close(lease.connection_id) is True
    assert connections.renew(lease) == LeaseState.CLOSING


def test_others_in_the_way_of_a_lease_that_comes_back_are_waited_for(connections_of, clock):
    lease = connections_of().take(Client("a"))
    clock.advance(45)
    conflict = TableError(CANCELLED, ["TransactionConflict", "None"])
    assert connections_of(failing_at(2, conflict)).renew(lease) == LeaseState.HELD


def test_a_lease_is_given_back_once_however_often_it_is_released(connections, clock):
    lease = connections.take(Client("a"))
    connections.release(lease)
    connections.release(lease)
    other = connections.take(Client("a"))
    assert (other.slot, other.marks) == (lease.slot, lease.marks)
    connections.release(lease)
    assert connections.renew(other) == LeaseState.HELD
    assert connections.open_count() == 1


def test_a_killed_environment_that_wakes_up_again_takes_nothing_from_its_successor(
    connections, clock
):
    killed = connections.take(Client("a"))
    clock.advance(45)
    successor = connections.take(Client("b"))
    assert successor.slot == killed.slot
    connections.release(killed)
    assert connections.renew(killed) == LeaseState.LOST
    assert connections.renew(successor) == LeaseState.HELD


def test_goodbye_marks_the_lease_for_closing_until_it_is_released(connections):
    lease = connections.take(Client("a"))
    assert connections.ask_to_close(lease.connection_id) is True
    assert connections.renew(lease) == LeaseState.CLOSING
    connections.release(lease)
    assert connections.ask_to_close(lease.connection_id) is False
    assert connections.renew(connections.take(Client("a"))) == LeaseState.HELD


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(st.text() | st.from_regex(r"[0-9a-z]{1,3}-[A-Za-z0-9_-]{22}", fullmatch=True))
def test_no_other_text_closes_a_connection(connections, text):
    connections.open_count()
    assert connections.ask_to_close(text) is False


def test_a_connection_id_cannot_be_guessed_from_another(connections):
    ids = [connections.take(Client(client)).connection_id for client in "abc"]
    assert len({each.partition("-")[2] for each in ids}) == 3
    assert [slot_of(each) for each in ids] == [0, 1, 2]
    assert connections.ask_to_close("0-" + ids[1].partition("-")[2]) is False


def test_the_count_may_be_as_old_as_is_asked_for(connections, clock):
    assert connections.open_count(max_age_s=5) == 0
    connections.take(Client("a"))
    assert connections.open_count(max_age_s=5) == 0
    assert connections.open_count() == 1
    clock.advance(45)
    assert connections.open_count(max_age_s=5) == 0


@pytest.mark.parametrize("after_it_took_effect", [False, True])
@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_crash_while_taking_costs_one_lease_time_at_most(
    connections_of, connections, clock, at, after_it_took_effect
):
    with pytest.raises(Crash):
        connections_of(failing_at(at, Crash(), after_it_took_effect=after_it_took_effect)).take(
            Client("a")
        )
    assert connections.open_count() == (1 if at == 3 and after_it_took_effect else 0)
    clock.advance(45)
    assert connections.open_count() == 0
    assert [type(connections.take(Client("a"))) for _ in range(3)] == [Lease, Lease, Refusal]


@pytest.mark.parametrize("after_it_took_effect", [False, True])
def test_a_crash_while_releasing_costs_one_lease_time_at_most(
    connections_of, connections, clock, after_it_took_effect
):
    lease = connections.take(Client("a"))
    with pytest.raises(Crash):
        connections_of(failing_at(1, Crash(), after_it_took_effect=after_it_took_effect)).release(
            lease
        )
    clock.advance(45)
    assert connections.open_count() == 0
    assert [type(connections.take(Client("a"))) for _ in range(3)] == [Lease, Lease, Refusal]


@pytest.mark.parametrize(
    "error",
    [TableError(CANCELLED, ["TransactionConflict", "None"]), TableError("ThrottlingException")],
)
def test_a_conflict_is_tried_again(connections_of, connections, error):
    lease = connections_of(failing_at(3, error)).take(Client("a"))
    assert connections.open_count() == 1
    connections_of(failing_at(1, error)).release(lease)
    assert connections.open_count() == 0


def test_a_take_that_never_gets_through_is_a_refusal_and_not_an_error(connections_of, connections):
    def conflict(number, name, call):
        if name == "transact_write_items":
            raise TableError(CANCELLED, ["TransactionConflict"])
        return call()

    assert connections_of(conflict).take(Client("a")) == Refusal(RefusalReason.BUSY, 3, 1)
    connections_of(conflict).release(connections.take(Client("a")))
    assert connections.open_count() == 1


@pytest.mark.parametrize("at", [1, 3])  # the two writes
def test_a_goodbye_meets_no_error_where_others_write(connections_of, connections, at):
    lease = connections.take(Client("a"), "k" * 22)
    busy = connections_of(failing_at(at, TableError("TransactionConflictException")))
    assert busy.ask_to_close("k" * 22) is True
    assert connections.renew(lease) == LeaseState.CLOSING


def test_who_wants_a_count_that_may_be_old_does_not_wait_for_another_who_counts(
    connections_of, connections
):
    """Holds the other thread in the middle of its request."""
    reached, go_on = threading.Event(), threading.Event()

    def hold(number, name, call):
        if number == 2:
            reached.set()
            assert go_on.wait(10)
        return call()

    slow = connections_of(hold)
    assert slow.open_count() == 0
    connections.take(Client("a"))
    with ThreadPoolExecutor(1) as other:
        counting = other.submit(slow.open_count)
        assert reached.wait(10)
        assert slow.open_count(max_age_s=1) == 0
        go_on.set()
        assert counting.result(10) == 1


@pytest.mark.parametrize(
    "error", [TableError("AccessDeniedException"), TableError(CANCELLED, []), OSError("no network")]
)
def test_an_error_that_is_no_answer_is_raised(connections_of, connections, error):
    lease = connections.take(Client("a"))
    with pytest.raises(type(error)):
        connections_of(failing_at(3, error)).take(Client("a"))
    with pytest.raises(type(error)):
        connections_of(failing_at(1, error)).release(lease)
    with pytest.raises(type(error)):
        connections_of(failing_at(1, error)).renew(lease)


def test_a_mark_that_is_visible_before_its_slot_is_not_taken_for_dead(
    connections_of, connections, client, table
):
    """An ordinary read may see one record of a transaction before the other."""

    def without_slots(number, name, call):
        response = call()
        if name == "query":
            response["Items"] = [
                record for record in response["Items"] if not record["SK"]["S"].startswith("SLOT#")
            ]
        return response

    for _ in range(2):
        connections.take(Client("a"))
    assert connections_of(without_slots).take(Client("a")).reason == RefusalReason.CLIENT_FULL


def test_a_limit_that_was_lowered_refuses_until_enough_are_closed(connections_of):
    many, few = connections_of(limit=3), connections_of(limit=1)
    leases = [many.take(Client(client)) for client in "abc"]
    for lease in leases:
        assert few.take(Client("d")).reason == RefusalReason.FULL
        many.release(lease)
    assert isinstance(few.take(Client("d")), Lease)


def test_a_lease_taken_during_the_look_does_not_confuse_who_looks(connections_of, connections):
    late = connections_of(preceded_at(3, lambda: connections.take(Client("b"))))
    assert isinstance(late.take(Client("a")), Lease)
    assert connections.open_count() == 2


steps = st.lists(
    st.tuples(st.sampled_from(["take", "release", "renew", "wait"]), st.integers(0, 5)),
    min_size=5,
    max_size=30,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)
@given(steps, st.randoms())
def test_whatever_happens_the_count_is_true_and_no_limit_is_passed(
    client, new_table, steps, random
):
    """All clients are of one network, so that nobody has to make room."""
    clock = FakeClock()
    connections = StreamSlots(
        Table(client, new_table()),
        clock,
        Backoff(clock.sleep, random.random),
        limit=4,
        client_limit=2,
        network_limit=4,
        lease_s=45,
    )
    ends_at: dict[Lease, float] = {}
    owners: dict[tuple[str, str], Lease] = {}

    def live():
        return [lease for lease, at in ends_at.items() if at > clock()]

    def is_whole(lease):
        return all(owners.get(each, lease) == lease for each in (lease.key, *lease.mark_keys))

    for step, number in steps:
        name = f"client-{number % 3}"
        lease = list(ends_at)[number % len(ends_at)] if ends_at else None
        if step == "take":
            own = sum(each.client_id == name for each in live())
            expected = len(live()) < 4 and own < 2
            lease = connections.take(Client(name, network_id="network"))
            assert isinstance(lease, Lease) == expected
            if expected:
                ends_at[lease] = clock() + 45
                owners |= dict.fromkeys((lease.key, *lease.mark_keys), lease)
        elif step == "wait":
            clock.advance(number * 9)
        elif lease and step == "release":
            connections.release(lease)
            if is_whole(lease):
                ends_at[lease] = 0.0
                owners = {at: owner for at, owner in owners.items() if owner != lease}
        elif lease and ends_at[lease]:
            expected = LeaseState.HELD if is_whole(lease) else LeaseState.LOST
            assert connections.renew(lease) == expected
            if expected == LeaseState.HELD:
                ends_at[lease] = clock() + 45
                owners |= dict.fromkeys((lease.key, *lease.mark_keys), lease)
        assert connections.open_count() == len(live())
