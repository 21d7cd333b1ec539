"""Reads values of parameters as the SAM CLI takes them, on the command line and in files.

These forms mean the same: `A=1 B=2`, `ParameterKey=A,ParameterValue=1 ParameterKey=...`, and a
mapping or a list in a file. A text may hold several pairs; a value with spaces stands in quotes.
Page sam-cli-command-reference-sam-local-start-api.html in
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/
"""

import json
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from local_lambda.template.parameters import as_text
from local_lambda.template.text import TemplateError, read_text

_KEY = r"""(?:\w+|"\w+"|'\w+')="""
_QUOTED = r'"(?:[^"\\]|\\.)*"|' + r"'(?:[^'\\]|\\.)*'"
# A value in quotes ends with them. Any other ends where space and the next key follow.
_VALUE = rf"(?:(?:{_QUOTED})(?=\s|$)|(?:{_QUOTED}|\\.|(?!\s+{_KEY}).)*)"
_PAIR = re.compile(
    rf"\s*(?:ParameterKey=(?P<key>{_QUOTED}|[^,=\s]+),ParameterValue=|(?P<name>{_QUOTED}|[^=\s]+)=)"
    rf"(?P<value>{_VALUE})\s*",
    re.DOTALL,
)
_DEEPEST_FILE = 10


def parse_overrides(texts: Iterable[str], base: Path | None = None) -> dict[str, str]:
    """Returns values by parameter. `base` is the folder of files that are named with `file://`.

    Raises TemplateError for a text that holds no pairs.
    """
    values: dict[str, str] = {}
    for text in texts:
        values.update(_of_text(text, base or Path(), depth=0))
    return values


def overrides_of(value: Any, base: Path, depth: int = 0) -> dict[str, str]:
    """Returns values by parameter of what a file holds: text, a list or a mapping."""
    if depth > _DEEPEST_FILE:
        raise TemplateError("files with parameters name one another without an end")
    if value is None:
        return {}
    if isinstance(value, str):
        return _of_text(value, base, depth)
    if isinstance(value, dict):
        return _of_mapping(value, base, depth)
    if isinstance(value, list):
        values: dict[str, str] = {}
        for item in value:
            values.update(overrides_of(item, base, depth))
        return values
    raise TemplateError(f"parameter_overrides: {value!r} is not K=V")


def _of_mapping(content: dict[Any, Any], base: Path, depth: int) -> dict[str, str]:
    values: dict[str, str] = {}
    for key, value in content.items():
        if key == "$include":
            names = value if isinstance(value, list) else [value]
            values.update(overrides_of([f"file://{_path(name)}" for name in names], base, depth))
        elif isinstance(value, list):
            items = [as_text(item).strip() for item in value if item not in (None, "")]
            values[str(key)] = ",".join(items)
        else:
            values[str(key)] = "" if value is None else as_text(value)
    return values


def _path(name: Any) -> str:
    return str(name).removeprefix("file://")


def _of_text(text: str, base: Path, depth: int) -> dict[str, str]:
    if text.startswith("file://"):
        return _of_file(base / _path(text), depth)
    values: dict[str, str] = {}
    position = 0
    text = text.strip()
    if re.fullmatch(_QUOTED, text, re.DOTALL):
        text = _unquoted(text).strip()
    while position < len(text):
        match = _PAIR.match(text, position)
        if match is None or match["name"] == "ParameterKey":
            raise TemplateError(
                f"--parameter-overrides: {text[position:]} is not K=V",
                advice="write KEY=VALUE, or ParameterKey=KEY,ParameterValue=VALUE",
            )
        values[_unquoted(match["key"] or match["name"])] = _unquoted(match["value"])
        position = match.end()
    return values


def _of_file(path: Path, depth: int) -> dict[str, str]:
    text = read_text(path)
    try:
        if path.suffix == ".toml":
            content: Any = tomllib.loads(text)
        else:
            content = yaml.safe_load(text)
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        raise TemplateError(f"{path.name}: {str(error).splitlines()[0]}") from error
    return overrides_of(content, path.parent, depth + 1)


def _unquoted(text: str) -> str:
    """Returns a text without the quotes around it, and without backslashes before quotes."""
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        text = text[1:-1]
    elif text[:1] in "[{":
        return text  # JSON has backslashes of its own
    return re.sub(r"""\\([ "'])""", r"\1", text)


def parse_stored(pairs: Iterable[str]) -> dict[str, str]:
    """Returns values of SSM parameters and secrets by name. Raises TemplateError."""
    values: dict[str, str] = {}
    for pair in pairs:
        name, separator, value = pair.partition("=")
        if not separator or not name:
            raise TemplateError(f"--parameter: {pair} is not NAME=VALUE")
        values[name] = value
    return values


def read_variables(path: Path) -> dict[str, dict[str, Any]]:
    """Returns variables by function, of a file in the form that SAM takes. Raises TemplateError.

    The key `Parameters` is for all functions. A file that is not JSON has lines `NAME=VALUE`.
    """
    where = f"--env-vars {path.name}"
    try:
        text = read_text(path)
    except TemplateError as error:
        raise TemplateError(f"{where}: {error}") from error
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        lines = _of_lines(text)
        if lines is None:
            raise TemplateError(f"{where}: neither JSON nor lines NAME=VALUE: {error}") from error
        return {"Parameters": lines}
    if not isinstance(content, dict):
        raise TemplateError(f"{where}: not a mapping of functions to variables")
    for name, variables in content.items():
        if not isinstance(variables, dict):
            raise TemplateError(f"{where}: {name} is not a mapping of variables")
    return content


def _of_lines(text: str) -> dict[str, str] | None:
    """Returns the variables of a text with lines `NAME=VALUE`, or None for another text."""
    values: dict[str, str] = {}
    for line in text.splitlines():
        stripped = line.strip().removeprefix("export ").strip()
        if not stripped or stripped.startswith("#"):
            continue
        name, separator, value = stripped.partition("=")
        if not separator or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.-]*", name.strip()):
            return None
        value = value.strip()
        if value[:1] not in ("'", '"'):
            value = value.partition(" #")[0].strip()
        values[name.strip()] = _unquoted(value)
    return values or None
