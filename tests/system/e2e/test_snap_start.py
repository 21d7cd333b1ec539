"""Tests streams of restored environments: the template's SnapStart, on both fronts."""

import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
import requests
from event_stream import Decoder

from local_lambda import Emulator
from local_lambda.template.template import read
from tests.support import producer
from tests.support.paths import ROOT
from tests.support.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.once]
FUNCTION = "StreamSnapStartFunction"
AT_ONCE = 3


@pytest.fixture(scope="module")
def emulator(request):
    if request.config.getoption("--base-url"):
        pytest.skip("a deployed service shows nothing of its restores")
    parameters = {"SnapStart": "on", "StreamLifeSeconds": "60"}
    with Emulator(ROOT / "template.yaml", parameters=parameters) as running:
        yield running


@pytest.fixture(params=["rest-api", "function-url"])
def url(request, emulator):
    origin = emulator.dashboard_url
    if request.param == "function-url":
        origin = emulator.url("stream_snap_start")
    return f"{origin}api/v2/stream"


def snapshots(emulator):
    return [each for each in emulator.environments(FUNCTION) if each["state"] == "snapshot"]


def events_of(response, wanted):
    """Reads until an event of the wanted type has come; returns all events before, and it."""
    decoder, events = Decoder(), []
    for chunk in response.iter_content(None):
        events += decoder.feed(chunk)
        if any(event.type == wanted for event in events):
            return events
    return events


def test_a_stream_opens_in_an_environment_that_is_restored_for_it(emulator, url):
    (snapshot,) = eventually(lambda: snapshots(emulator), within_s=20)
    with requests.get(url, stream=True, timeout=20) as response:
        assert response.status_code == 200
        events = events_of(response, "heartbeat")
        (restored,) = [
            each for each in emulator.environments(FUNCTION) if each["pid"] == snapshot["pid"]
        ]

    assert restored["state"] == "busy"
    assert [event.type for event in events] == ["metrics", "heartbeat"]
    assert json.loads(events[-1].data)["connections"] >= 1


def test_restored_environments_have_ids_of_their_own_and_each_hears_a_new_item(emulator, url):
    with ExitStack() as streams, ThreadPoolExecutor(AT_ONCE) as threads:
        responses = list(
            threads.map(lambda _: requests.get(url, stream=True, timeout=20), range(AT_ONCE))
        )
        for response in responses:
            streams.enter_context(response)
        ids = {response.headers["X-Connection-Id"] for response in responses}
        item_id = f"restored-{uuid.uuid4()}"  # a connection's id says goodbye for it: a secret
        producer.put(producer.table_client(emulator), emulator.table, [producer.record(item_id)])
        heard = list(threads.map(lambda response: events_of(response, "new_item"), responses))

    assert len(ids) == AT_ONCE
    for events in heard:  # metrics may stand in the same piece
        (item,) = [event for event in events if event.type == "new_item"]
        assert json.loads(item.data)["item_id"] == item_id


def test_nothing_fails_and_nothing_waits_for_the_connections_of_the_snapshot(emulator):
    """The table's connections from before the snapshot are reset at their first use."""
    assert "Traceback" not in emulator.log
    assert "ERROR" not in emulator.log
    assert "RESTORE_REPORT Restore Duration: " in emulator.log


@pytest.mark.parametrize(("choice", "qualifier"), [("on", "live"), ("off", "")])
def test_both_fronts_invoke_the_alias_if_there_is_one(choice, qualifier):
    application = read(ROOT / "template.yaml", {"SnapStart": choice})
    (streaming,) = [each for each in application.functions.values() if each.url]

    assert streaming.url.qualifier == qualifier
    assert {route.qualifier for route in application.routes if route.streaming} == {qualifier}
    assert streaming.snap_start == (choice == "on")
