"""Tests what a stream learns from the records that it depends on."""

import pytest
from dashboard_data import (
    LeaseState,
    News,
    SharedReader,
)
from dashboard_data.users.configurations import configuration_record

from tests.dashboard_data.following.streams import (
    CONFIGURATION,
    LEASE,
    SESSION,
    everything,
    lifeline_record,
)
from tests.support.fakes import NOON, InMemoryRecords


def test_what_a_stream_depends_on_is_as_the_records_say(reader, memory, records):
    with everything(reader, memory.head().cursor) as stream:
        assert reader.wait(stream) == News(configuration=CONFIGURATION, fresh=True)
        records.put(lifeline_record(closing={"SS": [LEASE.connection_id]}))
        changed = CONFIGURATION._replace(tickers=("MSFT", "TSLA"), version=2)
        records.put(configuration_record(changed, {}))
        assert reader.wait(stream) == News(
            lease=LeaseState.CLOSING, configuration=changed, fresh=True
        )
        for at in (LEASE.key, SESSION.key, CONFIGURATION.key):
            records.remove(at)
        assert reader.wait(stream) == News(
            lease=LeaseState.LAPSED,
            session_lives=False,
            configuration_gone=True,
            fresh=True,
        )


@pytest.mark.parametrize(
    ("closing", "made_room", "expected"),
    [
        ((), ("another",), LeaseState.HELD),
        (("another",), (LEASE.connection_id,), LeaseState.MADE_ROOM),
        ((LEASE.connection_id,), (LEASE.connection_id, "another"), LeaseState.CLOSING),
    ],
)
def test_the_lifeline_names_those_of_its_streams_that_have_to_end(
    reader, memory, records, closing, made_room, expected
):
    sets = {"closing": closing, "made_room": made_room}
    named = {name: {"SS": list(ids)} for name, ids in sets.items() if ids}
    with everything(reader, memory.head().cursor) as stream:
        records.put(lifeline_record(**named))
        assert reader.wait(stream).lease == expected


def test_a_session_ends_when_it_expires_though_nobody_has_swept_it(reader, memory, clock):
    with everything(reader, memory.head().cursor) as stream:
        assert reader.wait(stream).session_lives
        clock.advance(100)
        assert not reader.wait(stream).session_lives


def test_an_expired_configuration_is_gone(reader, memory, records):
    with everything(reader, memory.head().cursor) as stream:
        records.put(configuration_record(CONFIGURATION, {"expires_at": {"N": str(NOON)}}))
        assert reader.wait(stream).configuration is None


def test_a_copy_that_lags_neither_ends_a_stream_nor_turns_its_tickers_back(memory, records, clock):
    class Lagging(InMemoryRecords):
        """Its eventually consistent reads miss what was just written."""

        def get_many(self, keys, *, consistent=False):
            found = records.get_many(keys, consistent=consistent)
            return (
                found
                if consistent
                else {at: record for at, record in found.items() if at[0] == "FEED"}
            )

    reader = SharedReader(memory, Lagging(memory), clock, pause=clock.pause)
    with everything(reader, memory.head().cursor) as stream:
        assert reader.wait(stream) == News(configuration=CONFIGURATION, fresh=True)
    newer = CONFIGURATION._replace(tickers=("TSLA",), version=2)
    reader = SharedReader(memory, records, clock, pause=clock.pause)
    with reader.follow(memory.head().cursor, configuration=newer) as stream:
        assert reader.wait(stream).configuration == newer
