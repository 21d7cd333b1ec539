"""Reads values of a template by type, and says where a value of a wrong type stands."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local_lambda.template.cloudformation import NO_VALUE, TemplateError
from local_lambda.template.resource import Resource
from local_lambda.template.stack import Stack


def joined(*parts: str) -> str:
    """Returns the way to a value, such as `Events.Get.Properties`."""
    return ".".join(part for part in parts if part)


@dataclass(frozen=True)
class Resolved:
    """A map of resolved values. `way` is the way to it from the resource's properties.

    All methods raise TemplateError with the way to a value that has a wrong type. With
    `ignore_case` a key has its OpenAPI or its CloudFormation spelling: `uri` and `Uri`.
    """

    values: Mapping[str, Any]
    way: str = ""
    ignore_case: bool = False

    def key(self, name: str) -> str:
        """Returns the key as it is written."""
        if self.ignore_case and name not in self.values:
            for key in self.values:
                if str(key).lower() == name.lower():
                    return key
        return name

    def get(self, name: str) -> Any:
        """Returns the value, None if there is none."""
        return self.values.get(self.key(name))

    def way_of(self, name: str) -> str:
        return joined(self.way, self.key(name))

    def error(self, name: str, text: str, advice: str = "") -> TemplateError:
        return TemplateError(f"{self.key(name)} {text}", self.way_of(name), advice)

    def text(self, name: str, default: str | None = None) -> str:
        """Returns a text. A number or a boolean becomes the text that CloudFormation makes."""
        value = self.get(name)
        if value is None:
            if default is None:
                raise self.error(name, "is missing")
            return default
        if isinstance(value, bool):
            return str(value).lower()
        if not isinstance(value, str | int | float):
            raise self.error(name, f"must be a text, not {kind_of(value)}")
        return str(value)

    def number(self, name: str, default: float) -> float:
        value = self.get(name)
        if value is None:
            return default
        try:
            number = float(value) if not isinstance(value, bool) else float("nan")
        except (TypeError, ValueError, OverflowError):
            number = float("nan")
        if not 0 <= number < float("inf"):
            raise self.error(name, f"must be a number, not {shown(value)}")
        return number

    def flag(self, name: str, default: bool = False) -> bool:
        value = self.get(name)
        if value is None:
            return default
        if str(value).lower() not in ("true", "false"):
            raise self.error(name, f"must be true or false, not {shown(value)}")
        return str(value).lower() == "true"

    def texts(self, name: str) -> tuple[str, ...]:
        """Returns a list of texts."""
        values = self.list(name)
        for value in values:
            if not isinstance(value, str | int | float):
                raise self.error(name, f"must be a list of texts; {shown(value)} is none")
        return tuple(str(value) for value in values)

    def list(self, name: str) -> list[Any]:
        value = self.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self.error(name, f"must be a list, not {kind_of(value)}")
        return value

    def map(self, name: str) -> "Resolved":
        """Returns a map, an empty one if there is none."""
        value = self.get(name)
        if value is None:
            return Resolved({}, self.way_of(name), self.ignore_case)
        return self.as_map(value, name)

    def maps(self, name: str) -> Iterator["Resolved"]:
        """Returns the maps of a list."""
        for index, value in enumerate(self.list(name)):
            yield self.as_map(value, f"{self.key(name)}.{index}")

    def as_map(self, value: Any, name: str) -> "Resolved":
        if not isinstance(value, dict):
            raise self.error(name, f"must be a map, not {kind_of(value)}")
        return Resolved(value, self.way_of(name), self.ignore_case)


def is_set(value: Any) -> bool:
    """Returns whether a setting has an effect: not one that is empty or switched off."""
    return value not in (None, False, "false", "", {}, [])


def kind_of(value: Any) -> str:
    """Returns the type of a value in the words of a template."""
    if isinstance(value, dict):
        return "a map"
    if isinstance(value, list):
        return "a list"
    return shown(value)


def shown(value: Any) -> str:
    """Returns a value for a message, cut if it is long."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def resolve_at(stack: Stack, value: Any, way: str) -> Any:
    """Resolves a value. Raises TemplateError with the way to it."""
    try:
        result = stack.resolve(value)
    except TemplateError as error:
        way = joined(way, error.property)
        raise TemplateError(str(error), way, error.advice) from error
    return None if result is NO_VALUE else result


def properties_of(stack: Stack, resource: Resource, written: Any = None, way: str = "") -> Resolved:
    """Resolves the properties one by one: one that cannot be resolved becomes a finding.

    `written` are the properties at `way`; without it, those of the resource. Raises TemplateError
    if they are no map.
    """
    values = {}
    if written is None:
        written = resource.properties
    for key, value in _as_written(written, way).items():
        where = joined(way, str(key))
        with stack.catching(resource):
            found = resolve_at(stack, value, where)
            if found is not None:
                values[str(key)] = found
    return Resolved(values, way)


def _as_written(written: Any, way: str) -> dict[Any, Any]:
    if not isinstance(written, dict):
        raise TemplateError(f"must be a map, not {kind_of(written)}", way)
    return written


def report_unread(
    stack: Stack, resource: Resource, properties: Resolved, known: Iterable[str]
) -> None:
    """Names the properties that nobody reads."""
    for name in sorted(properties.values.keys() - set(known)):
        stack.report(
            resource, "this property is not emulated", property=joined(properties.way, name)
        )
