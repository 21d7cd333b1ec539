"""Resolves CloudFormation's template language.

That is YAML with tags, parameters, mappings, conditions and intrinsic functions.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
"""

import base64
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from local_lambda.application import ACCOUNT_ID
from local_lambda.template.shape import check_resources, load_template
from local_lambda.template.text import TemplateError as TemplateError

NO_VALUE = object()


def load(text: str) -> dict[str, Any]:
    """Returns the template as dictionaries with tags in their long form. Raises TemplateError."""
    template = load_template(text)
    check_resources(template)
    return template.values


class Resolver:
    """Resolves intrinsic functions.

    `references` and `attributes` are the values of `!Ref` and `!GetAtt` for known resources.
    An unknown attribute becomes a placeholder and a warning, because it may not matter here.
    """

    def __init__(
        self,
        template: dict[str, Any],
        overrides: Mapping[str, str],
        region: str,
        references: Mapping[str, Any] | None = None,
        attributes: Mapping[tuple[str, str], Any] | None = None,
    ) -> None:
        self._template = template
        self._references = dict(references or {})
        self._attributes = dict(attributes or {})
        self._parameters = _parameters(template.get("Parameters") or {}, overrides)
        self._pseudo = {
            "AWS::AccountId": ACCOUNT_ID,
            "AWS::NoValue": NO_VALUE,
            "AWS::NotificationARNs": [],
            "AWS::Partition": "aws",
            "AWS::Region": region,
            "AWS::StackId": f"arn:aws:cloudformation:{region}:{ACCOUNT_ID}:stack/local/local",
            "AWS::StackName": "local",
            "AWS::URLSuffix": "amazonaws.com",
        }
        self.warnings: list[str] = []

    def resolve(self, value: Any) -> Any:
        """Returns the value without intrinsic functions. Raises TemplateError."""
        if isinstance(value, list):
            return [item for item in map(self.resolve, value) if item is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            name, argument = next(iter(value.items()))
            if name == "Ref":
                return self._ref(argument)
            if isinstance(name, str) and name.startswith("Fn::"):
                return self._call(name, argument)
        resolved = {key: self.resolve(item) for key, item in value.items()}
        return {key: item for key, item in resolved.items() if item is not NO_VALUE}

    def condition(self, name: str) -> bool:
        """Returns whether the condition holds. Raises TemplateError."""
        conditions = self._template.get("Conditions") or {}
        if name not in conditions:
            raise TemplateError(f"condition {name} is not defined")
        return self._test(conditions[name])

    def _test(self, expression: Any) -> bool:
        if isinstance(expression, dict) and set(expression) == {"Condition"}:
            return self.condition(expression["Condition"])
        return _boolean(self.resolve(expression))

    def _call(self, name: str, argument: Any) -> Any:
        function = _FUNCTIONS.get(name)
        if function is None:
            raise TemplateError(f"{name} is not emulated")
        try:
            return function(self, argument)
        except (IndexError, KeyError, TypeError, ValueError) as error:
            if isinstance(error, TemplateError):
                raise
            raise TemplateError(f"{name} {argument!r}: {error}") from error

    def _ref(self, name: str) -> Any:
        for known in (self._pseudo, self._parameters, self._references):
            if name in known:
                return known[name]
        if name in self._template["Resources"]:
            return name
        raise TemplateError(f"!Ref {name}: no such parameter or resource")

    def _get_att(self, argument: list[str] | str) -> Any:
        parts = argument.split(".", 1) if isinstance(argument, str) else argument
        resource, attribute = map(self.resolve, parts)
        if (resource, attribute) in self._attributes:
            return self._attributes[resource, attribute]
        if resource not in self._template["Resources"] and not self._is_generated(resource):
            raise TemplateError(f"!GetAtt {resource}.{attribute}: no such resource")
        self.warnings.append(
            f"!GetAtt {resource}.{attribute} has no value here; a placeholder replaces it"
        )
        return f"{resource}.{attribute}"

    def _is_generated(self, resource: str) -> bool:
        """Returns whether SAM may generate this resource, such as `NameRole` or `NameUrl`."""
        return any(resource.startswith(name) for name in self._template["Resources"])

    def _sub(self, argument: Any) -> str:
        text, variables = argument if isinstance(argument, list) else (argument, {})

        def replace(match: re.Match[str]) -> str:
            name = match[1]
            if name.startswith("!"):
                return f"${{{name[1:]}}}"
            if name in variables:
                return str(self.resolve(variables[name]))
            return str(self._get_att(name) if "." in name else self._ref(name))

        return re.sub(r"\$\{([^}]+)\}", replace, text)

    def _if(self, argument: list[Any]) -> Any:
        name, then, otherwise = argument
        return self.resolve(then if self.condition(name) else otherwise)

    def _select(self, argument: list[Any]) -> Any:
        index, values = argument
        return self.resolve(values)[int(self.resolve(index))]

    def _base64(self, argument: Any) -> str:
        return base64.b64encode(str(self.resolve(argument)).encode()).decode()

    def _find_in_map(self, argument: list[Any]) -> Any:
        table, first, second = (self.resolve(item) for item in argument[:3])
        return self.resolve(self._template["Mappings"][table][first][second])

    def _join(self, argument: list[Any]) -> str:
        return argument[0].join(map(str, self.resolve(argument[1])))

    def _split(self, argument: list[Any]) -> list[str]:
        return self.resolve(argument[1]).split(argument[0])

    def _equals(self, argument: list[Any]) -> bool:
        left, right = (self.resolve(item) for item in argument)
        return _text(left) == _text(right)

    def _import_value(self, argument: Any) -> str:
        name = self.resolve(argument)
        self.warnings.append(f"!ImportValue {name} has no value here; a placeholder replaces it")
        return str(name)


_FUNCTIONS: dict[str, Callable[[Resolver, Any], Any]] = {
    "Fn::And": lambda self, argument: all(self._test(item) for item in argument),
    "Fn::Base64": Resolver._base64,
    "Fn::Equals": Resolver._equals,
    "Fn::FindInMap": Resolver._find_in_map,
    "Fn::GetAZs": lambda self, _: [f"{self._pseudo['AWS::Region']}{letter}" for letter in "abc"],
    "Fn::GetAtt": Resolver._get_att,
    "Fn::If": Resolver._if,
    "Fn::ImportValue": Resolver._import_value,
    "Fn::Join": Resolver._join,
    "Fn::Not": lambda self, argument: not self._test(argument[0]),
    "Fn::Or": lambda self, argument: any(self._test(item) for item in argument),
    "Fn::Select": Resolver._select,
    "Fn::Split": Resolver._split,
    "Fn::Sub": Resolver._sub,
    "Fn::ToJsonString": lambda self, argument: json.dumps(self.resolve(argument)),
}


def _parameters(declared: dict[str, Any], overrides: Mapping[str, str]) -> dict[str, Any]:
    if unknown := sorted(set(overrides) - set(declared)):
        raise TemplateError(f"parameters that the template does not declare: {', '.join(unknown)}")
    values: dict[str, Any] = {}
    for name, declaration in declared.items():
        value = overrides.get(name, declaration.get("Default"))
        if value is None:
            raise TemplateError(
                f"parameter {name} has no default; give --parameter-overrides {name}=VALUE"
            )
        allowed = declaration.get("AllowedValues")
        if allowed and _text(value) not in map(_text, allowed):
            raise TemplateError(
                f"parameter {name}: {value!r} is not one of {', '.join(map(_text, allowed))}"
            )
        is_list = declaration.get("Type", "String").startswith(("CommaDelimitedList", "List<"))
        values[name] = [item.strip() for item in str(value).split(",")] if is_list else value
    return values


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if _text(value).lower() in ("true", "false"):
        return _text(value).lower() == "true"
    raise TemplateError(f"{value!r} is not a condition")
