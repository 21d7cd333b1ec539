"""Tests how the feed's head is created."""

import pytest
from dashboard_data import DynamoDbFeed, Table

from tests.support.fakes import MeddledClient, TableError, preceded_at


def test_of_two_who_create_the_head_one_does_and_both_see_it(client, table, clock, feed):
    racing = DynamoDbFeed(Table(MeddledClient(client, preceded_at(2, feed.head)), table), clock)
    assert racing.head() == feed.head()


def test_a_head_that_cannot_be_created_is_an_error(client, table, clock):
    def throttle_puts(number, name, call):
        if name == "put_item":
            raise TableError("ThrottlingException")
        return call()

    with pytest.raises(TableError):
        DynamoDbFeed(Table(MeddledClient(client, throttle_puts), table), clock).head()
