"""Reads the functions of a stack: AWS::Serverless::Function, and what belongs to them."""

from pathlib import Path
from zipfile import is_zipfile

from local_lambda.application import Function
from local_lambda.template.cloudformation import TemplateError
from local_lambda.template.function import read_function
from local_lambda.template.resource import Resource
from local_lambda.template.stack import Stack
from local_lambda.template.values import FUNCTION, LAYERS, URL, layer_arn


def read_functions(stack: Stack) -> dict[str, Function]:
    """Returns the functions by logical id. One that cannot be served becomes a finding."""
    layers = _layers(stack)
    urls = _urls(stack)
    functions = {}
    for resource in stack.of_type(FUNCTION):
        name = resource.logical_id
        properties = resource.properties
        if name in urls:
            properties = {**properties, "FunctionUrlConfig": urls[name]}
        with stack.catching(resource):
            functions[name] = read_function(stack, resource, properties, layers)
    return functions


def _layers(stack: Stack) -> dict[str, Path]:
    """Returns the layers of the template by ARN."""
    layers = {}
    for resource in stack.of_type(*LAYERS):
        with stack.catching(resource):
            layers[layer_arn(resource.logical_id, stack.region)] = _layer(stack, resource)
    return layers


def _layer(stack: Stack, resource: Resource) -> Path:
    content = stack.resolve(resource.properties.get("ContentUri"))
    path = stack.base / str(content)
    if not isinstance(content, str) or not (path.is_dir() or is_zipfile(path)):
        raise TemplateError(
            f"ContentUri {content!r} is neither a directory nor a zip file here",
            property="ContentUri",
        )
    return path


def _urls(stack: Stack) -> dict[str, object]:
    """Returns the configuration of Function URLs that are resources, by function."""
    found = {}
    for resource in stack.of_type(URL):
        target = stack.url_targets.get(resource.logical_id)
        if target is None:
            stack.report(
                resource,
                "no function of this template is its target",
                property="TargetFunctionArn",
                served=False,
            )
            continue
        with stack.catching(resource):
            found[target] = stack.resolve(resource.properties)
            found[target].pop("TargetFunctionArn", None)
    return found
