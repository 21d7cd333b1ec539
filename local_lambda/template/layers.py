"""Finds the layers of functions: of the template, of a folder, of the command line, or by name.

https://docs.aws.amazon.com/lambda/latest/dg/chapter-layers.html
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from local_lambda.template.code import find_code
from local_lambda.template.files import kind_of
from local_lambda.template.known_layers import KnownLayer, known_layer, layer_name
from local_lambda.template.layer_sources import LayerSources, is_layer
from local_lambda.template.resource import Resource
from local_lambda.template.stack import Stack
from local_lambda.template.text import TemplateError
from local_lambda.template.values import LAYERS
from local_lambda.template.written import Written

_LAYERS_LIMIT = 5
_OURS = Path(__file__).parents[2] / "layers/streaming_runtime"  # in a clone of this project
_WRAPPER = "AWS_LAMBDA_EXEC_WRAPPER"
_BUILD = "run `sam build` and give .aws-sam/build/template.yaml"


@dataclass(frozen=True)
class FoundLayers:
    """Holds the layers of one function: folders and zip files, and requirements."""

    paths: tuple[Path, ...] = ()
    packages: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Without:
    """A function that runs without a layer. `wrapper` is the script that it lacks by that."""

    properties: Written
    reference: str
    wrapper: str

    def report(self, functions: list[str]) -> None:
        known = known_layer(self.reference)
        name = layer_name(self.reference)
        text = f"layer {self.reference!r} is not here"
        if known and known.reason:
            text = f"layer {name} is left out: {known.reason}"
        text = f"{text}; without it {_runs(functions)}"
        if self.wrapper:
            text = f"{text}, and every invocation fails: {_WRAPPER} {self.wrapper} is part of it"
        advice = f"--layer {name}=PATH names a folder or a zip file for it"
        if known and known.advice:
            advice = f"{known.advice}; {advice}"
        self.properties.report("Layers", text, advice=advice)


class Layers:
    """Knows the layers of a stack, by the ARN that `!Ref` returns."""

    def __init__(self, stack: Stack, sources: LayerSources) -> None:
        self._sources = sources
        self._own: dict[str, Path | None] = {}
        self._missing: dict[str, list[_Without]] = {}
        self._used: set[str] = set()
        self._stack = stack
        for resource in stack.of_type(*LAYERS):
            self._own[stack.resolver.resolve({"Ref": resource.logical_id})] = _read(stack, resource)

    def of(self, properties: Written, variables: Mapping[str, str]) -> FoundLayers:
        """Returns the layers of a function, in their order. `variables` are its environment."""
        references = [each for each in properties.texts("Layers") if each.strip()]
        if len(references) < len(properties.texts("Layers")):
            properties.report("Layers", "an empty text is no layer", advice="use AWS::NoValue")
        if len(references) > _LAYERS_LIMIT:
            text = f"{len(references)} layers; Lambda takes {_LAYERS_LIMIT} at most"
            properties.report("Layers", text, advice="put some of them together")
        paths: list[Path] = []
        packages: list[str] = []
        missing: list[str] = []
        for reference in references:
            self._used.add(self._sources.key_of(reference))
            known = known_layer(reference)
            if path := self._sources.find(reference) or self._own.get(reference) or _ours(known):
                paths.append(path)
            elif known and known.packages:
                packages += known.packages
            elif reference not in self._own:  # else the layer itself has been reported
                missing.append(reference)
        wrapper = _wrapper_in_need(variables, paths)
        for reference in missing:
            without = _Without(properties, reference, wrapper)
            self._missing.setdefault(reference, []).append(without)
        return FoundLayers(tuple(paths), tuple(packages))

    def report_missing(self) -> None:
        """Names each layer that is not here, once, with the functions that run without it.

        So are options that name no layer, or one that nobody has.
        """
        for found in self._missing.values():
            found[0].report([each.properties.resource.logical_id for each in found])
        self._report_wrong_sources()

    def _report_wrong_sources(self) -> None:
        for reference, path in self._sources.given.items():
            if not is_layer(path):
                text = f"--layer {reference}={path}: there is no folder and no zip file"
                self._stack.report(None, text, advice="correct the path")
            elif reference not in self._used:
                text = f"--layer {reference}: no function that is served has this layer"
                self._stack.report(None, text, advice="give its ARN or its name")
        folder = self._sources.folder
        if folder and kind_of(folder) != "folder":
            text = f"--layers {folder}: there is no such folder"
            self._stack.report(None, text, advice="correct the path")


def _read(stack: Stack, resource: Resource) -> Path | None:
    """Returns where a layer of the template lies, or None after it has been reported."""
    properties = Written(stack, resource, resource.properties)
    key = "ContentUri" if "ContentUri" in resource.properties else "Content"
    if key not in resource.properties and resource.kind == LAYERS[0]:
        key = "ContentUri"
    with stack.catching(resource):
        try:
            path = find_code(properties, key)
            if not is_layer(path):
                raise TemplateError(
                    f"{key} {path.name!r} is neither a folder nor a zip file", property=key
                )
        except TemplateError as error:
            error.args = (f"{error}; functions run without this layer",)
            raise
        _report_unbuilt(properties, key, path)
        return path
    return None


def _report_unbuilt(properties: Written, key: str, path: Path) -> None:
    """Names a layer whose packages and files `sam build` would put into `python/`."""
    method = properties.resource.metadata.get("BuildMethod")
    is_for_python = isinstance(method, str) and method.startswith(("python", "makefile"))
    if not is_for_python or kind_of(path) != "folder" or (path / "python").is_dir():
        return
    if ".aws-sam" not in path.parts:
        text = "it is not built: sam build would put its files and packages into python/"
        properties.report(key, text, advice=_BUILD)


def _runs(functions: list[str]) -> str:
    """Returns `F runs` or `F and G run`."""
    return f"{' and '.join(functions)} {'runs' if len(functions) == 1 else 'run'}"


def _ours(known: KnownLayer | None) -> Path | None:
    """Returns the streaming runtime of this project for its layer, if this is a clone."""
    return _OURS if known and known.is_ours and _OURS.is_dir() else None


def _wrapper_in_need(variables: Mapping[str, str], paths: list[Path]) -> str:
    """Returns the wrapper script if it is in /opt and in none of the layers that were found."""
    wrapper = variables.get(_WRAPPER, "")
    inside = wrapper.removeprefix("/opt/")
    is_found = inside == wrapper or any(_holds(layer, inside) for layer in paths)
    return "" if is_found else wrapper


def _holds(layer: Path, name: str) -> bool:
    if layer.is_dir():
        return kind_of(layer / name) == "file"
    try:
        with ZipFile(layer) as content:
            return name in content.namelist()
    except (BadZipFile, OSError):
        return False
