"""Knows the values of `!Ref` and `!GetAtt` for the resources that the emulator serves.

Page aws-template-resource-type-ref.html in
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/
"""

from collections.abc import Mapping
from typing import Any

from local_lambda.application import ACCOUNT_ID
from local_lambda.template.cloudformation import Resolver, TemplateError
from local_lambda.template.resource import Resource

FUNCTION = "AWS::Serverless::Function"
PLAIN_FUNCTION = "AWS::Lambda::Function"
FUNCTIONS = (FUNCTION, PLAIN_FUNCTION)
LAYERS = ("AWS::Serverless::LayerVersion", "AWS::Lambda::LayerVersion")
TABLE = "AWS::DynamoDB::Table"
SIMPLE_TABLE = "AWS::Serverless::SimpleTable"
TABLES = (TABLE, SIMPLE_TABLE)
URL = "AWS::Lambda::Url"
_NAMES = ("FunctionName", "TableName")

References = dict[str, Any]
Attributes = dict[tuple[str, str], Any]


def physical_name(resolver: Resolver, resource: Resource) -> str:
    """Returns the name that the template gives the resource, or else its logical id."""
    for key in _NAMES:
        if name := resource.properties.get(key):
            try:
                return str(resolver.resolve(name))
            except TemplateError:
                break  # the module that reads the resource reports it
    return resource.logical_id


def values_of(
    resources: Mapping[str, Resource],
    names: Mapping[str, str],
    region: str,
    urls: Mapping[str, str],
) -> tuple[References, Attributes]:
    """Returns the values of `!Ref` and of `!GetAtt`."""
    references: References = {}
    attributes: Attributes = {}
    for logical_id, resource in resources.items():
        name = names[logical_id]
        if resource.kind in FUNCTIONS:
            references[logical_id] = name
            arn = f"arn:aws:lambda:{region}:{ACCOUNT_ID}:function:{name}"
            attributes[logical_id, "Arn"] = arn
        elif resource.kind in TABLES:
            references[logical_id] = name
            arn = f"arn:aws:dynamodb:{region}:{ACCOUNT_ID}:table/{name}"
            attributes[logical_id, "Arn"] = arn
            attributes[logical_id, "StreamArn"] = f"{arn}/stream/{logical_id}"
        elif resource.kind in LAYERS:
            references[logical_id] = layer_arn(logical_id, region)
    for logical_id, url in urls.items():
        attributes[f"{logical_id}Url", "FunctionUrl"] = url
    return references, attributes


def url_targets(
    resources: Mapping[str, Resource], names: Mapping[str, str], resolver: Resolver
) -> dict[str, str]:
    """Returns the functions of Function URLs that are resources of their own, by the URL's id."""
    functions = {names[name]: name for name, each in resources.items() if each.kind in FUNCTIONS}
    targets = {}
    for logical_id, resource in resources.items():
        if resource.kind != URL:
            continue
        try:
            target = str(resolver.resolve(resource.properties.get("TargetFunctionArn")))
        except TemplateError:
            continue  # the module that reads the URL reports it
        name = target.partition(":function:")[2].partition(":")[0] or target
        if name in functions:
            targets[logical_id] = functions[name]
    return targets


def layer_arn(logical_id: str, region: str) -> str:
    return f"arn:aws:lambda:{region}:{ACCOUNT_ID}:layer:{logical_id}:1"
