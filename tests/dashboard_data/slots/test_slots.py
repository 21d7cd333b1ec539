"""Tests that slots and clients' shares are never exceeded, and free again whatever dies."""

import contextlib
import random
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
from dashboard_data.dynamodb import Throttled, key, number_set, text, texts
from dashboard_data.slots.index import block_key
from dashboard_data.slots.lease import lifeline_key, slot_key, slot_of
from dashboard_data.slots.survey import GRACE_S
from dashboard_data.slots.surveying import EVERY, EVERY_ALONE
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.fakes import Crash, FakeClock, MeddledClient, TableError, failing_at, preceded_at

CANCELLED = "TransactionCanceledException"
LEASE_S = 45
EVERY_S = round(EVERY * LEASE_S)
EVERY_S_ALONE = round(EVERY_ALONE * LEASE_S)
DEAD_S = LEASE_S + GRACE_S  # after so long without a renewal a process is taken for dead


@pytest.fixture
def connections_of(client, table, clock):
    """Builds the slots of one process more, over one table, with a DynamoDB client of its own."""

    def build(meddle=None, limit=3, client_limit=2, random=lambda: 0.0, **more):
        meddled = MeddledClient(client, meddle)
        return StreamSlots(
            Table(meddled, table),
            clock,
            Backoff(clock.sleep, random),
            limit=limit,
            client_limit=client_limit,
            lease_s=LEASE_S,
            **more,
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
    clock.advance(EVERY_S)
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
    taken = client.get_item(TableName=table, Key=key(*lease.slot_key))["Item"]
    lives = key(*lifeline_key("others")) | {"expires_at": {"N": "9999999999"}}
    client.put_item(TableName=table, Item=lives)
    for slot in slots:
        changed = key(*slot_key(slot)) | {
            "connection_id": text(f"other-{slot}"),
            "marks": texts([f"other-{slot}#0000"]),
            "lifeline": text("others"),
        }
        client.put_item(TableName=table, Item=taken | changed)


def test_the_leases_of_an_older_version_count_while_they_live(connections, client, table, clock):
    """During a deployment old and new environments run beside each other."""
    older_lease(client, table, clock() + LEASE_S)

    lease = connections.take(Client("a"))

    assert (lease.slot, lease.marks) == (1, ("a#0001",))
    assert connections.open_count() == 2
    assert connections.take(Client("a")).reason == RefusalReason.CLIENT_FULL


def test_the_leases_of_an_older_version_are_given_up_when_it_dies(
    connections, client, table, clock
):
    older_lease(client, table, clock() + LEASE_S)
    assert connections.open_count() == 1
    clock.advance(LEASE_S)
    assert connections.open_count() == 0
    assert [type(connections.take(Client("a"))) for _ in range(3)] == [Lease, Lease, Refusal]


def older_lease(client, table, expires_at_s):
    """Writes the first slot, and the first mark of client "a", as the version before did."""
    holder = {"connection_id": text("0-of-the-older-version"), "marks": texts(["a#0000"])}
    expires_at = {"expires_at": {"N": str(int(expires_at_s))}}
    mark = key("CONNECTIONS", "SHARE#a#0000") | {"taken_at": {"N": "0"}}
    for record in (key(*slot_key(0)), mark):
        client.put_item(TableName=table, Item=record | holder | expires_at)


def test_a_client_has_its_share_and_shuts_out_nobody(connections):
    assert [type(connections.take(Client("greedy"))) for _ in range(2)] == [Lease, Lease]
    assert connections.take(Client("greedy")) == Refusal(RefusalReason.CLIENT_FULL, 2, 5)
    assert isinstance(connections.take(Client("modest")), Lease)


def test_a_slot_and_a_share_can_be_taken_as_soon_as_they_are_given_back(connections, state_of):
    first, second = connections.take(Client("a")), connections.take(Client("a"))
    connections.release(first)
    assert connections.open_count() == 1
    assert isinstance(connections.take(Client("a")), Lease)
    assert state_of(connections, second) == LeaseState.HELD


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


def test_a_process_that_died_leaves_its_slots_and_its_shares_free(connections_of, clock, state_of):
    dead = connections_of()
    killed = [dead.take(Client("a")), dead.take(Client("a"))]
    others = connections_of()
    clock.advance(LEASE_S)
    assert others.open_count() == 2
    clock.advance(GRACE_S)
    clock.advance(EVERY_S)
    assert others.open_count() == 0
    assert [type(others.take(Client("a"))) for _ in range(3)] == [Lease, Lease, Refusal]
    assert [state_of(dead, lease) for lease in killed] == [LeaseState.LOST, LeaseState.LOST]


@pytest.mark.parametrize("newcomers", [["a", "a"], ["b", "c", "d"]])
def test_who_would_be_refused_finds_at_once_what_a_dead_process_left(
    connections_of, clock, newcomers
):
    dead = connections_of()
    for name in ("a", "a", "b"):
        dead.take(Client(name))
    others = connections_of()
    clock.advance(DEAD_S)
    assert all(isinstance(others.take(Client(name)), Lease) for name in newcomers)


def test_a_process_that_died_with_many_streams_leaves_nothing(
    connections_of, clock, client, table, state_of
):
    dead, others = (connections_of(limit=70, client_limit=70) for _ in range(2))
    for _ in range(60):
        dead.take(Client("a", network_id="net"))
    mine = others.take(Client("b"))
    clock.advance(LEASE_S)
    assert state_of(others, mine) == LeaseState.HELD
    clock.advance(GRACE_S)
    assert others.open_count() == 1
    kinds = sorted(each["SK"]["S"].partition("#")[0] for each in everything(client, table))
    assert kinds == ["SHARE", "SLOT", "SLOTLIFE", "SLOTTAKEN"]


def test_a_lease_that_is_renewed_is_held_as_long_as_it_lives(connections, clock, state_of):
    lease = connections.take(Client("a"))
    for _ in range(100):
        clock.advance(40)
        assert state_of(connections, lease) == LeaseState.HELD
    assert connections.open_count() == 1


def test_one_write_renews_all_leases_of_a_process(connections_of, clock):
    meddled = []

    def listed(_number, name, call):
        meddled.append(name)
        return call()

    process = connections_of(listed, limit=50, client_limit=50)
    leases = [process.take(Client("a")) for _ in range(50)]
    clock.advance(LEASE_S)
    meddled.clear()
    assert all(process.renewal_is_due(each) for each in leases)
    assert process.renew(leases[0]) == LeaseState.HELD
    assert not any(process.renewal_is_due(each) for each in leases)
    assert meddled == ["update_item"]
    assert connections_of().open_count() == 50


@pytest.mark.parametrize("swept", [(), (0,), (1,), (2,), (0, 1, 2)])
def test_a_lease_that_expired_comes_back_to_life_if_nobody_took_its_place(
    connections_of, clock, client, table, swept, state_of
):
    """DynamoDB may have swept some of its records meanwhile."""
    connections, others = connections_of(), connections_of()
    lease = connections.take(Client("a"))
    clock.advance(600)
    assert others.open_count() == 0
    for each in swept:
        at = (lease.key, lease.slot_key, *lease.mark_keys)[each]
        client.delete_item(TableName=table, Key=key(*at))

    assert state_of(connections, lease) == LeaseState.HELD
    assert connections.open_count() == others.open_count() == 1
    assert isinstance(connections.take(Client("a")), Lease)
    assert connections.take(Client("a")).reason == RefusalReason.CLIENT_FULL


def test_an_outage_in_which_nobody_looked_costs_a_process_nothing(connections_of, clock):
    """Its lifeline has expired, but it is there: so nobody has taken anything."""
    calls = []

    def listed(_number, name, call):
        calls.append(name)
        return call()

    process = connections_of(listed)
    leases = [process.take(Client("a")), process.take(Client("b"))]
    clock.advance(600)
    calls.clear()
    assert process.renew(leases[0]) == LeaseState.HELD
    assert calls == ["update_item"]
    assert connections_of().open_count() == 2


def test_a_lease_whose_slot_somebody_took_meanwhile_is_lost(connections_of, clock, state_of):
    connections, others = connections_of(limit=1), connections_of(limit=1)
    lease = connections.take(Client("a"))
    clock.advance(DEAD_S)
    other = others.take(Client("b"))
    assert other.slot == lease.slot
    assert state_of(connections, lease) == LeaseState.LOST
    connections.release(lease)
    assert others.open_count() == 1


def test_a_lease_whose_share_somebody_took_meanwhile_is_lost(connections_of, clock, state_of):
    connections = connections_of(client_limit=1)
    lease = connections.take(Client("a"))
    clock.advance(DEAD_S)
    others = connections_of(client_limit=1, random=lambda: 0.99)
    other = others.take(Client("a"))
    assert other.slot != lease.slot
    assert state_of(connections, lease) == LeaseState.LOST
    connections.release(lease)
    clock.advance(LEASE_S)
    assert state_of(others, other) == LeaseState.HELD
    assert connections.take(Client("a")).reason == RefusalReason.CLIENT_FULL


def test_a_goodbye_reaches_a_lease_that_comes_back_to_life(connections, clock, state_of):
    lease = connections.take(Client("a"))
    clock.advance(DEAD_S)
    assert connections.ask_to_close(lease.connection_id) is True
    assert state_of(connections, lease) == LeaseState.CLOSING


def test_a_goodbye_reaches_a_lease_that_has_to_move(connections, clock, client, table, state_of):
    lease = connections.take(Client("a"))
    clock.advance(LEASE_S)
    client.delete_item(TableName=table, Key=key(*lease.key))
    assert connections.ask_to_close(lease.connection_id) is True
    assert state_of(connections, lease) == LeaseState.CLOSING


def test_others_in_the_way_of_a_lease_that_moves_are_waited_for(
    connections_of, clock, client, table, state_of
):
    conflict = TableError(CANCELLED, ["TransactionConflict", "None"])
    connections = connections_of(failing_at(7, conflict))
    lease = connections.take(Client("a"))
    clock.advance(LEASE_S)
    client.delete_item(TableName=table, Key=key(*lease.key))
    states = [state_of(connections, lease) for _ in range(3)]
    assert states[-1] == LeaseState.HELD
    assert connections_of().open_count() == 1


def test_a_lease_is_given_back_once_however_often_it_is_released(connections, clock, state_of):
    lease = connections.take(Client("a"))
    connections.release(lease)
    connections.release(lease)
    other = connections.take(Client("a"))
    assert (other.slot, other.marks) == (lease.slot, lease.marks)
    connections.release(lease)
    assert state_of(connections, other) == LeaseState.HELD
    assert connections.open_count() == 1


def test_a_killed_environment_that_wakes_up_again_takes_nothing_from_its_successor(
    connections_of, clock, state_of
):
    connections, others = connections_of(limit=1), connections_of(limit=1)
    killed = connections.take(Client("a"))
    clock.advance(DEAD_S)
    successor = others.take(Client("b"))
    assert successor.slot == killed.slot
    connections.release(killed)
    assert state_of(connections, killed) == LeaseState.LOST
    clock.advance(LEASE_S)
    assert state_of(others, successor) == LeaseState.HELD


def test_goodbye_marks_the_lease_for_closing_until_it_is_released(connections, clock, state_of):
    lease = connections.take(Client("a"))
    assert connections.ask_to_close(lease.connection_id) is True
    clock.advance(LEASE_S)
    assert state_of(connections, lease) == LeaseState.CLOSING
    connections.release(lease)
    assert connections.ask_to_close(lease.connection_id) is False
    other = connections.take(Client("a"))
    clock.advance(LEASE_S)
    assert state_of(connections, other) == LeaseState.HELD


def test_a_lifeline_does_not_remember_who_has_left(connections, clock, client, table, state_of):
    stays = connections.take(Client("a"))
    for _ in range(3):
        leaves = connections.take(Client("b"))
        connections.ask_to_close(leaves.connection_id)
        connections.release(leaves)
    for _ in range(2):
        clock.advance(LEASE_S)
        state_of(connections, stays)
    record = client.get_item(TableName=table, Key=key(*stays.key))["Item"]
    assert record.keys() == {"PK", "SK", "expires_at"}


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


def test_the_count_may_be_as_old_as_is_asked_for(connections_of, clock):
    connections, others = connections_of(), connections_of()
    assert connections.open_count(max_age_s=5) == 0
    others.take(Client("a"))
    assert connections.open_count(max_age_s=5) == 0
    assert connections.open_count() == 1
    clock.advance(DEAD_S + EVERY_S)
    assert connections.open_count() == 0


def test_a_stream_that_counts_leaves_the_survey_to_its_next_turns(connections_of, clock, state_of):
    """So that it is silent for one call at most."""
    calls = []

    def listed(_number, name, call):
        calls.append(name)
        return call()

    connections, dead = connections_of(listed), connections_of()
    lease = connections.take(Client("a"))
    dead.take(Client("b"))
    clock.advance(40)
    state_of(connections, lease)
    clock.advance(30)
    calls.clear()
    assert connections.open_count(max_age_s=1) == 2
    assert calls == ["query"]
    for _ in range(20):
        calls.clear()
        connections.renew(lease)
        assert len(calls) <= 1
    clock.advance(1)
    assert connections.open_count(max_age_s=1) == 1


def test_a_count_is_one_small_read_however_many_streams_are_open(
    connections_of, clock, client, table
):
    process = connections_of(limit=600, client_limit=600)
    first = process.take(Client("a"))
    fill(client, table, first, range(1, 600))
    process.open_count()
    clock.advance(EVERY_S)
    assert connections_of(limit=600).open_count() == 600  # a survey corrects the index
    read = []

    def metered(_number, name, call):
        read.append((name, response := call()))
        return response

    other = connections_of(metered, limit=600)
    assert other.open_count() == 600
    ((name, response),) = read
    assert name == "query"
    assert len(str(response["Items"])) < 8_000


def test_opening_costs_the_same_however_many_streams_are_open(connections_of, client, table, clock):
    costs = {}
    for already in (1, 400):
        process = connections_of(limit=900, client_limit=900, random=clock_random(clock))
        first = process.take(Client(f"first-{already}"))
        fill(client, table, first, range(already * 2 - 1))
        client.put_item(
            TableName=table,
            Item=key(*block_key(0))
            | {"slots": number_set(range(already * 2)), "surveyed_at": {"N": str(clock())}},
        )
        calls = []

        def listed(_number, name, call, calls=calls):
            calls.append(name)
            return call()

        newcomer = connections_of(listed, limit=900, client_limit=900, random=clock_random(clock))
        assert isinstance(newcomer.take(Client(f"newcomer-{already}")), Lease)
        costs[already] = calls
    assert costs[1] == costs[400]
    assert costs[1] == ["put_item", "query", "transact_write_items", "update_item"]


def clock_random(clock):
    """Returns random numbers that are the same in every run, and change with every call."""
    numbers = iter(range(1, 10**6))
    return lambda: (next(numbers) * 0.6180339887) % 1


def test_the_index_is_corrected_by_a_survey(connections_of, client, table, clock):
    """A process died between the two writes of a take, another between those of a release."""
    process = connections_of()
    lease = process.take(Client("a"))
    wrong = {"slots": number_set([2]), "surveyed_at": {"N": str(clock())}}
    client.put_item(TableName=table, Item=key(*block_key(0)) | wrong)
    others = connections_of()
    assert others.open_count() == 1
    clock.advance(EVERY_S)
    assert others.open_count() == 1
    index = client.get_item(TableName=table, Key=key(*block_key(0)))["Item"]
    assert index["slots"]["NS"] == [str(lease.slot)]


def test_only_one_of_many_processes_surveys(connections_of, clock):
    surveys = []

    def listed(_number, name, call):
        response = call()
        if name == "query" and any(
            each["SK"]["S"].startswith("SLOT#") for each in response["Items"]
        ):
            surveys.append(name)
        return response

    processes = [connections_of(listed) for _ in range(5)]
    processes[0].take(Client("a"))
    clock.advance(EVERY_S)
    assert [each.open_count() for each in processes] == [1] * 5
    assert len(surveys) == 1


def test_threads_that_find_no_slot_at_the_same_time_share_a_survey(connections_of, clock):
    """A process died, and many clients come back to another one."""
    dead = connections_of(limit=20, client_limit=20)
    for _ in range(20):
        dead.take(Client("a"))
    clock.advance(DEAD_S)
    calls = []

    def listed(_number, name, call):
        calls.append(name)
        return call()

    process = connections_of(listed, limit=20, client_limit=20, random=random.random)
    with ThreadPoolExecutor(20) as threads:
        taken = list(threads.map(lambda _: process.take(Client("a")), range(20)))
    assert all(isinstance(each, Lease) for each in taken)
    # The lifeline is deleted, and what hung on it, once or twice.
    assert calls.count("transact_write_items") <= 2 * 20 + 5


def test_a_lease_that_moved_while_others_tidied_up_lives_and_the_rest_is_deleted(
    connections_of, clock, state_of
):
    silent = connections_of(limit=5, client_limit=5)
    leases = [silent.take(Client("a")) for _ in range(3)]
    clock.advance(DEAD_S)

    transactions = []

    def late(number, name, call):
        if name == "transact_write_items":
            transactions.append(number)
            if len(transactions) == 2:  # the lifeline is deleted, and its leases are next
                assert state_of(silent, leases[0]) == LeaseState.HELD
        return call()

    connections_of(late, limit=5, client_limit=5).open_count()
    clock.advance(EVERY_S)
    assert connections_of(limit=5, client_limit=5).open_count() == 1


def test_a_process_whose_streams_are_the_only_ones_looks_seldom_whether_others_died(
    connections_of, clock
):
    calls = []

    def listed(_number, name, call):
        calls.append(name)
        return call()

    process = connections_of(listed)
    lease = process.take(Client("a"))
    process.open_count()
    calls.clear()
    for _ in range(EVERY_S_ALONE - 1):
        clock.advance(1)
        assert process.open_count() == 1
    # It reads the index each time, and says every 15 s that somebody looks.
    assert calls.count("query") == EVERY_S_ALONE - 1
    assert 3 <= calls.count("update_item") == len(calls) - calls.count("query") <= 4
    assert process.renew(lease) == LeaseState.HELD


def test_who_may_not_delete_looks_and_counts_all_the_same(connections_of, clock):
    """The API function counts, and takes no slots."""
    reader = connections_of(tidies=False)
    assert reader.open_count() == 0
    dead = connections_of()
    dead.take(Client("a"))
    assert reader.open_count() == 1
    clock.advance(DEAD_S)
    assert reader.open_count() == 0
    assert isinstance(dead.take(Client("a")), Lease)


@pytest.mark.parametrize("after_it_took_effect", [False, True])
@pytest.mark.parametrize("at", [1, 2, 3, 4])
def test_a_crash_while_taking_costs_one_lease_time_at_most(
    connections_of, connections, clock, at, after_it_took_effect
):
    """The four calls: lifeline, index, transaction, index."""
    with pytest.raises(Crash):
        connections_of(failing_at(at, Crash(), after_it_took_effect=after_it_took_effect)).take(
            Client("a")
        )
    clock.advance(EVERY_S)
    assert connections.open_count() == (1 if (at, after_it_took_effect) >= (3, True) else 0)
    clock.advance(DEAD_S)
    assert connections.open_count() == 0
    assert [type(connections.take(Client("a"))) for _ in range(3)] == [Lease, Lease, Refusal]


@pytest.mark.parametrize("after_it_took_effect", [False, True])
@pytest.mark.parametrize("at", [5, 6])
def test_a_crash_while_releasing_costs_one_lease_time_at_most(
    connections_of, connections, clock, at, after_it_took_effect
):
    process = connections_of(failing_at(at, Crash(), after_it_took_effect=after_it_took_effect))
    lease = process.take(Client("a"))
    with pytest.raises(Crash):
        process.release(lease)
    clock.advance(DEAD_S)
    assert connections.open_count() == 0
    assert [type(connections.take(Client("a"))) for _ in range(3)] == [Lease, Lease, Refusal]


def test_what_could_not_be_given_back_is_given_back_later_by_the_process_that_lives_on(
    connections_of, clock, state_of
):
    process = connections_of(failing_at(9, TableError("AccessDeniedException")))
    stays, leaves = process.take(Client("a")), process.take(Client("b"))
    with pytest.raises(TableError):
        process.release(leaves)
    clock.advance(EVERY_S)
    assert connections_of().open_count() == 2
    state_of(process, stays)
    assert connections_of().open_count() == 1


@pytest.mark.parametrize("code", ["InternalServerError", "ServiceUnavailable"])
def test_a_slot_of_which_nobody_knows_whether_it_was_taken_is_given_back(
    connections_of, clock, code, state_of
):
    process = connections_of(failing_at(3, TableError(code), after_it_took_effect=True))
    lease = process.take(Client("a"))
    clock.advance(LEASE_S)
    state_of(process, lease)
    assert connections_of().open_count() == 1


@pytest.mark.parametrize(
    "error",
    [TableError(CANCELLED, ["TransactionConflict", "None"]), TableError("ThrottlingException")],
)
def test_a_conflict_is_tried_again(connections_of, connections, error):
    process = connections_of(failing_at(3, error))
    lease = process.take(Client("a"))
    assert connections.open_count() == 1
    connections_of(failing_at(2, error)).release(lease)
    assert connections.open_count() == 0


def test_a_take_that_never_gets_through_is_a_refusal_and_not_an_error(connections_of, connections):
    def conflict(number, name, call):
        if name == "transact_write_items":
            raise TableError(CANCELLED, ["TransactionConflict"])
        return call()

    assert connections_of(conflict).take(Client("a")) == Refusal(RefusalReason.BUSY, 3, 1)
    connections_of(conflict).release(connections.take(Client("a")))
    assert connections.open_count() == 1


@pytest.mark.parametrize("took_effect", [False, True])
def test_a_stream_does_not_give_back_the_slot_that_it_has_got_at_last(
    connections_of, clock, state_of, took_effect
):
    """Its client drew the key itself, so the same slot would be the same connection."""
    process = connections_of(
        failing_at(3, TableError("InternalServerError"), after_it_took_effect=took_effect), limit=1
    )
    taken = []
    for _ in range(2):
        with contextlib.suppress(Throttled):  # there is one slot, and its write failed
            taken.append(process.take(Client("a"), "k" * 22))
    lease = next((each for each in taken if isinstance(each, Lease)), None)
    clock.advance(LEASE_S)
    if lease:
        assert state_of(process, lease) == LeaseState.HELD
    assert connections_of(limit=1).open_count() == (1 if lease else 0)


def test_a_transaction_that_was_done_after_all_is_found_and_given_back(
    connections_of, connections, clock, client, table, state_of
):
    """The network said that it was not, and its process lives on."""
    stays = connections.take(Client("a"))
    unknown = connections.take(Client("b"))
    connections._holdings._own.pop(unknown.connection_id)
    clock.advance(EVERY_S_ALONE)
    assert state_of(connections, stays) == LeaseState.HELD
    connections.open_count()
    clock.advance(1)
    assert state_of(connections, stays) == LeaseState.HELD
    assert connections_of().open_count() == 1
    names = [each["SK"]["S"] for each in everything(client, table)]
    assert sum(name.startswith(("SLOT#", "SHARE#")) for name in names) == 2


def test_many_that_died_alone_are_counted_no_more_after_a_few_calls(connections_of, clock):
    """As on ordinary Lambda, where each stream is a process."""
    watcher = connections_of(limit=60)
    lease = watcher.take(Client("watcher"))
    for number in range(50):
        connections_of(limit=60, random=clock_random(clock)).take(Client(f"c{number}"))
    clock.advance(40)
    watcher.renew(lease)
    clock.advance(DEAD_S - 40)
    assert watcher.open_count(max_age_s=1) == 51
    for _ in range(10):
        watcher.renew(lease)
    clock.advance(1)
    assert watcher.open_count(max_age_s=1) == 1


def test_nobody_has_to_survey_because_somebody_has_waited(connections_of, clock):
    process = connections_of(limit=1)
    lease = process.take(Client("a", network_id="net"))
    assert process.take(Client("b", network_id="other")).reason == RefusalReason.FULL
    process.release(lease)
    calls = []

    def listed(_number, name, call):
        calls.append(name)
        return call()

    waited = connections_of(limit=1).take(Client("b", network_id="other"))
    assert isinstance(waited, Lease)
    many = connections_of(listed, limit=3)
    assert isinstance(many.take(Client("c", network_id="third")), Lease)
    calls.clear()
    assert isinstance(many.take(Client("d", network_id="fourth")), Lease)
    assert calls == ["query", "transact_write_items", "update_item"]


def test_those_who_find_too_many_opening_come_back_at_different_times(connections_of):
    def conflict(_number, name, call):
        if name == "transact_write_items":
            raise TableError(CANCELLED, ["TransactionConflict"])
        return call()

    late = connections_of(conflict, random=lambda: 0.99).take(Client("a"))
    assert late.retry_after_s > connections_of(conflict).take(Client("a")).retry_after_s


@pytest.mark.parametrize("at", [1, 3, 4])  # key, lifeline, slot
def test_a_goodbye_meets_no_error_where_others_write(
    connections_of, connections, clock, at, state_of
):
    lease = connections.take(Client("a"), "k" * 22)
    busy = connections_of(failing_at(at, TableError("TransactionConflictException")))
    assert busy.ask_to_close("k" * 22) is True
    clock.advance(LEASE_S)
    assert state_of(connections, lease) == LeaseState.CLOSING


def test_who_wants_a_count_that_may_be_old_does_not_wait_for_another_who_counts(
    connections_of, connections, clock
):
    """Holds the other thread in the middle of its request."""
    reached, go_on = threading.Event(), threading.Event()
    held = []

    def hold(_number, _name, call):
        if held:
            reached.set()
            assert go_on.wait(10)
        return call()

    slow = connections_of(hold)
    assert slow.open_count() == 0
    held.append(True)
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
def test_an_error_that_is_no_answer_is_raised(connections_of, connections, clock, error):
    process = connections_of(failing_at(5, error))
    held = process.take(Client("b"))
    lease = connections.take(Client("a"))
    with pytest.raises(type(error)):
        connections_of(failing_at(3, error)).take(Client("a"))
    with pytest.raises(type(error)):
        connections_of(failing_at(2, error)).release(lease)
    clock.advance(LEASE_S)
    with pytest.raises(type(error)):
        process.renew(held)


def test_an_index_that_cannot_be_written_stops_no_stream(connections_of, clock, state_of):
    """It is written later: with the next renewal."""
    process = connections_of(failing_at(4, TableError("ThrottlingException")))
    lease = process.take(Client("a"))
    assert process.open_count() == 1
    assert connections_of().open_count() == 1  # it surveys
    clock.advance(LEASE_S)
    process.renew(lease)
    assert connections_of().open_count() == 1


def test_a_lease_whose_lifeline_cannot_be_seen_yet_is_not_taken_for_dead(
    connections_of, connections
):
    """An ordinary read may see one record and not another that is older."""

    def without_lifelines(_number, name, call):
        response = call()
        if name == "query":
            response["Items"] = [
                each for each in response["Items"] if not each["SK"]["S"].startswith("SLOTLIFE#")
            ]
        return response

    for _ in range(2):
        connections.take(Client("a"))
    blind = connections_of(without_lifelines)
    assert blind.open_count() == 2
    assert blind.take(Client("a")).reason == RefusalReason.CLIENT_FULL


def test_a_limit_that_was_lowered_refuses_until_enough_are_closed(connections_of):
    many, few = connections_of(limit=3), connections_of(limit=1)
    leases = [many.take(Client(client)) for client in "abc"]
    for lease in leases:
        assert few.take(Client("d")).reason == RefusalReason.FULL
        many.release(lease)
    assert isinstance(few.take(Client("d")), Lease)


def test_a_lease_taken_during_the_look_does_not_confuse_who_looks(connections_of, connections):
    late = connections_of(preceded_at(2, lambda: connections.take(Client("b"))))
    assert isinstance(late.take(Client("a")), Lease)
    assert connections.open_count() == 2


def everything(client, table):
    found = client.query(
        TableName=table,
        KeyConditionExpression="PK = :p",
        ExpressionAttributeValues={":p": text("CONNECTIONS")},
    )
    return found["Items"]


steps = st.lists(
    st.tuples(
        st.sampled_from(["take", "take", "release", "renew", "wait", "kill", "count"]),
        st.integers(0, 5),
    ),
    min_size=5,
    max_size=40,
)


class Environment:
    """One process, which may be killed, and what its streams hold."""

    def __init__(self, client, table, clock, random):
        self.slots = StreamSlots(
            Table(client, table),
            clock,
            Backoff(clock.sleep, random.random),
            limit=4,
            client_limit=2,
            network_limit=4,
            lease_s=LEASE_S,
        )
        self.held = []

    def take(self, name):
        lease = self.slots.take(Client(name, network_id="network"))
        if isinstance(lease, Lease):
            self.held.append(lease)

    def renew(self):
        """Does what its streams do: those that have lost their lease end."""
        for lease in list(self.held):
            for _ in range(9):
                if not self.slots.renewal_is_due(lease):
                    break
                if self.slots.renew(lease) == LeaseState.LOST:
                    self.held.remove(lease)
                    self.slots.release(lease)
                    break


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(steps, st.randoms())
def test_whatever_happens_no_limit_is_passed_and_who_lives_keeps_what_it_has(
    client, new_table, steps, random
):
    """Three processes take and give back; any of them may be killed, or silent for too long.

    All clients are of one network, so that nobody has to make room.
    """
    clock = FakeClock()
    table = new_table()
    environments = [Environment(client, table, clock, random) for _ in range(3)]
    for step, number in steps:
        acting = environments[number % 3]
        if step == "take":
            acting.take(f"client-{number % 2}")
        elif step == "wait":
            clock.advance(number * 9)
        elif step == "kill":
            environments[number % 3] = Environment(client, table, clock, random)
        elif step == "count":
            acting.slots.open_count()
        elif step == "release" and acting.held:
            acting.slots.release(acting.held.pop(number % len(acting.held)))
        else:
            acting.renew()
        assert_within_limits(client, table)
    for each in environments:
        each.renew()
    assert_whole(client, table, [lease for each in environments for lease in each.held])
    clock.advance(DEAD_S)
    for each in environments:
        each.renew()
    clock.advance(EVERY_S_ALONE)
    living = sum(len(each.held) for each in environments)
    for each in environments:
        each.renew()
    assert sum(len(each.held) for each in environments) == living
    assert {each.slots.open_count() for each in environments} == {living}
    assert_within_limits(client, table)


def assert_within_limits(client, table):
    names = [each["SK"]["S"] for each in everything(client, table)]
    assert sum(name.startswith("SLOT#") for name in names) <= 4
    for number in range(2):
        assert sum(name.startswith(f"SHARE#client-{number}#") for name in names) <= 2


def assert_whole(client, table, leases):
    """Each lease has its slot and its marks; none is another's."""
    records = {each["SK"]["S"]: each for each in everything(client, table)}
    for lease in leases:
        for at in (lease.slot_key, *lease.mark_keys):
            assert records[at[1]]["connection_id"]["S"] == lease.connection_id
