"""Options of the command line that say which template is read, and with which values."""

import argparse
from dataclasses import dataclass, field
from pathlib import Path

from local_lambda.application import Finding
from local_lambda.template.inputs import Inputs
from local_lambda.template.layer_sources import LayerSources
from local_lambda.template.overrides import parse_overrides, parse_stored, read_variables
from local_lambda.template.samconfig import Configuration, read_configuration
from local_lambda.template.text import TemplateError

DEFAULT_REGION = "us-east-1"
_DEFAULT = Path("template.yaml")
# Other names that sam looks for, and the one of JSON.
_OTHERS = (Path("template.yml"), Path("template.json"))


@dataclass(frozen=True)
class TemplateRequest:
    """`overrides` are values of parameters; `region` is empty where the user names none."""

    path: Path
    overrides: dict[str, str] = field(default_factory=dict)
    region: str = ""
    inputs: Inputs = field(default_factory=Inputs)
    strict: bool = False


def add_template_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options that `template_request` reads."""
    group = parser.add_argument_group("template")
    group.add_argument("--template", type=Path, default=_DEFAULT)
    group.add_argument(
        "--parameter-overrides",
        nargs="+",
        action="extend",
        default=[],
        metavar="K=V",
        help="values for parameters of the template",
    )
    group.add_argument(
        "--parameter",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="value of an SSM parameter or a secret, by name or ARN; may be repeated",
    )
    group.add_argument(
        "--env-vars",
        type=Path,
        metavar="FILE",
        help="values of functions' variables, in the form of sam local's option of this name",
    )
    group.add_argument(
        "--config-file",
        type=Path,
        metavar="FILE",
        help="configuration of sam; default: samconfig.toml beside the template",
    )
    group.add_argument(
        "--config-env", metavar="NAME", help="environment in that file; default: default"
    )
    _add_layer_options(group)
    group.add_argument("--region", help="region that functions see; default: us-east-1")
    group.add_argument(
        "--strict",
        action="store_true",
        help="anything of the template that is not served as on AWS is an error",
    )


def _add_layer_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--layer",
        action="append",
        default=[],
        metavar="ARN=PATH",
        help="a folder or zip file for a layer that is not in the template, by ARN or name",
    )
    group.add_argument(
        "--layers",
        type=Path,
        metavar="DIR",
        help="a folder with such layers: NAME.zip, NAME/, or the same with -VERSION",
    )


def template_request(arguments: argparse.Namespace) -> TemplateRequest:
    """Returns what the options say. Raises TemplateError, also for files that they name."""
    path = _existing(arguments.template)
    configuration = read_configuration(path, arguments.config_file, arguments.config_env)
    overrides = parse_overrides(arguments.parameter_overrides)
    findings = list(configuration.findings)
    configured = configuration.parameters
    if arguments.parameter_overrides:
        findings += _replaced(configuration, overrides)
        configured = {}
    variables_file = arguments.env_vars
    if variables_file is None and configuration.variables_file:
        variables_file = Path(configuration.variables_file)
    inputs = Inputs(
        configured=configured,
        stored=parse_stored(arguments.parameter),
        variables=read_variables(variables_file) if variables_file else {},
        findings=tuple(findings),
        layers=_layer_sources(arguments),
    )
    return TemplateRequest(
        path=path,
        overrides=overrides,
        region=arguments.region or configuration.region,
        inputs=inputs,
        strict=arguments.strict,
    )


def _layer_sources(arguments: argparse.Namespace) -> LayerSources:
    """Returns where layers lie. Raises TemplateError for one that is not ARN=PATH."""
    pairs = [text.partition("=") for text in arguments.layer]
    for name, _, path in pairs:
        if not name or not path:
            raise TemplateError(f"--layer: {name or path!r} is not ARN=PATH")
    paths = {name: Path(path).expanduser() for name, _, path in pairs}
    folder = arguments.layers
    if folder is not None and not folder.is_dir():
        raise TemplateError(f"--layers {folder}: there is no such folder")
    return LayerSources(paths, folder)


def _existing(path: Path) -> Path:
    """Returns the template, or one that is named in another way if nobody named one."""
    if path == _DEFAULT and not path.exists():
        return next((other for other in _OTHERS if other.is_file()), path)
    return path


def _replaced(configuration: Configuration, overrides: dict[str, str]) -> list[Finding]:
    """Names the values of the file that the command line replaces as a whole, as with sam."""
    unused = [name for name in configuration.parameters if name not in overrides]
    if not unused:
        return []
    text = (
        f"--parameter-overrides replaces all parameter_overrides of this file, as it does with sam:"
        f" {', '.join(unused)}"
    )
    return [Finding(text, advice="give them too", resource=configuration.name)]
