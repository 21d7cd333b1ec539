"""Tests the proxy that lets the table fail in DynamoDB's own words."""

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError

from tests.support.dynamodb_proxy import (
    expired_credentials,
    failing,
    hanging,
    moto_behind_proxy,
    refusing,
    throttling,
    unprocessed,
)

RECORD = {"PK": {"S": "a"}, "SK": {"S": "b"}}


@pytest.fixture(scope="module")
def proxy():
    with moto_behind_proxy() as proxy:
        yield proxy


def client_of(proxy, read_timeout_s):
    return boto3.client(
        "dynamodb",
        endpoint_url=proxy.url,
        region_name="eu-central-1",
        aws_access_key_id="none",
        aws_secret_access_key="none",
        config=Config(read_timeout=read_timeout_s, retries={"total_max_attempts": 1}),
    )


@pytest.fixture(scope="module")
def proxied(proxy):
    client_of(proxy, read_timeout_s=60).create_table(
        TableName="t",
        KeySchema=[
            {"AttributeName": "PK", "KeyType": "HASH"},
            {"AttributeName": "SK", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[{"AttributeName": each, "AttributeType": "S"} for each in RECORD],
        BillingMode="PAY_PER_REQUEST",
    )
    return client_of(proxy, read_timeout_s=1)


def test_without_a_fault_everything_is_passed_on(proxied):
    proxied.put_item(TableName="t", Item=RECORD)
    assert proxied.get_item(TableName="t", Key=RECORD)["Item"] == RECORD


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (failing, "InternalServerError"),
        (throttling, "ProvisionedThroughputExceededException"),
        (expired_credentials, "ExpiredTokenException"),
    ],
)
def test_a_fault_has_dynamodbs_code_while_it_lasts(proxy, proxied, answer, code):
    with (
        proxy.fault(answer, lambda request: request.operation == "GetItem"),
        pytest.raises(proxied.exceptions.ClientError, match=code),
    ):
        proxied.get_item(TableName="t", Key=RECORD)
    proxied.get_item(TableName="t", Key=RECORD)


def test_a_throttled_transaction_names_a_reason_for_each_action(proxy, proxied):
    actions = [
        {"Delete": {"TableName": "t", "Key": {"PK": {"S": k}, "SK": {"S": k}}}} for k in "cd"
    ]
    with (
        proxy.fault(throttling),
        pytest.raises(proxied.exceptions.TransactionCanceledException) as caught,
    ):
        proxied.transact_write_items(TransactItems=actions)
    reasons = caught.value.response["CancellationReasons"]
    assert [reason["Code"] for reason in reasons] == ["ThrottlingError"] * 2


def test_keys_are_left_unread(proxy, proxied):
    keys = {"t": {"Keys": [RECORD]}}
    with proxy.fault(unprocessed):
        assert proxied.batch_get_item(RequestItems=keys)["UnprocessedKeys"] == keys


@pytest.mark.parametrize(
    ("answer", "error"), [(refusing, ConnectionClosedError), (hanging, ReadTimeoutError)]
)
def test_an_outage_hangs_up_or_does_not_reply(proxy, proxied, answer, error):
    with proxy.fault(answer), pytest.raises(error):
        proxied.get_item(TableName="t", Key=RECORD)
    proxied.get_item(TableName="t", Key=RECORD)


def test_a_slow_table_replies_late(proxy, proxied):
    with proxy.slow(1.5), pytest.raises(ReadTimeoutError):
        proxied.get_item(TableName="t", Key=RECORD)
