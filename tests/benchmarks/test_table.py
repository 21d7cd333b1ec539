"""Does the benchmark's table answer as moto does, and charge as DynamoDB documents it?"""

import pytest
from dashboard_data import DynamoDbFeed, Table
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.table.expressions import Given, InvalidExpression, condition, update
from benchmarks.table.publishing import LocalClient, Publishing
from benchmarks.table.store import Refused, Store

A = {"PK": {"S": "p"}, "SK": {"S": "s-a"}}
B = {"PK": {"S": "p"}, "SK": {"S": "s-b"}}
ONE = {":one": {"N": "1"}}
PAGE = {"KeyConditionExpression": "PK = :p AND begins_with(SK, :s)"}
PAGE["ExpressionAttributeValues"] = {":p": {"S": "p"}, ":s": {"S": "s-"}}
BETWEEN = {"KeyConditionExpression": "PK = :p AND SK BETWEEN :l AND :h"}
BETWEEN["ExpressionAttributeValues"] = {":p": {"S": "p"}, ":l": {"S": "s-a"}, ":h": {"S": "s-a"}}
CALLS = [
    ("put_item", {"Item": {**A, "n": {"N": "1"}, "b": {"B": b"\0\xff"}}}),
    ("put_item", {"Item": A, "ConditionExpression": "attribute_not_exists(PK)"}),
    ("get_item", {"Key": A, "ConsistentRead": True}),
    ("get_item", {"Key": B}),
    (
        "update_item",
        {
            "Key": A,
            "UpdateExpression": "ADD #n :one SET m = :m, seen = if_not_exists(seen, :one)",
            "ConditionExpression": "n <= :one AND (attribute_exists(b) OR NOT n = :one)",
            "ExpressionAttributeNames": {"#n": "n"},
            "ExpressionAttributeValues": {**ONE, ":m": {"M": {"a": {"L": [{"N": "1"}]}}}},
            "ReturnValues": "ALL_NEW",
        },
    ),
    (
        "update_item",
        {
            "Key": A,
            "UpdateExpression": "SET m.a[0] = :one, m.#c = n - :one REMOVE seen",
            "ExpressionAttributeNames": {"#c": "c"},
            "ExpressionAttributeValues": ONE,
            "ReturnValues": "ALL_NEW",
        },
    ),
    (
        "update_item",
        {
            "Key": B,
            "UpdateExpression": "ADD kinds :kinds",
            "ExpressionAttributeValues": {":kinds": {"SS": ["x", "y"]}},
            "ReturnValues": "ALL_NEW",
        },
    ),
    (
        "update_item",
        {
            "Key": B,
            "UpdateExpression": "DELETE kinds :kinds",
            "ExpressionAttributeValues": {":kinds": {"SS": ["x"]}},
            "ReturnValues": "ALL_NEW",
        },
    ),
    (
        "update_item",
        {
            "Key": B,
            "UpdateExpression": "SET x = :one",
            "ConditionExpression": "x = :one",
            "ExpressionAttributeValues": ONE,
        },
    ),
    ("query", PAGE),
    ("query", {**PAGE, "Limit": 1}),
    ("query", {**PAGE, "ScanIndexForward": False}),
    ("query", {**PAGE, "Limit": 2, "ExclusiveStartKey": A}),
    ("query", {**PAGE, "Select": "COUNT"}),
    ("query", BETWEEN),
    ("delete_item", {"Key": B, "ReturnValues": "ALL_OLD"}),
    ("delete_item", {"Key": B}),
]


@pytest.fixture
def store():
    return Store()


def answers(client, table):
    """Returns what each of the calls gives, or the code of its error."""
    found = []
    for operation, request in CALLS:
        try:
            response = getattr(client, operation)(TableName=table, **request)
        except Exception as error:
            found.append(error.response["Error"]["Code"])
        else:
            for name in ("ResponseMetadata", "ConsumedCapacity"):
                response.pop(name, None)
            found.append(response)
    return found


def test_it_answers_as_moto_does(client, table, store):
    assert answers(LocalClient(store), table) == answers(client, table)


def actions(table, condition):
    return [
        {"Put": {"TableName": table, "Item": B}},
        {
            "Update": {
                "TableName": table,
                "Key": A,
                "UpdateExpression": "SET n = :one",
                "ConditionExpression": condition,
                "ExpressionAttributeValues": ONE,
            }
        },
    ]


@pytest.mark.parametrize("condition", ["attribute_not_exists(PK)", "n = :one"])
def test_a_transaction_does_all_or_nothing_as_in_moto(client, table, store, condition):
    found = []
    for each in (client, LocalClient(store)):
        codes = None
        try:
            each.transact_write_items(TransactItems=actions(table, condition))
        except Exception as error:
            codes = [reason["Code"] for reason in error.response["CancellationReasons"]]
        found.append((codes, "Item" in each.get_item(TableName=table, Key=B)))

    assert found[0] == found[1]


def test_a_feed_that_was_published_into_it_can_be_read(store):
    publishing = Publishing(store)
    ids = publishing.publish(3)
    feed = DynamoDbFeed(Table(LocalClient(store), "benchmark"), lambda: 0)
    cursor = feed.head().cursor

    assert [each.item.item_id for each in feed.recent(cursor, 10)] == ids[::-1]
    assert set(publishing.committed) == set(ids)


def test_seeded_items_do_not_disturb_the_feed(store):
    publishing = Publishing(store)
    publishing.seed(1_200)
    feed = DynamoDbFeed(Table(LocalClient(store), "benchmark"), lambda: 0)
    marks = sum(name.startswith("ITEM#") for name in store.partitions)

    assert feed.head().seq == 500
    assert marks == 1_200
    assert len(feed.recent(feed.head().cursor, 20)) == 20


@pytest.mark.parametrize(
    ("size", "consistent", "units"),
    [(100, True, 1), (100, False, 0.5), (4_000, True, 1), (4_200, True, 2), (9_000, False, 1.5)],
)
def test_a_read_costs_what_dynamodb_charges(store, size, consistent, units):
    store.put({**A, "x": {"S": "x" * size}})
    store.call("GetItem", {"Key": A, "ConsistentRead": consistent})

    assert store.counted["read_units"] == units


def test_a_query_is_charged_for_the_sum_of_its_records(store):
    for number in range(100):
        store.put({"PK": {"S": "p"}, "SK": {"S": f"s-{number:03d}"}, "x": {"S": "x" * 100}})
    store.call("Query", {**PAGE, "ConsistentRead": True})

    assert store.counted["read_units"] == 3  # some 110 bytes each
    assert store.counted["requests"] == 1


def test_reads_that_find_nothing_are_charged_each(store):
    store.call("BatchGetItem", {"RequestItems": {"t": {"Keys": [A, B]}}})

    assert store.counted["read_units"] == 1


def test_a_transaction_is_charged_twice(store):
    table = "t"
    store.call("TransactWriteItems", {"TransactItems": actions(table, "attribute_not_exists(n)")})

    assert store.counted["write_units"] == 4


@pytest.mark.parametrize(
    ("operation", "request_", "most"),
    [
        ("GetItem", {"Key": A, "ConsistentRead": True}, 3000),
        ("PutItem", {"Item": A}, 1000),
        ("TransactWriteItems", {"TransactItems": [{"Put": {"Item": A}}]}, 500),
    ],
)
def test_a_partition_refuses_what_is_more_than_it_bears_in_a_second(operation, request_, most):
    now_s = [10.0]
    store = Store(lambda: now_s[0])
    store.limited = True
    for _ in range(most):
        store.call(operation, request_)
    with pytest.raises(Refused):
        store.call(operation, request_)
    now_s[0] += 1

    store.call(operation, request_)


def test_an_operation_that_it_does_not_know_fails(store):
    with pytest.raises(Refused):
        store.call("Scan", {})


@given(text=st.text(alphabet="aPK:#=<>()[].,+- ORANDSET01", max_size=30))
def test_a_text_that_is_no_expression_is_refused_and_nothing_else(text):
    for compile_ in (condition, update):
        try:
            compile_(text)
        except InvalidExpression:
            continue


def test_and_binds_closer_than_or():
    test = condition("attribute_exists(x) OR attribute_exists(y) AND attribute_exists(z)")

    assert test({"x": {"N": "1"}}, Given({}, {}))
    assert not test({"y": {"N": "1"}}, Given({}, {}))
