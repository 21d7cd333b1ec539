"""Gives functions the variables of `--env-vars`, as `sam local` does.

A variable counts only where the template declares it. A function is named by its logical id, its
name, or the id that the CDK or the metadata `SamResourceId` gives it.
Page serverless-sam-cli-using-invoke.html in
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from local_lambda.application import Function
from local_lambda.template.parameters import as_text
from local_lambda.template.stack import Stack

_FOR_ALL = "Parameters"


def with_variables(
    functions: Mapping[str, Function], stack: Stack, given: Mapping[str, Mapping[str, Any]]
) -> dict[str, Function]:
    """Returns the functions with their variables overridden. Reports names that nothing has."""
    changed = {}
    unknown = {name: None for name in given if name != _FOR_ALL}
    for logical_id, function in functions.items():
        own: Mapping[str, Any] = {}
        for name in reversed(_names(function, stack)):
            if name in given and name != _FOR_ALL:
                unknown.pop(name, None)
                own = given[name] or own
        values = {**given.get(_FOR_ALL, {}), **own}
        variables = {
            name: _variable(values[name]) if name in values else value
            for name, value in function.environment.items()
        }
        changed[logical_id] = replace(function, environment=variables)
        for name in own.keys() - function.environment.keys():
            _report(stack, logical_id, name)
    for name in unknown:
        stack.report(None, f"--env-vars: no function that is served is named {name}")
    declared = {name for function in functions.values() for name in function.environment}
    _report_for_all(stack, given.get(_FOR_ALL, {}), declared)
    return changed


def _names(function: Function, stack: Stack) -> list[str]:
    """Returns the names of a function, the one that counts first in front."""
    names = [function.logical_id]
    resource = stack.resources.get(function.logical_id)
    metadata = resource.metadata if resource else {}
    path = metadata.get("aws:cdk:path")
    if isinstance(metadata.get("SamResourceId"), str):
        names.append(metadata["SamResourceId"])
    elif isinstance(path, str):
        names.append(path.removesuffix("/Resource").rpartition("/")[2])
    return [*names, function.name]


def _variable(value: Any) -> str:
    """Returns a value as sam hands it on: lists, mappings and null are empty texts."""
    if value is None or isinstance(value, list | dict):
        return ""
    return as_text(value)


def _report(stack: Stack, logical_id: str, variable: str) -> None:
    stack.report(
        stack.resources.get(logical_id),
        f"--env-vars: the template declares no variable {variable}; it is not set",
        property="Environment.Variables",
        advice=f"declare {variable} there; sam passes it over as well",
    )


def _report_for_all(stack: Stack, given: Iterable[str], declared: set[str]) -> None:
    for name in given:
        if name not in declared:
            stack.report(None, f"--env-vars: no function declares a variable {name}; it is not set")
