"""Clients that nobody here wrote follow 600 items through everything that may happen to a stream.

docs/clients.md has a row for each of them; the programs beside this file are the user code that a
row speaks of. All of them follow one service at once.
"""

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from dashboard_data import Backoff, StreamSlots, Table

from local_lambda import Emulator
from tests.support import producer
from tests.support.derived import derived_template
from tests.support.dynamodb_proxy import moto_behind_proxy
from tests.support.waiting import eventually
from tests.system.clients.crowd import (
    Crowd,
    Member,
    Writer,
    clients_of_leases,
    is_live,
    occupy,
    others,
    published,
    say_goodbye,
)
from tests.system.clients.page import client_rows
from tests.system.clients.process import ALL_CLIENTS, is_installed, must_be_installed
from tests.system.clients.relay import Relays

pytestmark = pytest.mark.e2e
ITEMS = 600
WRITE_EVERY_S = 0.06
LIFE_S, LEASE_S = 10, 8
SLOTS, SHARE = 32, 2
STREAMS_IN_ONE_ENVIRONMENT = 5
LONGEST_PAUSE_S = 2.0  # user code waits no longer than this


class Service:
    """The service under the emulator. It may start anew; the table stays."""

    def __init__(self, template, dynamodb_url, relays):
        self._template = template
        self._dynamodb_url = dynamodb_url
        self._relays = relays
        self.emulator = None
        self.start()
        self.dynamodb = producer.client_at(dynamodb_url)
        self.table = self.emulator.table

    def start(self):
        parameters = {
            "StreamLifeSeconds": str(LIFE_S),
            "MaxConnections": str(SLOTS),
            "ClientConnections": str(SHARE),
        }
        arguments = ("--dynamodb-endpoint", self._dynamodb_url)
        self.emulator = Emulator(self._template, *arguments, parameters=parameters)
        self.emulator.start()
        self._relays.lead_to(self.emulator.dashboard_url)

    def restart(self):
        self._relays.shut()
        self.emulator.stop()
        self.start()
        self._relays.open_again()

    def kill_all_streams(self):
        for environment in self.emulator.environments("StreamFunction"):
            self.emulator.kill_environment(environment["pid"])

    def slots(self):
        table = Table(self.dynamodb, self.table)
        backoff = Backoff(time.sleep, random.random)
        return StreamSlots(table, time.time, backoff, limit=SLOTS, client_limit=SHARE, lease_s=60)


@pytest.fixture(scope="module")
def followed(tmp_path_factory) -> Iterator[tuple[dict[str, Member], list[str]]]:
    """Yields the clients by their names, after it all, and the items in the feed's order."""
    template = template_in(tmp_path_factory.mktemp("clients"))
    with moto_behind_proxy() as tables:
        relays = Relays()
        service = Service(template, tables.url, relays)
        crowd = Crowd(filter(is_installed, ALL_CLIENTS), relays, LONGEST_PAUSE_S)
        try:
            order = follow_through_everything(service, crowd)
            yield {each.client.name: each for each in crowd.members}, order
        finally:
            crowd.close()
            service.emulator.stop()
            relays.close()


def template_in(directory: Path) -> Path:
    # Several streams share an execution environment: fewer of them start on a busy machine.
    shared = {"PerExecutionEnvironmentMaxConcurrency": STREAMS_IN_ONE_ENVIRONMENT}
    return derived_template(
        directory,
        variables={"DASHBOARD_LEASE_S": str(LEASE_S)},
        functions={"StreamFunction": {"CapacityProviderConfig": shared}},
    )


def follow_through_everything(service, crowd) -> list[str]:
    # A stream without a position has missed nothing when the first item comes.
    crowd.wait_until(lambda each: each.client.events("metrics"), within_s=30)
    writer = Writer(service.dynamodb, service.table, ITEMS, WRITE_EVERY_S)
    meet(503, service, crowd, lambda missing: others())
    crowd.wait_until(is_live, within_s=20)
    meet(429, service, crowd, clients_in(service))
    crowd.wait_until(is_live, within_s=20)

    service.kill_all_streams()
    crowd.wait_until(lambda each: each.relay.cuts() >= 1, within_s=10)
    service.restart()
    crowd.wait_until(is_live, within_s=40)
    writer.finish()
    eventually(
        lambda: len(published(service.dynamodb, service.table)) == ITEMS or time.sleep(0.3), 20
    )
    order = published(service.dynamodb, service.table)
    crowd.wait_until(lambda each: len(each.client.item_ids()) >= ITEMS, within_s=30)
    return order


def meet(status, service, crowd, client_ids):
    """Refuses new streams until every client has met this status, ending those that are open."""
    said = set()

    def missing():
        return crowd.without(lambda each: each.relay.count(status) > 0)

    def everybody_met_it():
        for each in missing():
            current = each.relay.current()
            if current and current.connection_id not in said:
                said.add(current.connection_id)
                say_goodbye(service.emulator.dashboard_url, current.connection_id)
        return not missing()

    occupy(service.slots(), lambda: client_ids(missing()), everybody_met_it)


def clients_in(service):
    """Returns the function that names the clients of a crowd's members, as their leases do."""
    known = {}

    def client_ids(members):
        clients = clients_of_leases(service.dynamodb, service.table)
        for each in members:
            for exchange in each.relay.streams():
                if exchange.connection_id in clients:
                    known[each.client.name] = clients[exchange.connection_id]
        return [known[each.client.name] for each in members if each.client.name in known]

    return client_ids


@pytest.fixture(params=ALL_CLIENTS)
def member(request, followed) -> Member:
    must_be_installed(request.param)
    return followed[0][request.param]


def test_it_gets_every_item_once_and_in_order(member, followed):
    assert len(followed[1]) == ITEMS
    assert member.client.item_ids() == followed[1]
    assert not member.client.events("reset")


def test_it_says_its_position_as_the_page_says(member):
    said = [each.position_said for each in member.relay.streams()]

    assert set().union(*said) == client_rows()[member.client.name].position


def test_it_has_met_everything_that_may_happen(member):
    assert member.relay.planned_ends() >= 2
    assert member.relay.cuts() >= 1
    assert member.relay.count(503) >= 1
    assert member.relay.count(429) >= 1
    assert member.client.runs()
