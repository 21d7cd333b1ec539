"""Knows the values of `!Ref` and `!GetAtt` for the resources that the emulator serves.

Page aws-template-resource-type-ref.html in
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/
Page sam-specification-generated-resources.html in
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from local_lambda.application import ACCOUNT_ID
from local_lambda.template.cloudformation import Resolver
from local_lambda.template.resource import Resource
from local_lambda.template.service_values import SERVICES, Names
from local_lambda.template.text import TemplateError

FUNCTION = "AWS::Serverless::Function"
PLAIN_FUNCTION = "AWS::Lambda::Function"
FUNCTIONS = (FUNCTION, PLAIN_FUNCTION)
LAYERS = ("AWS::Serverless::LayerVersion", "AWS::Lambda::LayerVersion")
TABLE = "AWS::DynamoDB::Table"
GLOBAL_TABLE = "AWS::DynamoDB::GlobalTable"
SIMPLE_TABLE = "AWS::Serverless::SimpleTable"
TABLES = (TABLE, SIMPLE_TABLE, GLOBAL_TABLE)
URL = "AWS::Lambda::Url"
ALIAS = "AWS::Lambda::Alias"
VERSION = "AWS::Lambda::Version"
# Properties that name a resource, where it is not the last part of its type and `Name`.
_NAME_KEYS = {LAYERS[0]: "LayerName", LAYERS[1]: "LayerName", SIMPLE_TABLE: "TableName"}
_NAME_KEYS |= {GLOBAL_TABLE: "TableName", "AWS::Serverless::StateMachine": "Name"}
_SUBSTITUTED = re.compile(r"\$\{([A-Za-z0-9]+)")

References = dict[str, Any]
Attributes = dict[tuple[str, str], Any]


def physical_name(resolver: Resolver, resource: Resource) -> str:
    """Returns the name that the template gives the resource, or else its logical id."""
    last = resource.kind.rpartition("::")[2]
    for key in (_NAME_KEYS.get(resource.kind, f"{last}Name"), "Name"):
        name = text_of_property(resolver, resource, key)
        if name:
            return name
    is_bucket = resource.kind == "AWS::S3::Bucket"
    return resource.logical_id.lower() if is_bucket else resource.logical_id


def text_of_property(resolver: Resolver, resource: Resource, key: str) -> str:
    """Returns a property as text, or an empty text; the module that reads it reports mistakes."""
    properties = resource.properties
    value = properties.get(key) if isinstance(properties, dict) else None
    try:
        resolved = resolver.resolve(value)
    except TemplateError:
        return ""
    return str(resolved) if isinstance(resolved, str | int) else ""


def values_of(
    resources: Mapping[str, Resource],
    names: Mapping[str, str],
    region: str,
    urls: Mapping[str, str],
    resolver: Resolver,
) -> tuple[References, Attributes]:
    """Returns the values of `!Ref` and of `!GetAtt`."""
    references: References = {}
    attributes: Attributes = {}
    for logical_id, resource in resources.items():
        name = names[logical_id]
        if resource.kind in FUNCTIONS:
            references[logical_id] = name
            attributes[logical_id, "Arn"] = _function_arn(name, region)
        elif resource.kind in TABLES:
            references[logical_id] = name
            arn = f"arn:aws:dynamodb:{region}:{ACCOUNT_ID}:table/{name}"
            attributes[logical_id, "Arn"] = arn
            attributes[logical_id, "StreamArn"] = f"{arn}/stream/{logical_id}"
        elif resource.kind in LAYERS:
            references[logical_id] = layer_arn(name, region)
            attributes[logical_id, "LayerVersionArn"] = references[logical_id]
        elif resource.kind in SERVICES:
            known = SERVICES[resource.kind].values(Names(logical_id, name, region, ACCOUNT_ID))
            references[logical_id] = known.pop("Ref")
            attributes.update({(logical_id, key): value for key, value in known.items()})
    for logical_id, url in urls.items():
        attributes[f"{logical_id}Url", "FunctionUrl"] = url
    for logical_id, resource in resources.items():
        _add_qualified(logical_id, resources, names, region, resolver, references, attributes)
        if resource.kind == FUNCTION:
            _add_generated(logical_id, references, attributes)
    return references, attributes


def _add_qualified(
    logical_id: str,
    resources: Mapping[str, Resource],
    names: Mapping[str, str],
    region: str,
    resolver: Resolver,
    references: References,
    attributes: Attributes,
) -> None:
    """Adds the values of aliases and versions."""
    resource = resources[logical_id]
    if resource.kind in (ALIAS, VERSION):
        function = target_of(resource.properties.get("FunctionName"), resources, names)
        if function is None:
            return
        arn = _function_arn(names[function], region)
        attributes[logical_id, "FunctionArn"] = arn
        qualifier = names[logical_id]
        if resource.kind == VERSION:
            qualifier = version_number(logical_id, resources, names)
            attributes[logical_id, "Version"] = qualifier
        references[logical_id] = f"{arn}:{qualifier}"
        attributes[logical_id, "AliasArn"] = references[logical_id]
    elif resource.kind == FUNCTION:
        alias = text_of_property(resolver, resource, "AutoPublishAlias")
        if alias:
            arn = _function_arn(names[logical_id], region)
            references[f"{logical_id}.Alias"] = f"{arn}:{alias}"
            references[f"{logical_id}Alias{alias}"] = f"{arn}:{alias}"
            references[f"{logical_id}.Version"] = f"{arn}:1"
            attributes[f"{logical_id}.Version", "Version"] = "1"
            attributes[logical_id, "Version.Version"] = "1"


def _add_generated(logical_id: str, references: References, attributes: Attributes) -> None:
    """Adds the role that SAM makes for a function."""
    role = f"{logical_id}Role"
    if role not in references:
        references[role] = role
        attributes[role, "Arn"] = f"arn:aws:iam::{ACCOUNT_ID}:role/{role}"


def version_number(
    logical_id: str, resources: Mapping[str, Resource], names: Mapping[str, str]
) -> str:
    """Returns the number of an AWS::Lambda::Version: its place among those of its function."""
    function = target_of(resources[logical_id].properties.get("FunctionName"), resources, names)
    number = 0
    for name, each in resources.items():
        if each.kind == VERSION:
            target = target_of(each.properties.get("FunctionName"), resources, names)
            number += target == function
        if name == logical_id:
            break
    return str(number)


def target_of(
    value: Any, resources: Mapping[str, Resource], names: Mapping[str, str], depth: int = 0
) -> str | None:
    """Returns the logical id of the function that a property refers to, or None.

    The value is as it is written: a name, an ARN, or a reference to a function, an alias or a
    version.
    """
    for name in referred(value):
        each = resources.get(name.partition(".")[0])
        if each is None:
            continue
        if each.kind in FUNCTIONS:
            return each.logical_id
        if each.kind in (ALIAS, VERSION) and depth < len(resources):
            return target_of(each.properties.get("FunctionName"), resources, names, depth + 1)
    return function_named(value, resources, names) if isinstance(value, str) else None


def function_named(
    text: str, resources: Mapping[str, Resource], names: Mapping[str, str]
) -> str | None:
    """Returns the logical id of the function with this name or ARN, with or without qualifier."""
    name = (text.partition(":function:")[2] or text).partition(":")[0]
    for logical_id, each in resources.items():
        if each.kind in FUNCTIONS and names[logical_id] == name:
            return logical_id
    return None


def referred(value: Any) -> Iterator[str]:
    """Yields the names that a value refers to by `Ref`, `Fn::GetAtt` and `Fn::Sub`."""
    if isinstance(value, list):
        for item in value:
            yield from referred(item)
    if not isinstance(value, dict):
        return
    for key, argument in value.items():
        if key == "Ref" and isinstance(argument, str):
            yield argument
        elif key == "Fn::GetAtt":
            first = argument[0] if isinstance(argument, list) and argument else argument
            if isinstance(first, str):
                yield first.partition(".")[0]
        else:
            if key == "Fn::Sub":
                text = argument[0] if isinstance(argument, list) and argument else argument
                yield from _SUBSTITUTED.findall(text) if isinstance(text, str) else ()
            yield from referred(argument)


def url_targets(
    resources: Mapping[str, Resource], names: Mapping[str, str], resolver: Resolver
) -> dict[str, str]:
    """Returns the functions of Function URLs that are resources of their own, by the URL's id."""
    targets = {}
    for logical_id, resource in resources.items():
        if resource.kind != URL:
            continue
        target = text_of_property(resolver, resource, "TargetFunctionArn")
        if function := function_named(target, resources, names):
            targets[logical_id] = function
    return targets


def _function_arn(name: str, region: str) -> str:
    return f"arn:aws:lambda:{region}:{ACCOUNT_ID}:function:{name}"


def layer_arn(name: str, region: str) -> str:
    return f"arn:aws:lambda:{region}:{ACCOUNT_ID}:layer:{name}:1"
