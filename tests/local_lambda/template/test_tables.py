"""Tests how tables and the mappings of their streams are read, and made."""

import socket

import pytest

from local_lambda.application import Table
from local_lambda.table.table import create_missing_tables, make_client
from tests.local_lambda.template.reading import read


def test_a_table_and_its_mapping_are_read(tmp_path):
    application = read(
        tmp_path,
        """
        Resources:
          F:
            Type: AWS::Serverless::Function
            Properties:
              CodeUri: fn
              Handler: app.handler
              Runtime: python3.12
              Events:
                S:
                  Type: DynamoDB
                  Properties:
                    Stream: !GetAtt T.StreamArn
                    StartingPosition: TRIM_HORIZON
                    BatchSize: 25
                    MaximumBatchingWindowInSeconds: 1
                    MaximumRetryAttempts: 4
                    BisectBatchOnFunctionError: true
                    FunctionResponseTypes: [ReportBatchItemFailures]
                    FilterCriteria: {Filters: [{Pattern: '{"eventName": ["INSERT"]}'}]}
          T:
            Type: AWS::DynamoDB::Table
            Properties:
              KeySchema: [{AttributeName: PK, KeyType: HASH}]
              AttributeDefinitions: [{AttributeName: PK, AttributeType: S}]
              StreamSpecification: {StreamViewType: NEW_IMAGE}
              TimeToLiveSpecification: {AttributeName: ttl, Enabled: true}
        """,
    )
    mapping = application.mappings[0]
    assert (mapping.function, mapping.table, mapping.batch_size, mapping.maximum_retries) == (
        "F",
        "T",
        25,
        4,
    )
    assert mapping.from_start
    assert mapping.bisect
    assert mapping.report_item_failures
    assert mapping.patterns == ({"eventName": ["INSERT"]},)
    assert application.tables["T"].definition["StreamSpecification"] == {
        "StreamViewType": "NEW_IMAGE",
        "StreamEnabled": True,
    }
    assert "TimeToLiveSpecification" not in application.tables["T"].definition


def test_a_mapping_with_an_unknown_filter_operator_is_not_followed(tmp_path):
    text = """
    Resources:
      F:
        Type: AWS::Serverless::Function
        Properties:
          CodeUri: fn
          Handler: a.b
          Runtime: python3.13
          Events:
            E:
              Type: DynamoDB
              Properties:
                Stream: !GetAtt T.StreamArn
                FilterCriteria: {Filters: [{Pattern: '{"a": [{"cidr": "x"}]}'}]}
      T: {Type: AWS::Serverless::SimpleTable}
    """
    application = read(tmp_path, text)

    assert not application.mappings
    assert any("unknown operator" in str(finding) for finding in application.findings)


def test_a_table_that_dynamodb_refuses_is_named_and_the_others_are_made(client, caplog):
    good = {
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    }
    wrong = {**good, "KeySchema": [{"AttributeName": "other", "KeyType": "HASH"}]}
    malformed = {**good, "KeySchema": "id"}
    tables = [
        Table("Wrong", "refused-wrong", wrong),
        Table("Malformed", "refused-malformed", malformed),
        Table("Good", "refused-good", good),
    ]
    assert create_missing_tables(client, tables) == {"Good": None}
    assert "table.refused Wrong" in caplog.text
    assert "table.refused Malformed" in caplog.text


def test_an_endpoint_that_is_not_there_is_a_clear_error():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        nobody = make_client("dynamodb", url, region="us-east-1", attempts=1)
        with pytest.raises(OSError, match="--dynamodb-endpoint"):
            create_missing_tables(nobody, [Table("T", "t", {})])
