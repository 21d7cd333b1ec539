"""Reads the functions of a stack, and what belongs to them: layers, URLs, versions, aliases."""

import re
from collections.abc import Mapping

from local_lambda.application import Function
from local_lambda.template.differences import report_destinations
from local_lambda.template.function import read_function
from local_lambda.template.layer_sources import LayerSources
from local_lambda.template.layers import Layers
from local_lambda.template.qualifiers import qualifiers_of
from local_lambda.template.resource import Resource
from local_lambda.template.stack import Stack
from local_lambda.template.urls import read_urls
from local_lambda.template.values import FUNCTIONS
from local_lambda.template.written import Written, shown

INVOKE_CONFIG = "AWS::Lambda::EventInvokeConfig"
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
# Functions that CDK adds for deployments, by their construct paths and by their logical ids, which
# are all that there is without metadata. Nobody calls them here.
_HELPERS_OF_CDK = (
    "/AWS679f53fac002430cb0da5b7982bd2287/",
    "/BucketNotificationsHandler050a0587b7544547bf325f094a3db834/",
    "/Custom::",
    "/LogRetentionaae0aa3c5b4d4f87b02d85b201efdd8a/",
    "/framework-",
)
_IDS_OF_HELPERS = re.compile(
    "AWS679f53fac002430cb0da5b7982bd2287.*"
    "|BucketNotificationsHandler050a0587b7544547bf325f094a3db834.*"
    "|Custom.*CustomResourceProvider.*[0-9A-F]{8}"
    "|CustomCDKBucketDeployment.*"
    "|LogRetentionaae0aa3c5b4d4f87b02d85b201efdd8a.*"
    "|.*framework(onEvent|isComplete|onTimeout)[0-9A-F]{8}"
)


def read_functions(stack: Stack, sources: LayerSources | None = None) -> dict[str, Function]:
    """Returns the functions by logical id. One that cannot be served becomes a finding."""
    layers = Layers(stack, sources or LayerSources())
    urls = read_urls(stack)
    qualifiers = qualifiers_of(stack)
    functions = {}
    for resource in stack.of_type(*FUNCTIONS):
        if is_helper_of_cdk(resource):
            continue
        name = resource.logical_id
        properties = Written(stack, resource, resource.properties)
        with stack.catching(resource):
            functions[name] = read_function(
                properties,
                layers,
                urls.get(name),
                qualifiers.get(name, ()),
            )
            _check_name(properties)
    layers.report_missing()
    _report_destinations(stack)
    _report_duplicates(stack, functions)
    return functions


def is_helper_of_cdk(resource: Resource) -> bool:
    path = resource.metadata.get("aws:cdk:path")
    if isinstance(path, str) and any(part in path for part in _HELPERS_OF_CDK):
        return True
    return bool(_IDS_OF_HELPERS.fullmatch(resource.logical_id))


def _report_destinations(stack: Stack) -> None:
    for resource in stack.of_type(INVOKE_CONFIG):
        report_destinations(Written(stack, resource, resource.properties))


def _check_name(properties: Written) -> None:
    """Names a function's name that Lambda refuses."""
    name = properties.text("FunctionName")
    if name and not _NAME.fullmatch(name):
        text = f"{shown(name)} is no name of a function for Lambda"
        properties.report("FunctionName", text, advice="use up to 64 letters, digits, - and _")


def _report_duplicates(stack: Stack, functions: Mapping[str, Function]) -> None:
    """Names functions that share a name with an earlier one."""
    names: dict[str, str] = {}
    for logical_id, function in functions.items():
        first = names.setdefault(function.name, logical_id)
        if first != logical_id:
            stack.report(
                stack.resources[logical_id],
                f"{first} has the name {function.name}, too",
                property="FunctionName",
                advice="choose another: AWS refuses it",
            )
