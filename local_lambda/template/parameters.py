"""Knows the values of a template's parameters, and checks them as CloudFormation does.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
"""

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from local_lambda.template.dynamic import Note, Stored
from local_lambda.template.shape import kind_of
from local_lambda.template.text import TemplateError

_TYPES = ("String", "Number", "CommaDelimitedList")
_LISTS = ("CommaDelimitedList", "List<")
_STORED = "AWS::SSM::Parameter::Value<"

Report = Callable[[str, str, str], None]  # parameter, text, advice


class Parameters:
    """Holds the parameters of one template.

    `overrides` are values of the command line, which must be right. `configured` are values of a
    configuration file: names that the template does not declare are passed over. `stored` are
    values of SSM parameters and secrets by name. `report` takes findings: the parameter's name,
    the text and the advice.
    """

    def __init__(
        self,
        declared: Any,
        overrides: Mapping[str, str],
        configured: Mapping[str, str] | None = None,
        stored: Mapping[str, str] | None = None,
        report: Report = lambda *_: None,
    ) -> None:
        declared = declared if isinstance(declared, dict) else {}
        if unknown := sorted(set(overrides) - set(declared)):
            names = ", ".join(unknown)
            raise TemplateError(f"parameters that the template does not declare: {names}")
        self.stored = dict(stored or {})
        self._stored = Stored(self.stored)
        self._values: dict[str, Any] = {}
        self._types: dict[str, str] = {}
        for name, content in declared.items():
            declaration = self._declaration(name, content, report)
            for text in _malformed(declaration):
                report(name, text, "CloudFormation refuses such a declaration")
            self._types[name] = _type_of(declaration)
            given = overrides.get(name)
            value = (configured or {}).get(name) if given is None else given
            if value is None:
                value = declaration.get("Default")
            if value is None:
                value = self._placeholder(name, declaration, report)
            elif fault := _fault(value, declaration):
                if given is not None:
                    raise TemplateError(f"parameter {name}: {fault}")
                report(name, fault, "CloudFormation refuses such a value")
            self._values[name] = value

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def value(self, name: str, note: Note = lambda *_: None) -> Any:
        """Returns the value of `!Ref`. `note` is told of an SSM parameter without a value."""
        value = self._values[name]
        kind = self._types[name]
        if kind.startswith(_STORED):
            value = self._stored.parameter(as_text(value), note)
            kind = kind.removeprefix(_STORED)
        if not kind.startswith(_LISTS):
            return value
        return _items(value)

    def _declaration(self, name: str, content: Any, report: Report) -> dict[str, Any]:
        if isinstance(content, dict):
            return content
        advice = f"declare it as {name}: {{Type: String}}"
        report(name, f"the declaration is {kind_of(content)}, not a mapping", advice)
        return {}

    def _placeholder(self, name: str, declaration: dict[str, Any], report: Report) -> Any:
        value = _placeholder(name, declaration)
        shown = as_text(value) or "an empty text"
        report(
            name,
            f"the parameter has no default and no value; {shown} replaces it",
            f"give --parameter-overrides {name}=VALUE",
        )
        return value


def as_text(value: Any) -> str:
    """Returns a value as CloudFormation writes it within text: `true`, not `True`."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _type_of(declaration: dict[str, Any]) -> str:
    return as_text(declaration.get("Type") or "String")


def _malformed(declaration: dict[str, Any]) -> Iterator[str]:
    """Yields sentences about what is written wrongly, and has no effect here."""
    kind = _type_of(declaration)
    if kind not in _TYPES and not kind.startswith(("AWS::", "List<")):
        yield f"{kind} is no type of parameters; it counts as String"
    if isinstance(declaration.get("Default"), dict):
        yield "Default is a mapping, not text"
    allowed = declaration.get("AllowedValues")
    if allowed is not None and not isinstance(allowed, list):
        yield f"AllowedValues is {kind_of(allowed)}, not a list"


def _items(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    return [item.strip() for item in as_text(value).split(",")]


def _placeholder(name: str, declaration: dict[str, Any]) -> Any:
    allowed = declaration.get("AllowedValues")
    if isinstance(allowed, list) and allowed:
        return allowed[0]
    if "Number" in _type_of(declaration):
        return declaration.get("MinValue", 0)
    return name


def _fault(value: Any, declaration: dict[str, Any]) -> str:
    """Returns a sentence if a declaration does not allow the value. NoEcho hides the value."""
    kind = _type_of(declaration)
    if kind.startswith(_STORED):
        return ""  # the rules are for the name, which needs not exist here
    hidden = as_text(declaration.get("NoEcho", False)).lower() == "true"
    items = _items(value) if kind.startswith(_LISTS) else [value]
    for item in items:
        text = as_text(item)
        if reason := _reason(text, kind, declaration, hidden):
            shown = "the value" if hidden else repr(text)
            return f"{shown} {reason}"
    return ""


def _reason(text: str, kind: str, declaration: dict[str, Any], hidden: bool) -> str:
    allowed = declaration.get("AllowedValues")
    if isinstance(allowed, list) and text not in map(as_text, allowed):
        listed = ", ".join(map(as_text, allowed))
        return "is none of the allowed values" if hidden else f"is not one of {listed}"
    pattern = declaration.get("AllowedPattern")
    if isinstance(pattern, str) and not _matches(pattern, text):
        described = declaration.get("ConstraintDescription")
        return f"does not match {pattern}" + (f" ({described})" if described else "")
    if "Number" in kind:
        return _number_reason(text, declaration)
    if kind == "String":
        return _bound_reason(len(text), declaration, "Length", "letters")
    return ""


def _number_reason(text: str, declaration: dict[str, Any]) -> str:
    try:
        number = float(text)
    except ValueError:
        return "is not a number"
    return _bound_reason(number, declaration, "Value", "")


def _bound_reason(number: float, declaration: dict[str, Any], kind: str, unit: str) -> str:
    for bound, sign, word in (("Min", -1, "less"), ("Max", 1, "more")):
        limit = declaration.get(f"{bound}{kind}")
        with contextlib.suppress(TypeError, ValueError):
            if limit is not None and (number - float(limit)) * sign > 0:
                return f"is {word} than {limit} {unit}".rstrip()
    return ""


def _matches(pattern: str, text: str) -> bool:
    """Returns false where a pattern does not match. One that Python cannot read always matches."""
    try:
        return re.fullmatch(pattern, text) is not None
    except (re.error, RecursionError, OverflowError):
        return True
