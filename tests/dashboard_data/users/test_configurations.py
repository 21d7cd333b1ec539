"""Tests that users reach only their own configurations, and never more than the limit."""

import pytest
from dashboard_data import Backoff, DynamoDbConfigurations, Table, TooManyConfigurations
from dashboard_data.users.configurations import Contended

from tests.support.fakes import MeddledClient, TableError, failing_at, preceded_at


@pytest.fixture
def configurations(client, table, clock):
    return DynamoDbConfigurations(
        Table(client, table), clock, Backoff(clock.sleep, lambda: 0.5), most=3
    )


def test_what_was_created_is_read_back(configurations):
    created = configurations.create("me", "mine", ["AAPL", "MSFT"])
    assert configurations.get("me", created.config_id) == created
    assert created.data() == {
        "config_id": created.config_id,
        "name": "mine",
        "tickers": ["AAPL", "MSFT"],
        "created_at": "2026-11-22T12:00:00.000Z",
        "updated_at": "2026-11-22T12:00:00.000Z",
    }


def test_the_list_is_ones_own_and_oldest_first(configurations, clock):
    created = []
    for number in range(3):
        created.append(configurations.create("me", f"number {number}", ["AAPL"]))
        clock.advance(1)
    configurations.create("you", "yours", ["AAPL"])
    assert configurations.list_all("me") == created
    assert configurations.list_all("nobody") == []


def test_a_change_is_kept_and_counted(configurations, clock):
    created = configurations.create("me", "mine", ["AAPL"])
    clock.advance(60)
    changed = configurations.update("me", created.config_id, "other", ["MSFT"])
    assert changed == configurations.get("me", created.config_id)
    assert (changed.name, changed.tickers, changed.version) == ("other", ("MSFT",), 2)
    assert changed.created_at < changed.updated_at


@pytest.mark.parametrize("config_id", ["", "made-up", "x" * 5000, "ä", "\ud800", "CONFIG#1"])
def test_what_does_not_exist_is_absent_for_every_call(configurations, config_id):
    assert configurations.get("me", config_id) is None
    assert configurations.update("me", config_id, "mine", ["AAPL"]) is None
    assert configurations.delete("me", config_id) is False
    assert configurations.list_all("me") == []


def test_another_users_configuration_looks_absent_and_stays_untouched(configurations):
    theirs = configurations.create("you", "yours", ["AAPL"])
    assert configurations.get("me", theirs.config_id) is None
    assert configurations.update("me", theirs.config_id, "mine", ["MSFT"]) is None
    assert configurations.delete("me", theirs.config_id) is False
    assert configurations.get("you", theirs.config_id) == theirs


def test_a_user_has_at_most_so_many_and_one_more_after_a_deletion(configurations):
    created = [configurations.create("me", "mine", ["AAPL"]) for _ in range(3)]
    with pytest.raises(TooManyConfigurations):
        configurations.create("me", "mine", ["AAPL"])
    assert configurations.delete("me", created[0].config_id) is True
    assert configurations.delete("me", created[0].config_id) is False
    configurations.create("me", "mine", ["AAPL"])
    assert len(configurations.list_all("me")) == 3


def test_a_race_cannot_pass_the_limit(client, table, clock, configurations):
    for _ in range(2):
        configurations.create("me", "mine", ["AAPL"])
    racing = MeddledClient(
        client, preceded_at(1, lambda: configurations.create("me", "first", ["AAPL"]))
    )
    with pytest.raises(TooManyConfigurations):
        DynamoDbConfigurations(
            Table(racing, table), clock, Backoff(clock.sleep, lambda: 0.5), most=3
        ).create("me", "second", ["AAPL"])
    assert len(configurations.list_all("me")) == 3


def test_an_anonymous_users_configurations_end_with_the_session(configurations, clock):
    created = configurations.create("me", "mine", ["AAPL"], expires_at_s=clock() + 60)
    assert configurations.list_all("me") == [created]
    clock.advance(60)
    assert configurations.get("me", created.config_id) is None
    assert configurations.update("me", created.config_id, "mine", ["MSFT"]) is None
    assert configurations.list_all("me") == []


@pytest.mark.parametrize("call", ["create", "update", "delete"])
def test_an_error_of_the_table_is_not_taken_for_absence(client, table, clock, call):
    meddled = MeddledClient(client, failing_at(1, TableError("AccessDeniedException")))
    failing = DynamoDbConfigurations(
        Table(meddled, table), clock, Backoff(clock.sleep, lambda: 0.5)
    )
    arguments = {
        "create": ("me", "mine", ["AAPL"]),
        "update": ("me", "c1", "mine", ["AAPL"]),
        "delete": ("me", "c1"),
    }[call]
    with pytest.raises(TableError):
        getattr(failing, call)(*arguments)


CANCELLED = "TransactionCanceledException"
CONFLICTS = {
    "create": TableError(CANCELLED, ["TransactionConflict", "None"]),
    "delete": TableError(CANCELLED, ["None", "TransactionConflict"]),
    "update": TableError("TransactionConflictException"),
}


def changed_by(configurations, call, config_id):
    if call == "create":
        return configurations.create("me", "mine", ["AAPL"])
    return getattr(configurations, call)(
        "me", config_id, *(("mine", ["AAPL"]) if call == "update" else ())
    )


@pytest.mark.parametrize("call", CONFLICTS)
def test_two_who_change_at_once_both_get_through(client, table, clock, configurations, call):
    kept = configurations.create("me", "kept", ["AAPL"])

    def conflict(number, name, proceed):
        if number <= 3:
            raise CONFLICTS[call]
        return proceed()

    meddled = MeddledClient(client, conflict)
    changing = DynamoDbConfigurations(
        Table(meddled, table), clock, Backoff(clock.sleep, lambda: 0.5), most=3
    )
    assert changed_by(changing, call, kept.config_id)
    assert len(configurations.list_all("me")) == {"create": 2, "update": 1, "delete": 0}[call]


def test_what_may_have_been_done_is_not_done_again(client, table, clock, configurations):
    meddled = MeddledClient(
        client, failing_at(1, TableError("InternalServerError"), after_it_took_effect=True)
    )
    creating = DynamoDbConfigurations(
        Table(meddled, table), clock, Backoff(clock.sleep, lambda: 0.5), most=3
    )
    with pytest.raises(TableError):
        creating.create("me", "mine", ["AAPL"])
    assert len(meddled.calls) == 1


@pytest.mark.parametrize("call", ["create", "delete"])
def test_conflicts_without_end_are_an_error(client, table, clock, configurations, call):
    def conflict(number, name, proceed):
        raise CONFLICTS[call]

    meddled = MeddledClient(client, conflict)
    with pytest.raises(Contended):
        changed_by(
            DynamoDbConfigurations(Table(meddled, table), clock, Backoff(clock.sleep, lambda: 0.5)),
            call,
            "c1",
        )
    assert configurations.list_all("me") == []
