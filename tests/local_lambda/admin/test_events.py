"""Tests which events can be sent by hand."""

from local_lambda.admin.overview import sendable
from local_lambda.application import Application, Event, EventSourceMapping, Table


def test_records_of_a_table_can_be_sent_like_the_events_of_the_template():
    definition = {"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]}
    mapping = EventSourceMapping(
        "F", "Orders", patterns=({"eventName": ["INSERT"]},), report_item_failures=True
    )
    queue = Event("F", "Jobs", "SQS")
    application = Application(
        tables={"Orders": Table("Orders", "orders", definition)},
        mappings=(mapping,),
        events=(queue,),
    )

    first, record = sendable(application)

    assert first == queue
    assert (record.function, record.kind) == ("F", "DynamoDB")
    assert record.properties == {
        "Table": "orders",
        "KeySchema": definition["KeySchema"],
        "AttributeDefinitions": None,
        "FilterCriteria": {"Filters": [{"Pattern": '{"eventName": ["INSERT"]}'}]},
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
    }
