"""Reads tables: AWS::DynamoDB::Table and GlobalTable, and AWS::Serverless::SimpleTable.

Page aws-resource-dynamodb-table.html in
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html
"""

from typing import Any

from local_lambda.application import Table
from local_lambda.template.resource import Resource
from local_lambda.template.stack import Stack
from local_lambda.template.text import TemplateError
from local_lambda.template.values import GLOBAL_TABLE, SIMPLE_TABLE, TABLES
from local_lambda.template.written import Written, shown, whole_number

_INDEXES = ("GlobalSecondaryIndexes", "LocalSecondaryIndexes")
_CAPACITY = ("ReadCapacityUnits", "WriteCapacityUnits")
_NAMED = ("ImportSourceSpecification", "KinesisStreamSpecification")
_ON_DEMAND = "PAY_PER_REQUEST"
_BILLING_MODES = ("PROVISIONED", _ON_DEMAND)
_VIEW_TYPES = ("KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES")
_ATTRIBUTE_TYPES = ("S", "N", "B")


def read_tables(stack: Stack) -> dict[str, Table]:
    """Returns the tables by logical id. One that DynamoDB would refuse becomes a finding."""
    tables = {}
    names: dict[str, str] = {}
    for resource in stack.of_type(*TABLES):
        with stack.catching(resource):
            table = _table(stack, resource)
            first = names.setdefault(table.name, table.logical_id)
            if first != table.logical_id:
                raise TemplateError(
                    f"{first} has the name {table.name}, too",
                    property="TableName",
                    advice="choose another: AWS refuses it",
                )
            tables[table.logical_id] = table
    return tables


def _table(stack: Stack, resource: Resource) -> Table:
    properties = Written(stack, resource, resource.properties)
    is_simple = resource.kind == SIMPLE_TABLE
    definition = _simple(properties) if is_simple else _definition(properties)
    properties.text("TableName")  # names it if it is no text
    for key in _NAMED:
        if key in properties:
            properties.report(key, "this property is not emulated")
    return Table(resource.logical_id, stack.names[resource.logical_id], definition)


def _definition(properties: Written) -> dict[str, Any]:
    """Returns what CreateTable needs. Raises TemplateError for keys that DynamoDB refuses."""
    types = _attribute_types(properties)
    keys = _key_schema(properties.need("KeySchema"), "KeySchema", types)
    used = {key["AttributeName"] for key in keys}
    definition: dict[str, Any] = {"KeySchema": keys}
    provisioned = None
    if properties.resource.kind == GLOBAL_TABLE:
        # Its capacities are settings of automatic scaling.
        definition["BillingMode"] = _ON_DEMAND
    else:
        provisioned = _throughput(properties.need("ProvisionedThroughput"), "ProvisionedThroughput")
        if "BillingMode" in properties.values:
            default = _BILLING_MODES[0] if provisioned else _ON_DEMAND
            definition["BillingMode"] = properties.choice("BillingMode", _BILLING_MODES, default)
    is_on_demand = definition.get("BillingMode") == _ON_DEMAND
    if provisioned and not is_on_demand:
        definition["ProvisionedThroughput"] = provisioned
    for key in _INDEXES:
        if indexes := _indexes(properties, key, types, used, with_throughput=bool(provisioned)):
            definition[key] = indexes
    definition["AttributeDefinitions"] = [
        {"AttributeName": name, "AttributeType": kind} for name, kind in types.items()
    ]
    if unused := sorted(types.keys() - used):
        raise TemplateError(
            f"{', '.join(unused)} is defined, and no key uses it",
            property="AttributeDefinitions",
            advice="define the attributes of keys alone: DynamoDB refuses others",
        )
    if stream := _stream(properties):
        definition["StreamSpecification"] = stream
    return definition


def _attribute_types(properties: Written) -> dict[str, str]:
    key = "AttributeDefinitions"
    types = {}
    for each in _mappings(properties.need(key), key):
        name = each.get("AttributeName")
        kind = each.get("AttributeType")
        if not isinstance(name, str) or str(kind) not in _ATTRIBUTE_TYPES:
            raise TemplateError(
                f"{shown(each)} does not define an attribute",
                property=key,
                advice="{AttributeName: NAME, AttributeType: S, N or B}",
            )
        types[name] = str(kind)
    return types


def _key_schema(value: Any, way: str, types: dict[str, str]) -> list[dict[str, str]]:
    keys = []
    for each in _mappings(value, way):
        name = each.get("AttributeName")
        if str(name) not in types:
            raise TemplateError(
                f"{shown(name)} is a key, and AttributeDefinitions does not define it",
                property=way,
                advice="define it there",
            )
        keys.append({"AttributeName": str(name), "KeyType": str(each.get("KeyType"))})
    kinds = [key["KeyType"] for key in keys]
    if kinds not in (["HASH"], ["HASH", "RANGE"]):
        raise TemplateError(
            f"{shown(kinds)} is no key",
            property=way,
            advice="a key of type HASH, and one of type RANGE if there are two",
        )
    return keys


def _indexes(
    properties: Written, key: str, types: dict[str, str], used: set[str], with_throughput: bool
) -> list[dict[str, Any]]:
    """Returns the indexes, and adds the names of their keys to `used`."""
    indexes = []
    value = properties.need(key)
    for number, each in enumerate(_mappings(value, key) if value is not None else ()):
        way = f"{key}.{number}"
        keys = _key_schema(each.get("KeySchema"), f"{way}.KeySchema", types)
        used.update(name["AttributeName"] for name in keys)
        name = each.get("IndexName")
        projection = each.get("Projection")
        if not isinstance(name, str) or not isinstance(projection, dict):
            raise TemplateError(
                "IndexName or Projection is missing",
                property=way,
                advice="IndexName: NAME, Projection: {ProjectionType: ALL}",
            )
        index = {"IndexName": name, "KeySchema": keys, "Projection": projection}
        throughput = _throughput(each.get("ProvisionedThroughput"), f"{way}.ProvisionedThroughput")
        if throughput and with_throughput:
            index["ProvisionedThroughput"] = throughput
        indexes.append(index)
    return indexes


def _throughput(value: Any, way: str) -> dict[str, int] | None:
    if value is None:
        return None
    numbers = [whole_number(value.get(key)) for key in _CAPACITY] if isinstance(value, dict) else []
    capacities = [number for number in numbers if number]
    if len(capacities) < len(_CAPACITY):
        raise TemplateError(
            f"{shown(value)} is no throughput",
            property=way,
            advice="{ReadCapacityUnits: 5, WriteCapacityUnits: 5}, or BillingMode: PAY_PER_REQUEST",
        )
    return dict(zip(_CAPACITY, capacities, strict=True))


def _stream(properties: Written) -> dict[str, Any] | None:
    stream = properties.mapping("StreamSpecification")
    if stream is None:
        return None
    view_type = stream.choice("StreamViewType", _VIEW_TYPES, default="NEW_AND_OLD_IMAGES")
    return {"StreamViewType": view_type, "StreamEnabled": True}


def _mappings(value: Any, way: str) -> list[dict[str, Any]]:
    is_list = isinstance(value, list) and value
    if not is_list or not all(isinstance(each, dict) for each in value):
        text = f"{way.rpartition('.')[2]} is missing"
        if value is not None:
            text = f"{shown(value)} is no list of mappings"
        raise TemplateError(text, property=way, advice="DynamoDB needs it")
    return list(value)


def _simple(properties: Written) -> dict[str, Any]:
    """Returns the properties of the AWS::DynamoDB::Table that SAM makes of a SimpleTable."""
    name = "id"
    kind = "String"
    if key := properties.mapping("PrimaryKey"):
        name = key.text("Name", default=name)
        kind = key.choice("Type", ("String", "Number", "Binary"), default=kind)
    return {
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": kind[0]}],
        "KeySchema": [{"AttributeName": name, "KeyType": "HASH"}],
        "BillingMode": _ON_DEMAND,
    }
