"""Tests what a stream learns from the records that it depends on."""

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
    lease_record,
)
from tests.support.fakes import NOON, InMemoryRecords


def test_what_a_stream_depends_on_is_as_the_records_say(reader, memory, records):
    with everything(reader, memory.head().cursor) as stream:
        assert reader.wait(stream) == News(configuration=CONFIGURATION, fresh=True)
        records.put(lease_record(closing={"BOOL": True}))
        changed = CONFIGURATION._replace(tickers=("MSFT", "TSLA"), version=2)
        records.put(configuration_record(changed, {}))
        assert reader.wait(stream) == News(
            lease=LeaseState.CLOSING, configuration=changed, fresh=True
        )
        for at in (LEASE.key, SESSION.key, CONFIGURATION.key):
            records.remove(at)
        assert reader.wait(stream) == News(
            lease=LeaseState.LOST,
            session_lives=False,
            configuration_gone=True,
            fresh=True,
        )


def test_a_slot_that_somebody_else_holds_is_a_lost_lease(reader, memory, records):
    with everything(reader, memory.head().cursor) as stream:
        records.put(lease_record(connection_id={"S": "3-BBBBBBBBBBBBBBBBBBBBBB"}))
        assert reader.wait(stream).lease == LeaseState.LOST


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
