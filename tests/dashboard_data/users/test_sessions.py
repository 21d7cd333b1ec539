"""Tests that tokens are random, stored only as a hash, and valid until expired or revoked."""

import hashlib

import pytest
from dashboard_data import DynamoDbSessions, Table
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


@pytest.fixture
def sessions(client, table, clock):
    return DynamoDbSessions(Table(client, table), clock, session_s=3600)


def test_a_new_token_is_valid_at_once_and_names_its_user(sessions, clock):
    created = sessions.create_anonymous()
    session = sessions.verify(created.token)
    assert (session.user_id, session.expires_at_s) == (created.user_id, clock() + 3600)


def test_every_session_is_another_user(sessions):
    created = [sessions.create_anonymous() for _ in range(10)]
    assert len({each.token for each in created}) == len({each.user_id for each in created}) == 10
    assert all(len(each.token) >= 43 for each in created)


def test_a_session_ends_at_its_time_though_nobody_has_swept_it(sessions, clock, client, table):
    created = sessions.create_anonymous()
    clock.advance(3599)
    assert sessions.verify(created.token)
    clock.advance(1)
    assert sessions.verify(created.token) is None
    assert client.scan(TableName=table)["Count"] == 1


def test_a_revoked_session_is_over_however_often_it_is_revoked(sessions):
    created = sessions.create_anonymous()
    for _ in range(2):
        sessions.revoke(created.token)
        assert sessions.verify(created.token) is None


def test_the_token_is_nowhere_but_with_the_client(sessions, client, table):
    created = sessions.create_anonymous()
    stored = str(client.scan(TableName=table)["Items"])
    assert created.token not in stored
    assert hashlib.sha256(created.token.encode()).hexdigest() in stored
    assert created.token not in f"{created!r} {created} {sessions.verify(created.token)}"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(st.text(max_size=200) | st.text(st.characters(categories=["Cs"]), min_size=1, max_size=5))
def test_no_other_text_is_a_token(sessions, token):
    assert sessions.verify(token) is None
