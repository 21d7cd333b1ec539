"""Checks that the parts of a template are mappings where CloudFormation wants mappings.

A part that is not is left out and named, so that all who read the rest may rely on it.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html
"""

import re
from typing import Any

from local_lambda.template.text import Template, TemplateError, parse

_SECTIONS = ("Conditions", "Globals", "Mappings", "Metadata", "Outputs", "Parameters", "Rules")
_WITHOUT_EFFECT = ("AWSTemplateFormatVersion", "Description", "Hooks", "Resources", "Transform")
_ATTRIBUTES = (
    "Type",
    "Properties",
    "Condition",
    "DependsOn",
    "Connectors",
    "CreationPolicy",
    "DeletionPolicy",
    "IgnoreGlobals",
    "Metadata",
    "UpdatePolicy",
    "UpdateReplacePolicy",
)
_GLOBALS = (
    "Api",
    "CapacityProvider",
    "Function",
    "HttpApi",
    "LayerVersion",
    "MicrovmImage",
    "NetworkConnector",
    "SimpleTable",
    "StateMachine",
    "WebFunction",
    "WebSocketApi",
)
_LOOP = "Fn::ForEach::"
_KINDS = {dict: "a mapping", list: "a list", str: "text", bool: "true or false"}


def load_template(text: str) -> Template:
    """Returns a template whose sections are mappings. Raises TemplateError without Resources."""
    template = parse(text)
    check_sections(template)
    return template


def kind_of(value: Any) -> str:
    """Returns a few words that say what a value is, such as "a list" or "empty"."""
    if value is None:
        return "empty"
    return _KINDS.get(type(value), "a number")


def _other_file(values: dict[str, Any]) -> str:
    """Returns what to give instead of a file of CDK or the Serverless Framework, if it is one."""
    if "service" in values and "provider" in values:
        made = ".serverless/cloudformation-template-update-stack.json"
        return f"this is serverless.yml; run `serverless package` and name {made}"
    if "artifacts" in values or "tree" in values or "dockerImages" in values:
        return "this is a file of CDK beside its templates; name cdk.out/STACK.template.json"
    if "app" in values:
        return "this is cdk.json; run `cdk synth` and name cdk.out/STACK.template.json"
    return ""


def check_sections(template: Template) -> None:
    """Leaves sections out that are no mappings. Raises TemplateError without Resources."""
    values = template.values
    if not isinstance(values, dict):
        raise TemplateError(f"the template has no Resources: it is {kind_of(values)}, no mapping")
    if "Resources" not in values:
        raise TemplateError("the template has no Resources", advice=_other_file(values))
    if not isinstance(values["Resources"], dict):
        kind = kind_of(values["Resources"])
        raise TemplateError(f"Resources is {kind}, not a mapping of logical ids")
    for section in _SECTIONS:
        content = values.get(section)
        if content is not None and not isinstance(content, dict):
            template.report((section,), f"this is {kind_of(content)}, not a mapping; left out")
        if not isinstance(content, dict):
            values.pop(section, None)
    shared = values.get("Globals") or {}
    for section, content in list(shared.items()):
        if not isinstance(content, dict):
            if content is not None:
                place = ("Globals", section)
                template.report(place, f"this is {kind_of(content)}, not a mapping; left out")
            del shared[section]


def report_unknown_sections(template: Template) -> None:
    """Names sections that CloudFormation and SAM do not have: they are often misspelt."""
    advice = "CloudFormation refuses such a template; is it misspelt?"
    for name in template.values:
        if name not in _SECTIONS and name not in _WITHOUT_EFFECT:
            template.report((name,), "a template has no such section", advice)
    for name in template.values.get("Globals") or {}:
        if name not in _GLOBALS:
            template.report(("Globals", name), "SAM has no such section of Globals", advice)


def check_resources(template: Template) -> None:
    """Leaves resources out that are malformed, each with a finding."""
    resources = template.values["Resources"]
    for name, resource in list(resources.items()):
        if name.startswith(_LOOP) or name == "Fn::Transform":
            continue
        if not _is_sound(template, name, resource):
            del resources[name]


def _has_sound_name(template: Template, name: str) -> bool:
    """Returns false for a logical id that cannot be part of a path, or of an ARN."""
    if name.isascii() and name.isalnum():
        return True
    can_be_served = re.fullmatch(r"[\w-]+", name) is not None
    template.report(
        ("Resources", name),
        f"the logical id {name!r} has other signs than letters and digits",
        advice="CloudFormation refuses it",
        served=can_be_served,
    )
    return can_be_served


def _is_sound(template: Template, name: str, resource: Any) -> bool:
    place = ("Resources", name)
    if not isinstance(resource, dict):
        template.report(place, f"the resource is {kind_of(resource)}, not a mapping", served=False)
        return False
    if not _has_sound_name(template, name):
        return False
    for key in resource:
        if key not in _ATTRIBUTES:
            advice = f"is it misspelt? A resource has {', '.join(_ATTRIBUTES[:4])} ..."
            template.report((*place, key), "a resource has no such attribute", advice)
    kind = resource.get("Type")
    if not isinstance(kind, str):
        text = "Type is missing" if kind is None else f"Type is {kind_of(kind)}, not text"
        template.report(place, text, served=False)
        return False
    metadata = resource.get("Metadata")
    if not isinstance(metadata, dict):
        if metadata is not None:
            text = f"this is {kind_of(metadata)}, not a mapping; left out"
            template.report((*place, "Metadata"), text)
        resource.pop("Metadata", None)
    properties = resource.get("Properties")
    if properties is None:
        resource.pop("Properties", None)
        return True
    if not isinstance(properties, dict):
        text = f"this is {kind_of(properties)}, not a mapping"
        template.report((*place, "Properties"), text, served=False)
        return False
    for key in properties:
        if key == "Ref" or (key.startswith("Fn::") and not key.startswith(_LOOP)):
            text = f"CloudFormation takes no {key} in place of properties"
            advice = "write it into the value of each property"
            template.report((*place, "Properties"), text, advice, served=False)
            return False
    return True
