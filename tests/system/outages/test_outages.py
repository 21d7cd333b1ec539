"""Plain EventSources live through an outage of the table, under real bootstrap processes.

In CI an outage of 75 s runs instead of the short one; `OUTAGE_S=600` makes it last longer still.
"""

import os
import time

import pytest

from local_lambda import Emulator
from tests.support.dynamodb_proxy import failing, hanging, moto_behind_proxy
from tests.support.paths import ROOT
from tests.support.service import Service
from tests.support.waiting import eventually
from tests.system.outages.plain_event_source import PlainEventSource

pytestmark = [pytest.mark.e2e, pytest.mark.once]
SHORT_S = 25
LONG_S = int(os.environ.get("OUTAGE_S") or 75)
RUNS_LONG = bool(os.environ.get("OUTAGE_S") or os.environ.get("CI"))
READERS = 4
# All that the functions call to read, to count and to publish; producers still write.
CALLS = {"BatchGetItem", "GetItem", "Query", "TransactWriteItems", "UpdateItem"}
NOTICED_S = 4  # a call that was under way when the outage began may still bring an event


@pytest.fixture(params=["10", "60"])
def fragile(request):
    """Yields a service whose streams live so many seconds, and the proxy before its table."""
    parameters = {"StreamLifeSeconds": request.param, "ClientConnections": "100"}
    with moto_behind_proxy() as proxy:
        options = ("--dynamodb-endpoint", proxy.url)
        with Emulator(ROOT / "template.yaml", *options, parameters=parameters) as emulator:
            urls = (emulator.dashboard_url, emulator.url("stream"))
            yield Service(*urls, emulator.table, emulator.dynamodb_url, emulator), proxy


@pytest.mark.parametrize(
    ("fragile", "outage_s", "fault"),
    [("60", LONG_S, failing), ("10", SHORT_S, failing), ("10", SHORT_S, hanging)],
    indirect=["fragile"],
)
def test_every_plain_event_source_is_live_after_an_outage(fragile, outage_s, fault):
    if (outage_s == LONG_S) != RUNS_LONG and fault is failing:
        pytest.skip("the short outage runs without CI and OUTAGE_S, the long one with them")
    service, proxy = fragile
    urls = [service.fronts()[front] + "/api/v2/stream" for front in ("api", "function url")]
    readers = [PlainEventSource(urls[number % 2]) for number in range(READERS)]
    for reader in readers:
        eventually(lambda r=reader: "heartbeat" in r.types_between(0, time.monotonic()), 20)
    written = [service.put() for _ in range(5)]
    for reader in readers:
        eventually(lambda r=reader: len(r.item_ids()) == len(written), 20)
    began_at = time.monotonic()
    with proxy.fault(fault, lambda request: request.operation in CALLS):
        while time.monotonic() < began_at + outage_s:
            written.append(service.put())
            eventually(lambda: time.monotonic() % 1 < 0.1, 5)
        ended_at = time.monotonic()
    after = service.put()

    for reader in readers:
        eventually(lambda r=reader: after in r.item_ids() or r.closed, 60)
        eventually(lambda r=reader: len(r.item_ids()) > len(written) or r.closed, 30)
        assert reader.closed is None
        assert sorted(reader.item_ids()) == sorted([*written, after])
        assert reader.item_ids() == readers[0].item_ids()
        assert reader.types_between(began_at + NOTICED_S, ended_at) == []
        assert reader.silences == 0
        reader.leave()
    if fault is failing:  # a table that hangs keeps an opening waiting, too
        opened_at = [at for reader in readers for at in reader.opened_at]
        assert [at for at in opened_at if began_at < at < ended_at]
