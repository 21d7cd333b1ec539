"""Tests the moto process with future releases of moto."""

import socket
import subprocess
import sys

import boto3
import pytest
from botocore.config import Config

from local_lambda.programs.moto_process import item_bytes
from tests.support.paths import ROOT

MOTO = ROOT / "local_lambda/programs/moto_process.py"


# Removes something that the corrections need, as a release of moto might, and starts the process.
ANOTHER_MOTO = """
import runpy, sys
{change}
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


CHANGES = {
    "a class is gone": "import moto.core.serialize as m; del m.ResponseSerializer",
    "a method is gone": "from moto.dynamodb.models.table import Table; del Table.all_items",
}


@pytest.mark.parametrize("change", CHANGES)
def test_another_moto_is_served_as_it_is_with_a_warning(change):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        number = listener.fileno()
        code = ANOTHER_MOTO.format(change=CHANGES[change])
        command = [sys.executable, "-c", code, str(MOTO), str(number)]
        process = subprocess.Popen(command, pass_fds=[number], stderr=subprocess.PIPE, text=True)
        port = listener.getsockname()[1]
    try:
        client = boto3.client(
            "dynamodb",
            endpoint_url=f"http://127.0.0.1:{port}",
            region_name="us-east-1",
            aws_access_key_id="any",
            aws_secret_access_key="any",
            config=Config(read_timeout=30, retries={"max_attempts": 0}),
        )
        assert client.list_tables()["TableNames"] == []
        assert "WARNING moto is not laid out as in " in process.stderr.readline()
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


LIMIT = 400 * 1024
AT = {"PK": {"S": "a"}, "SK": {"S": "b"}}  # 6 bytes


def put_of(size):
    """Makes an item of exactly so many bytes."""
    return AT | {"x": {"S": "x" * (size - len("PKaSKbx"))}}


def update_adding(table, size):
    return {
        "TableName": table,
        "Key": AT,
        "UpdateExpression": "SET y = :y",
        "ExpressionAttributeValues": {":y": {"S": "y" * (size - 1)}},
    }


def test_an_item_may_have_400_kb_and_no_byte_more(client, table):
    client.put_item(TableName=table, Item=put_of(LIMIT))
    with pytest.raises(client.exceptions.ClientError, match="Item size has exceeded the maximum"):
        client.put_item(TableName=table, Item=put_of(LIMIT + 1))


def test_an_update_may_fill_an_item_and_add_no_byte_more(client, table):
    client.put_item(TableName=table, Item=put_of(LIMIT - 100))
    with pytest.raises(client.exceptions.ClientError, match="Item size to update has exceeded"):
        client.update_item(**update_adding(table, 101))
    assert client.get_item(TableName=table, Key=AT)["Item"] == put_of(LIMIT - 100)
    client.update_item(**update_adding(table, 100))


def test_a_transaction_is_cancelled_by_the_action_that_makes_an_item_too_large(client, table):
    client.put_item(TableName=table, Item=put_of(LIMIT))
    other = {"TableName": table, "Item": {"PK": {"S": "other"}, "SK": {"S": "other"}}}
    actions = [{"Put": other}, {"Update": update_adding(table, 1)}]
    with pytest.raises(client.exceptions.TransactionCanceledException) as caught:
        client.transact_write_items(TransactItems=actions)
    reasons = caught.value.response["CancellationReasons"]
    assert [reason["Code"] for reason in reasons] == ["None", "ValidationError"]
    assert reasons[1]["Message"] == "Item size to update has exceeded the maximum allowed size"
    assert client.scan(TableName=table)["Items"] == [put_of(LIMIT)]


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ({"S": "é"}, 2),
        ({"N": "1"}, 2),
        ({"N": "100"}, 2),
        ({"N": "-12.5"}, 4),
        ({"BOOL": True}, 1),
        ({"NULL": True}, 1),
        ({"L": [{"S": "a"}]}, 5),
        ({"M": {"k": {"S": "a"}}}, 6),
        ({"B": "AAAA"}, 3),
        ({"SS": ["a", "bc"]}, 3),
    ],
)
def test_a_value_has_dynamodbs_size(value, size):
    assert item_bytes({"n": value}) == 1 + size
