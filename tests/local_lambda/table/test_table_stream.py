"""Tests that every write reaches the function, through errors and partial failures."""

import boto3
import pytest
from botocore.exceptions import ClientError

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def table(emulator):
    resource = boto3.resource(
        "dynamodb",
        endpoint_url=emulator.dynamodb_url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    return resource.Table(emulator.table)


def times_seen(table, key):
    return int(table.get_item(Key={"PK": f"SEEN#{key}", "SK": "x"}).get("Item", {}).get("times", 0))


def test_inserts_that_match_the_filter_reach_the_function(emulator, table):
    table.put_item(Item={"PK": "A", "SK": "OTHER"})
    table.put_item(Item={"PK": "B", "SK": "ITEM"})
    emulator.wait_for(lambda: times_seen(table, "B"))
    assert times_seen(table, "A") == 0


def test_a_reported_item_is_delivered_again_with_those_after_it(emulator, table):
    with table.batch_writer() as batch:
        batch.put_item(Item={"PK": "P1", "SK": "ITEM"})
        batch.put_item(Item={"PK": "P2", "SK": "ITEM", "fail_once": True})
        batch.put_item(Item={"PK": "P3", "SK": "ITEM"})
    emulator.wait_for(lambda: all(times_seen(table, key) for key in ("P1", "P2", "P3")))
    assert times_seen(table, "P1") == 1


def test_a_batch_whose_function_raised_is_delivered_again(emulator, table):
    table.put_item(Item={"PK": "R", "SK": "ITEM", "raise_once": True})
    emulator.wait_for(lambda: times_seen(table, "R"))


def test_a_rolled_back_transaction_leaves_no_records_and_loses_no_writes(emulator, table):
    client = table.meta.client
    with pytest.raises(ClientError, match="TransactionCanceled"):
        client.transact_write_items(
            TransactItems=[
                {"Put": {"TableName": table.name, "Item": {"PK": "ROLLED", "SK": "ITEM"}}},
                {
                    "Update": {
                        "TableName": table.name,
                        "Key": {"PK": "B", "SK": "ITEM"},
                        "UpdateExpression": "SET changed = :yes",
                        "ExpressionAttributeValues": {":yes": True},
                    }
                },
                {
                    "ConditionCheck": {
                        "TableName": table.name,
                        "Key": {"PK": "nothing", "SK": "x"},
                        "ConditionExpression": "attribute_exists(PK)",
                    }
                },
            ]
        )
    assert "Item" not in table.get_item(Key={"PK": "ROLLED", "SK": "ITEM"})
    assert "changed" not in table.get_item(Key={"PK": "B", "SK": "ITEM"}).get("Item", {})
    table.put_item(Item={"PK": "AFTER", "SK": "ITEM"})
    emulator.wait_for(lambda: times_seen(table, "AFTER"))
    assert times_seen(table, "ROLLED") == 0


def test_a_query_sees_its_own_partition_in_order(table):
    for number in ("2", "1", "3"):
        table.put_item(Item={"PK": "Q", "SK": number})
    table.put_item(Item={"PK": "Q2", "SK": "1"})
    found = table.query(KeyConditionExpression=boto3.dynamodb.conditions.Key("PK").eq("Q"), Limit=2)
    assert [item["SK"] for item in found["Items"]] == ["1", "2"]
    rest = table.query(
        KeyConditionExpression=boto3.dynamodb.conditions.Key("PK").eq("Q"),
        ExclusiveStartKey=found["LastEvaluatedKey"],
    )
    assert [item["SK"] for item in rest["Items"]] == ["3"]
    assert (
        table.query(KeyConditionExpression=boto3.dynamodb.conditions.Key("PK").eq("none"))["Count"]
        == 0
    )
