"""Reads the SAM CLI's configuration file as `sam local start-api` reads it.

The tables [ENV.global.parameters] and [ENV.local_start_api.parameters] count, the second first.
Page serverless-sam-cli-config.html in
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from local_lambda.application import Finding
from local_lambda.template.overrides import overrides_of
from local_lambda.template.text import TemplateError, read_text, record_read

_NAMES = ("samconfig.toml", "samconfig.yaml", "samconfig.yml")
_COMMANDS = ("global", "local_start_api")


@dataclass(frozen=True)
class Configuration:
    """`name` is the file's name, empty if there is none. `variables_file` is its `env_vars`."""

    name: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    region: str = ""
    variables_file: str = ""
    findings: tuple[Finding, ...] = ()


def read_configuration(
    template: Path, file: Path | None = None, environment: str | None = None
) -> Configuration:
    """Returns the configuration of a template. Raises TemplateError.

    Without `file` it is the one beside the template, if there is one. A template that `sam build`
    has written has the configuration of its project.
    """
    path = _named(template, file) if file else _found(template)
    if path is None:
        if environment:
            raise TemplateError(f"--config-env {environment}: there is no {_NAMES[0]} here")
        return Configuration()
    content = _content(path)
    findings: list[str] = []
    if not isinstance(content.get("version"), float):
        findings.append("version is missing; sam refuses such a file: write version = 0.1")
    tables = content.get(environment or "default")
    if not isinstance(tables, dict):
        if environment:
            findings.append(f"there is no environment {environment}")
        tables = {}
    options = _options(tables)
    try:
        parameters = overrides_of(options.get("parameter_overrides"), path.parent)
    except TemplateError as error:
        raise TemplateError(f"{path.name}: {error}", advice=error.advice) from error
    return Configuration(
        name=path.name,
        parameters=parameters,
        region=_text(options, "region"),
        variables_file=_text(options, "env_vars"),
        findings=tuple(Finding(text, resource=path.name) for text in findings),
    )


def _text(options: dict[str, Any], name: str) -> str:
    value = options.get(name)
    return value if isinstance(value, str) else ""


def _options(tables: dict[str, Any]) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for command in _COMMANDS:
        table = tables.get(command)
        parameters = table.get("parameters") if isinstance(table, dict) else None
        if isinstance(parameters, dict):
            options.update(parameters)
    return options


def _named(template: Path, file: Path) -> Path:
    """Returns the file that the user names, from the template's folder as sam has it, or here."""
    for path in (template.parent / file, file):
        if path.is_file():
            return path
    raise TemplateError(f"--config-file {file}: there is no such file")


def _found(template: Path) -> Path | None:
    folder = template.resolve().parent
    folders = [folder]
    if (folder.parent.name, folder.name) == (".aws-sam", "build"):
        folders.append(folder.parent.parent)
    for each in folders:
        for name in _NAMES:
            record_read(each / name)
            if (each / name).is_file():
                return each / name
    return None


def _content(path: Path) -> dict[str, Any]:
    try:
        text = read_text(path)
        content = tomllib.loads(text) if path.suffix == ".toml" else yaml.safe_load(text)
    except TemplateError as error:
        raise TemplateError(f"{path.name}: {error}") from error
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise TemplateError(f"{path.name} cannot be read: {reason}") from error
    if content is not None and not isinstance(content, dict):
        raise TemplateError(f"{path.name} cannot be read: it holds no tables")
    return content or {}
