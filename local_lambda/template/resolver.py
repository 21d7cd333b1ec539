"""Resolves intrinsic functions, conditions and dynamic references.

Page intrinsic-function-reference.html in
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/
"""

import base64
import ipaddress
import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from local_lambda.application import ACCOUNT_ID
from local_lambda.template.dynamic import Stored, resolve_references
from local_lambda.template.parameters import Parameters, as_text
from local_lambda.template.shape import kind_of
from local_lambda.template.text import TemplateError

NO_VALUE = object()
# Logical ids of resources that SAM makes beside those that are named like one of the template's.
_GENERATED = ("Serverless", "CodeDeployServiceRole")
_SUB = re.compile(r"\$\{([^}]*)\}")


@dataclass(frozen=True)
class Note:
    """Says that something has no value here. `node` is the part of the template that asked.

    `placeholder` is true if no option can give the value, as it can for SSM parameters.
    """

    text: str
    advice: str
    node: Any
    placeholder: bool = False


class Resolver:
    """Resolves values of one template.

    `references` and `attributes` are the values of `!Ref` and `!GetAtt` for known resources. What
    has no value here becomes a placeholder and a note, because it may not matter.
    """

    def __init__(
        self,
        template: dict[str, Any],
        overrides: Mapping[str, str],
        region: str,
        references: Mapping[str, Any] | None = None,
        attributes: Mapping[tuple[str, str], Any] | None = None,
        parameters: Parameters | None = None,
    ) -> None:
        self._template = template
        self._references = dict(references or {})
        self._attributes = dict(attributes or {})
        self._parameters = parameters or Parameters(template.get("Parameters"), overrides)
        self._stored = Stored(self._parameters.stored)
        self._testing: list[str] = []
        self._node: Any = None  # the intrinsic function that is being resolved
        self._pseudo = {
            "AWS::AccountId": ACCOUNT_ID,
            "AWS::NoValue": NO_VALUE,
            "AWS::NotificationARNs": [],
            "AWS::Partition": _partition(region),
            "AWS::Region": region,
            "AWS::StackId": f"arn:{_partition(region)}:cloudformation:{region}:{ACCOUNT_ID}"
            ":stack/local/local",
            "AWS::StackName": "local",
            "AWS::URLSuffix": "amazonaws.com.cn" if "cn-" in region[:3] else "amazonaws.com",
        }
        self.notes: list[Note] = []
        self.absent: Collection[str] = ()  # resources whose condition does not hold

    @property
    def warnings(self) -> list[str]:
        """Returns the notes as sentences."""
        return [note.text for note in self.notes]

    def resolve(self, value: Any) -> Any:
        """Returns the value without intrinsic functions. Raises TemplateError.

        The error's `property` is the way from the value to the mistake.
        """
        try:
            return self._value(value)
        except RecursionError as error:
            raise TemplateError("nested too deep") from error

    def condition(self, name: Any) -> bool:
        """Returns whether the condition holds. Raises TemplateError."""
        conditions = self._template.get("Conditions") or {}
        if not isinstance(name, str):
            raise TemplateError(f"a condition is named by text, not by {kind_of(name)}")
        if name not in conditions:
            raise TemplateError(f"condition {name} is not defined")
        if name in self._testing:
            way = " -> ".join([*self._testing[self._testing.index(name) :], name])
            raise TemplateError(f"condition {name} depends on itself: {way}")
        self._testing.append(name)
        try:
            return self._test(conditions[name])
        except RecursionError as error:
            raise TemplateError(f"condition {name} is nested too deep") from error
        finally:
            self._testing.pop()

    def _test(self, expression: Any) -> bool:
        if isinstance(expression, dict) and set(expression) == {"Condition"}:
            return self.condition(expression["Condition"])
        return _boolean(self._value(expression))

    def _value(self, value: Any) -> Any:
        if isinstance(value, list):
            return self._list(value)
        if isinstance(value, str):
            return self._text(value)
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            name = next(iter(value))
            if name == "Ref" or name.startswith("Fn::"):
                return self._intrinsic(name, value)
        return self._mapping(value)

    def _intrinsic(self, name: str, node: dict[str, Any]) -> Any:
        outer = self._node
        self._node = node
        try:
            value = self._call(name, node[name])
            # A function may put a dynamic reference together: only its result has it.
            return value if outer else resolve_references(value, self._stored, self._note)
        finally:
            self._node = outer

    def _text(self, text: str) -> str:
        if self._node or "{{resolve:" not in text:
            return text
        self._node = text
        try:
            return resolve_references(text, self._stored, self._note)
        finally:
            self._node = None

    def _list(self, values: list[Any]) -> list[Any]:
        resolved = []
        for index, item in enumerate(values):
            resolved.append(self._part(index, item))
        return [item for item in resolved if item is not NO_VALUE]

    def _mapping(self, values: dict[str, Any]) -> dict[str, Any]:
        resolved = {}
        for key, item in values.items():
            if key.startswith("Fn::"):
                raise TemplateError(f"{key} may not stand beside other keys", property=key)
            resolved[key] = self._part(key, item)
        return {key: item for key, item in resolved.items() if item is not NO_VALUE}

    def _part(self, key: str | int, value: Any) -> Any:
        try:
            return self._value(value)
        except TemplateError as error:
            error.property = ".".join(part for part in (str(key), error.property) if part)
            raise

    def _call(self, name: str, argument: Any) -> Any:
        function = _FUNCTIONS.get(name)
        if function is None:
            raise TemplateError(f"{name} is not emulated")
        try:
            return function(self, argument)
        except TemplateError as error:
            # The way ends at the function: its arguments are no properties.
            error.property = ""
            raise
        except (LookupError, TypeError, ValueError, ArithmeticError) as error:
            raise TemplateError(f"{name} {_short(argument)}: {error}") from error

    def _arguments(self, name: str, argument: Any, *counts: int) -> list[Any]:
        """Returns a list of arguments of one of these lengths."""
        if not isinstance(argument, list) or len(argument) not in counts:
            wanted = " or ".join(map(str, counts))
            raise TemplateError(f"{name} takes a list of {wanted}, not {_short(argument)}")
        return argument

    def _ref(self, name: Any) -> Any:
        name = self._value(name)
        if not isinstance(name, str):
            raise TemplateError(f"!Ref takes a name, not {kind_of(name)}")
        if name in self._parameters:
            return self._parameters.value(name, self._note)
        for known in (self._pseudo, self._references):
            if name in known:
                return known[name]
        if name in self._template["Resources"]:
            self._note_absent(name)
            return name
        if self._is_generated(name):
            return self._placeholder(f"!Ref {name}", name)
        raise TemplateError(f"!Ref {name}: no such parameter or resource")

    def _get_att(self, argument: Any) -> Any:
        parts = argument.split(".", 1) if isinstance(argument, str) else argument
        self._arguments("Fn::GetAtt", parts, 2, 3, 4)
        names = [as_text(self._value(part)) for part in parts]
        resource = names[0]
        attribute = ".".join(names[1:])
        if (resource, attribute) in self._attributes:
            return self._attributes[resource, attribute]
        if resource not in self._template["Resources"] and not self._is_generated(resource):
            raise TemplateError(f"!GetAtt {resource}.{attribute}: no such resource")
        if resource in self.absent:
            self._note_absent(resource)
            return f"{resource}.{attribute}"
        return self._placeholder(f"!GetAtt {resource}.{attribute}", f"{resource}.{attribute}")

    def _note_absent(self, name: str) -> None:
        """Notes that a resource is left out by its condition. On AWS no reference to it is left."""
        if name in self.absent:
            self._note(
                f"{name} is not there, since its condition does not hold; its name replaces it",
                "CloudFormation refuses such a reference: put it into an Fn::If",
            )

    def _is_generated(self, name: str) -> bool:
        """Returns whether SAM may generate this resource, such as `NameRole` or `Name.Alias`."""
        if name.startswith(_GENERATED):
            return True
        for logical_id, resource in self._template["Resources"].items():
            kind = resource.get("Type") if isinstance(resource, dict) else None
            rest = name.removeprefix(logical_id)
            if (
                str(kind).startswith("AWS::Serverless::")
                and rest != name
                and not rest[:1].islower()
            ):
                return True
        return False

    def _placeholder(self, asked: str, placeholder: str) -> str:
        text = f"{asked} has no value here; a placeholder replaces it"
        self.notes.append(Note(text, "", self._node, placeholder=True))
        return placeholder

    def _note(self, text: str, advice: str) -> None:
        self.notes.append(Note(text, advice, self._node))

    def _sub(self, argument: Any) -> str:
        text = argument
        variables: Any = {}
        if isinstance(argument, list):
            text, variables = self._arguments("Fn::Sub", argument, 2)
        if not isinstance(text, str) or not isinstance(variables, dict):
            raise TemplateError(f"Fn::Sub takes text, or text and a mapping: {_short(argument)}")

        def replace(match: re.Match[str]) -> str:
            name = match[1]
            if name.startswith("!"):
                return f"${{{name[1:]}}}"
            if name in variables:
                return _inserted(name, self._value(variables[name]))
            return _inserted(name, self._named(name))

        return _SUB.sub(replace, text)

    def _named(self, name: str) -> Any:
        """Returns the value of `${name}`: a parameter, a resource or an attribute."""
        if name in self._references or "." not in name:
            return self._ref(name)
        if name.partition(".")[2] in ("Alias", "Version"):
            return self._ref(name)
        return self._get_att(name)

    def _if(self, argument: Any) -> Any:
        name, then, otherwise = self._arguments("Fn::If", argument, 3)
        return self._value(then if self.condition(name) else otherwise)

    def _select(self, argument: Any) -> Any:
        index, values = self._arguments("Fn::Select", argument, 2)
        values = self._value(values)
        if not isinstance(values, list):
            raise TemplateError(f"Fn::Select takes a list, not {kind_of(values)}")
        number = int(as_text(self._value(index)))
        if not 0 <= number < len(values):
            raise TemplateError(f"Fn::Select {number}: the list has {len(values)} items")
        return values[number]

    def _base64(self, argument: Any) -> str:
        return base64.b64encode(_inserted("Fn::Base64", self._value(argument)).encode()).decode()

    def _find_in_map(self, argument: Any) -> Any:
        wanted = self._arguments("Fn::FindInMap", argument, 3, 4)
        names = [as_text(self._value(item)) for item in wanted[:3]]
        found = self._template.get("Mappings") or {}
        for depth, name in enumerate(names):
            if isinstance(found, dict) and name in found:
                found = found[name]
                continue
            default = wanted[3] if len(wanted) > 3 else None
            if isinstance(default, dict) and "DefaultValue" in default:
                return self._value(default["DefaultValue"])
            where = ".".join(["Mappings", *names[:depth]])
            raise TemplateError(f"Fn::FindInMap: {where} has no {name}")
        return self._value(found)

    def _join(self, argument: Any) -> str:
        delimiter, values = self._arguments("Fn::Join", argument, 2)
        values = self._value(values)
        if not isinstance(delimiter, str) or not isinstance(values, list):
            raise TemplateError("Fn::Join takes a delimiter and a list")
        return delimiter.join(_inserted("Fn::Join", value) for value in values)

    def _split(self, argument: Any) -> list[str]:
        delimiter, text = self._arguments("Fn::Split", argument, 2)
        return as_text(self._value(text)).split(as_text(delimiter))

    def _equals(self, argument: Any) -> bool:
        left, right = (self._value(item) for item in self._arguments("Fn::Equals", argument, 2))
        return as_text(left) == as_text(right)

    def _tests(self, argument: Any) -> list[bool]:
        if not isinstance(argument, list):
            raise TemplateError(f"conditions are a list, not {kind_of(argument)}")
        return [self._test(item) for item in argument]

    def _not(self, argument: Any) -> bool:
        return not self._test(self._arguments("Fn::Not", argument, 1)[0])

    def _zones(self, argument: Any) -> list[str]:
        region = as_text(self._value(argument) or "") or self._pseudo["AWS::Region"]
        return [f"{region}{letter}" for letter in "abc"]

    def _cidr(self, argument: Any) -> list[str]:
        block, count, *bits = self._arguments("Fn::Cidr", argument, 2, 3)
        network = ipaddress.ip_network(as_text(self._value(block)), strict=False)
        host_bits = int(as_text(self._value(bits[0]))) if bits else 8
        wanted = int(as_text(self._value(count)))
        prefix = network.max_prefixlen - host_bits
        if not 1 <= wanted <= 256 or wanted > 2 ** max(0, prefix - network.prefixlen):
            raise TemplateError(f"Fn::Cidr: {network} does not hold {wanted} such networks")
        subnets = network.subnets(new_prefix=prefix)
        return [str(next(subnets)) for _ in range(wanted)]

    def _length(self, argument: Any) -> int:
        values = self._value(argument)
        if not isinstance(values, list):
            raise TemplateError(f"Fn::Length takes a list, not {kind_of(values)}")
        return len(values)

    def _json(self, argument: Any) -> str:
        return json.dumps(self._value(argument), ensure_ascii=False, separators=(",", ":"))

    def _import_value(self, argument: Any) -> str:
        name = as_text(self._value(argument))
        return self._placeholder(f"!ImportValue {name}", name)

    def _stack_output(self, argument: Any) -> str:
        value = self._value(argument)
        named = value.get("OutputName") or value.get("StackName") if isinstance(value, dict) else ""
        name = as_text(named or "StackOutput")
        return self._placeholder(f"Fn::GetStackOutput {name}", name)

    def _macro(self, argument: Any) -> Any:
        name = argument.get("Name") if isinstance(argument, dict) else argument
        raise TemplateError(f"Fn::Transform: the macro {_short(name)} is not emulated")


_Function = Callable[[Resolver, Any], Any]
_FUNCTIONS: dict[str, _Function] = {
    "Ref": Resolver._ref,
    "Fn::And": lambda self, argument: all(self._tests(argument)),
    "Fn::Base64": Resolver._base64,
    "Fn::Cidr": Resolver._cidr,
    "Fn::Equals": Resolver._equals,
    "Fn::FindInMap": Resolver._find_in_map,
    "Fn::GetAZs": Resolver._zones,
    "Fn::GetAtt": Resolver._get_att,
    "Fn::GetStackOutput": Resolver._stack_output,
    "Fn::If": Resolver._if,
    "Fn::ImportValue": Resolver._import_value,
    "Fn::Join": Resolver._join,
    "Fn::Length": Resolver._length,
    "Fn::Not": Resolver._not,
    "Fn::Or": lambda self, argument: any(self._tests(argument)),
    "Fn::Select": Resolver._select,
    "Fn::Split": Resolver._split,
    "Fn::Sub": Resolver._sub,
    "Fn::ToJsonString": Resolver._json,
    "Fn::Transform": Resolver._macro,
}


def _inserted(name: str, value: Any) -> str:
    """Returns a value as it stands within a text. Raises TemplateError for lists and mappings."""
    if value is NO_VALUE or value is None:
        return ""
    if isinstance(value, dict | list):
        raise TemplateError(f"{name} is {kind_of(value)}, which cannot stand in a text")
    return as_text(value)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _boolean(value: Any) -> bool:
    text = as_text(value).lower()
    if text in ("true", "false"):
        return text == "true"
    raise TemplateError(f"{_short(value)} is not a condition")


def _partition(region: str) -> str:
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"
