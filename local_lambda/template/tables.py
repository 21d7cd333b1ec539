"""Reads tables: AWS::DynamoDB::Table and AWS::Serverless::SimpleTable."""

from typing import Any

from local_lambda.application import Table
from local_lambda.template.resource import Resource
from local_lambda.template.stack import Stack
from local_lambda.template.values import SIMPLE_TABLE, TABLES

_PROPERTIES = (
    "AttributeDefinitions",
    "BillingMode",
    "GlobalSecondaryIndexes",
    "KeySchema",
    "LocalSecondaryIndexes",
    "ProvisionedThroughput",
    "StreamSpecification",
)


def read_tables(stack: Stack) -> dict[str, Table]:
    """Returns the tables by logical id."""
    tables = {}
    for resource in stack.of_type(*TABLES):
        with stack.catching(resource):
            tables[resource.logical_id] = _table(stack, resource)
    return tables


def _table(stack: Stack, resource: Resource) -> Table:
    properties = stack.resolve(resource.properties)
    if resource.kind == SIMPLE_TABLE:
        properties = _as_table_properties(properties)
    definition = {key: properties[key] for key in _PROPERTIES if key in properties}
    if "StreamSpecification" in definition:
        specification = {**definition["StreamSpecification"], "StreamEnabled": True}
        definition["StreamSpecification"] = specification
    return Table(resource.logical_id, stack.names[resource.logical_id], definition)


def _as_table_properties(simple: dict[str, Any]) -> dict[str, Any]:
    """Returns the properties of the AWS::DynamoDB::Table that SAM makes of a SimpleTable."""
    key = simple.get("PrimaryKey") or {"Name": "id", "Type": "String"}
    attribute = {"AttributeName": key["Name"], "AttributeType": key["Type"][0].upper()}
    return {
        "AttributeDefinitions": [attribute],
        "KeySchema": [{"AttributeName": key["Name"], "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
