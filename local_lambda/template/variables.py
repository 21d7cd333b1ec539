"""Gives functions the variables of `--env-vars`, as `sam local` does.

A variable counts only where the template declares it. A function is named by its logical id, its
name, or the id that the CDK or the metadata `SamResourceId` gives it.
Page serverless-sam-cli-using-invoke.html in
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from local_lambda.application import Application, Finding, Function
from local_lambda.template.parameters import as_text
from local_lambda.template.stack import Stack

_FOR_ALL = "Parameters"


def with_variables(
    application: Application, stack: Stack, given: Mapping[str, Mapping[str, Any]]
) -> Application:
    """Returns the application with variables overridden, and reports names that nothing has.

    What was found about a variable of the template is no longer so if its value is given.
    """
    functions = {}
    settled: set[tuple[str, str]] = set()
    unused = {name: None for name in given if name != _FOR_ALL}
    for logical_id, function in application.functions.items():
        own: Mapping[str, Any] = {}
        for name in reversed(_names(function, stack)):
            if name in given and name != _FOR_ALL:
                unused.pop(name, None)
                own = given[name] or own
        declared = _declared(function, stack)
        values = {**given.get(_FOR_ALL, {}), **own}
        set_here = {name: _variable(values[name]) for name in declared if name in values}
        settled |= {(logical_id, name) for name in set_here}
        environment = {**function.environment, **set_here}
        functions[logical_id] = replace(function, environment=environment)
        for name in own.keys() - declared.keys():
            _report(stack, logical_id, name)
    for name in unused:
        stack.report(None, f"--env-vars: no function that is served is named {name}")
    for name in given.get(_FOR_ALL, {}):
        if not any(name == known for _, known in settled):
            stack.report(None, f"--env-vars: no function declares a variable {name}; it is not set")
    findings = [each for each in stack.all_findings() if not _is_settled(each, functions, settled)]
    return replace(application, functions=functions, findings=tuple(findings))


def _declared(function: Function, stack: Stack) -> dict[str, None]:
    """Returns the names that the template declares, also those without a value here."""
    resource = stack.resources.get(function.logical_id)
    environment = resource.properties.get("Environment") if resource else None
    written = environment.get("Variables") if isinstance(environment, dict) else None
    names = written if isinstance(written, dict) else {}
    plain = [name for name in names if not name.startswith("Fn::") and name != "Ref"]
    return dict.fromkeys([*function.environment, *plain])


def _is_settled(
    finding: Finding, functions: Mapping[str, Function], settled: set[tuple[str, str]]
) -> bool:
    """Returns whether a finding is about a variable that has its value from `--env-vars`."""
    way = [finding.resource, *finding.property.split(".")]
    is_shared = way[:2] == ["Globals", "Function"]
    if is_shared:
        way = way[1:]
    if way[1:3] != ["Environment", "Variables"] or len(way) < 4:
        return False
    if not is_shared:
        return (finding.resource, way[3]) in settled
    having = [name for name, each in functions.items() if way[3] in each.environment]
    return bool(having) and all((name, way[3]) in settled for name in having)


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
