"""A fixture that publishes records of a table's stream, in this process."""

import pytest
from dashboard_data import DynamoDbPublisher, Table, publisher_backoff
from publish_function.app import read_item


@pytest.fixture
def publish_records(client, clock):
    def publish(table, records):
        items = [read_item(record, clock()) for record in records]
        publisher = DynamoDbPublisher(
            Table(client, table), clock, publisher_backoff(clock.sleep, lambda: 0.5)
        )
        changed = {item.item_id for item in items}
        assert publisher.publish(items, clock() + 60, changed=changed).failed == {}

    return publish
