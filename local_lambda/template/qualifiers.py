"""Reads the aliases and versions of functions: SAM's AutoPublishAlias, and plain resources.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-aliases.html
Page sam-resource-function.html (AutoPublishAlias) in
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/
"""

from local_lambda.template.stack import Stack
from local_lambda.template.values import (
    ALIAS,
    FUNCTION,
    VERSION,
    target_of,
    text_of_property,
    version_number,
)


def qualifiers_of(stack: Stack) -> dict[str, tuple[str, ...]]:
    """Returns the names of the versions and aliases of functions, by logical id."""
    found: dict[str, list[str]] = {}
    for resource in stack.of_type(FUNCTION):
        if alias := text_of_property(stack.resolver, resource, "AutoPublishAlias"):
            found[resource.logical_id] = ["1", alias]
    for resource in stack.of_type(VERSION, ALIAS):
        written = resource.properties.get("FunctionName")
        function = target_of(written, stack.resources, stack.names)
        if function is None:
            stack.report(
                resource,
                "no function of this template is its target",
                property="FunctionName",
                advice="name a function of this template, such as !Ref F",
                served=False,
            )
            continue
        qualifier = stack.names[resource.logical_id]
        if resource.kind == VERSION:
            qualifier = version_number(resource.logical_id, stack.resources, stack.names)
        found.setdefault(function, []).append(qualifier)
    return {name: tuple(dict.fromkeys(qualifiers)) for name, qualifiers in found.items()}
