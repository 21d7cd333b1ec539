"""These fixtures build a reader over a feed and records in memory."""

import pytest
from dashboard_data import SharedReader
from dashboard_data.users.configurations import configuration_record

from tests.dashboard_data.following.streams import CONFIGURATION, lifeline_record, session_record
from tests.support.fakes import InMemoryFeed, InMemoryRecords


@pytest.fixture
def memory(clock):
    return InMemoryFeed(clock)


@pytest.fixture
def records(memory):
    filled = InMemoryRecords(memory)
    filled.put(lifeline_record())
    filled.put(session_record())
    filled.put(configuration_record(CONFIGURATION, {}))
    return filled


@pytest.fixture
def reader(memory, records, clock):
    return SharedReader(memory, records, clock, pause=clock.pause)
