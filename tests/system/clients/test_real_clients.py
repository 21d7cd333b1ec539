"""Clients that nobody here wrote follow 600 items through everything that may happen to a stream.

docs/clients.md has a row for each of them; the programs beside this file are the user code that a
row speaks of. All of them follow one service at once.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from local_lambda import Emulator
from tests.support import producer
from tests.support.derived import derived_template
from tests.support.dynamodb_proxy import moto_behind_proxy
from tests.support.feed_order import published
from tests.support.service import Client as Stream
from tests.support.waiting import eventually
from tests.system.clients.crowd import Crowd, Member, Writer, is_live
from tests.system.clients.page import client_rows
from tests.system.clients.process import ALL_CLIENTS, is_installed, must_be_installed
from tests.system.clients.relay import Relays

pytestmark = pytest.mark.e2e
ITEMS = 600
WRITE_EVERY_S = 0.06
LONG_LIFE_S = 200  # longer than any client waits before it comes back
SHORT_LIFE_S = 5
OTHERS = 2
STREAMS_IN_ONE_ENVIRONMENT = 5
WITHIN_S = 90  # each step, on a busy machine
PATIENCE_S = 20  # with a service that starts beside much else


class Service:
    """The service under the emulator, with `slots` of them. It may start anew; the table stays."""

    def __init__(self, template: Path, dynamodb_url: str, relays: Relays, slots: int) -> None:
        self._template = template
        self._dynamodb_url = dynamodb_url
        self._relays = relays
        # Each client may have one stream, and there is no other slot.
        self.start(
            {
                "StreamLifeSeconds": str(LONG_LIFE_S),
                "MaxConnections": str(slots),
                "ClientConnections": "1",
            }
        )
        self.dynamodb = producer.client_at(dynamodb_url)
        self.table = self.emulator.table

    def start(self, parameters: dict[str, str]) -> None:
        arguments = ("--dynamodb-endpoint", self._dynamodb_url)
        self.emulator = Emulator(self._template, *arguments, parameters=parameters)
        self.emulator.start()
        self._relays.lead_to(self.emulator.dashboard_url)

    def restart(self, parameters: dict[str, str]) -> None:
        self._relays.shut()
        self.emulator.stop()
        self.start(parameters)
        self._relays.open_again()

    def kill_all_streams(self) -> None:
        for environment in self.emulator.environments("StreamFunction"):
            self.emulator.kill_environment(environment["pid"])

    def end(self, connection_id: str) -> None:
        """Ends a stream by the goodbye that its client did not say."""
        path = f"api/v2/stream/connections/{connection_id}/close"
        requests.post(self.emulator.dashboard_url + path, timeout=20)


@pytest.fixture(scope="module")
def followed(tmp_path_factory) -> Iterator[tuple[dict[str, Member], list[str]]]:
    """Yields the clients by their names, after it all, and the items in the feed's order."""
    template = template_in(tmp_path_factory.mktemp("clients"))
    names = list(filter(is_installed, ALL_CLIENTS))
    if not names:
        must_be_installed(ALL_CLIENTS[0])
    with moto_behind_proxy() as tables:
        relays = Relays()
        service = Service(template, tables.url, relays, slots=len(names) + OTHERS)
        crowd = Crowd(names, relays, PATIENCE_S)
        try:
            order = follow_through_everything(service, crowd, relays)
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
        functions={"StreamFunction": {"CapacityProviderConfig": shared}},
    )


def follow_through_everything(service: Service, crowd: Crowd, relays: Relays) -> list[str]:
    others = [opened(relays.add(f"127.0.{number}.1").url) for number in range(OTHERS)]
    # A stream without a position has missed nothing when the first item comes.
    crowd.wait_until(lambda each: each.client.events("metrics"), WITHIN_S)
    writer = Writer(service.dynamodb, service.table, ITEMS, WRITE_EVERY_S)

    lose_the_network(service, crowd, relays, meeting=503)  # every slot is taken
    for other in others:
        service.end(other.response.headers["X-Connection-Id"])
    for other in others:
        assert other.ended.wait(WITHIN_S)
    lose_the_network(service, crowd, relays, meeting=429)  # each share is taken

    service.kill_all_streams()
    service.restart({"StreamLifeSeconds": str(SHORT_LIFE_S)})
    crowd.wait_until(is_live, WITHIN_S)
    crowd.wait_until(lambda each: each.relay.planned_ends() >= 1, WITHIN_S)
    writer.finish()
    crowd.wait_until(lambda each: len(each.client.item_ids()) >= ITEMS, WITHIN_S)
    return published(service.dynamodb, service.table)


def opened(url: str) -> Stream:
    """Returns an open stream. On a busy machine the service may ask to try again."""

    def live() -> Stream | None:
        stream = Stream(url)
        eventually(lambda: stream.ended.is_set() or stream.of_type("metrics"), WITHIN_S)
        return None if stream.ended.is_set() else stream

    return eventually(live, WITHIN_S)


def lose_the_network(service: Service, crowd: Crowd, relays: Relays, meeting: int) -> None:
    """Cuts every connection. The streams run on, so whoever comes back is refused, until they end.

    Lambda tells a function nothing of a client that has gone.
    """
    relays.cut()
    crowd.wait_until(lambda each: each.relay.count(meeting) >= 1, WITHIN_S)
    for each in crowd.members:
        for connection_id in each.relay.left_behind():
            service.end(connection_id)
    crowd.wait_until(is_live, WITHIN_S)


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
    assert member.relay.planned_ends() >= 1
    assert member.relay.cuts() >= 3
    assert member.relay.count(503) >= 1
    assert member.relay.count(429) >= 1
    assert member.client.runs()
