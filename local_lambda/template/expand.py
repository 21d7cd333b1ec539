"""Expands what CloudFormation expands before it reads resources: loops and included files.

Pages intrinsic-function-reference-foreach.html and transform-aws-include.html in
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/
"""

import re
from pathlib import Path
from typing import Any

from local_lambda.template.parameters import as_text
from local_lambda.template.resolver import Resolver
from local_lambda.template.shape import check_sections, kind_of
from local_lambda.template.text import Place, Template, TemplateError, parse, read_text

LOOP = "Fn::ForEach::"
INCLUDE = "Fn::Transform"
_EXTENSIONS = "AWS::LanguageExtensions"
_EXTENDED = (LOOP, "Fn::Length", "Fn::ToJsonString")
# Macros that the emulator itself does the work of, or whose work changes nothing here.
_KNOWN_MACROS = ("AWS::Include", _EXTENSIONS, "AWS::Serverless-2016-10-31", "AWS::SecretsManager")
_SECTIONS = ("Conditions", "Globals", "Mappings", "Outputs", "Resources")
# CloudFormation takes 500 resources; a loop in a loop in a loop may make more of anything else.
_MOST_COPIES = 10_000


def include_files(template: Template, base: Path, resolver: Resolver) -> None:
    """Puts the content of included files where `AWS::Include` says. `base` is the folder."""
    _Includer(template, base, resolver).run()


def expand_loops(template: Template, resolver: Resolver) -> None:
    """Replaces each `Fn::ForEach` by what it makes."""
    _Loops(template, resolver).run()


class _Includer:
    def __init__(self, template: Template, base: Path, resolver: Resolver) -> None:
        self._template = template
        self._base = base
        self._resolver = resolver
        self._open: list[Path] = []

    def run(self) -> None:
        values = self._template.values
        for transform in _transforms(values):
            self._whole(transform)
        for section in _SECTIONS:
            if isinstance(values.get(section), dict):
                values[section] = self._part(values[section], (section,))
        check_sections(self._template)

    def _whole(self, transform: Any) -> None:
        """Applies a macro that is declared for the whole template."""
        name = transform.get("Name") if isinstance(transform, dict) else transform
        if name == "AWS::Include":
            content = self._content(transform, ("Transform",))
            values = self._template.values
            for key, included in content.items():
                if isinstance(included, dict) and isinstance(values.get(key), dict):
                    values[key] = {**included, **values[key]}
                else:
                    values.setdefault(key, included)
        elif not (isinstance(name, str) and name.startswith(_KNOWN_MACROS)):
            self._unknown(name, ("Transform",))

    def _unknown(self, name: Any, place: Place) -> None:
        self._template.report(
            place,
            f"the macro {name!r} is not emulated",
            "write out what it makes, or give the template that `aws cloudformation get-template"
            " --template-stage Processed` prints",
        )

    def _part(self, value: Any, place: Place) -> Any:
        if isinstance(value, list):
            return [self._part(item, (*place, index)) for index, item in enumerate(value)]
        if not isinstance(value, dict):
            return value
        if INCLUDE not in value:
            changed = {key: self._part(item, (*place, key)) for key, item in value.items()}
            # The same object stays: notes are placed by it.
            value.update(changed)
            return value
        included: dict[str, Any] = {}
        macros = value[INCLUDE]
        for macro in macros if isinstance(macros, list) else [macros]:
            name = macro.get("Name") if isinstance(macro, dict) else macro
            if name == "AWS::Include":
                included.update(self._content(macro, (*place, INCLUDE)))
            else:
                self._unknown(name, (*place, INCLUDE))
        own = {key: item for key, item in value.items() if key != INCLUDE}
        for key in included:
            self._template.lines.move((*place, key), (*place, INCLUDE))
        return {**included, **{key: self._part(item, (*place, key)) for key, item in own.items()}}

    def _content(self, macro: Any, place: Place) -> dict[str, Any]:
        """Returns the content of an included file, or nothing and a finding."""
        parameters = macro.get("Parameters") if isinstance(macro, dict) else None
        location = parameters.get("Location") if isinstance(parameters, dict) else None
        try:
            location = self._resolver.resolve(location)
            if not isinstance(location, str) or not location:
                raise TemplateError("AWS::Include has no Location")
            path = self._path(location, place)
            if path in self._open:
                raise TemplateError(f"the file {location} includes itself")
            return self._read(path, place)
        except TemplateError as error:
            self._template.report(place, str(error), error.advice)
            return {}

    def _read(self, path: Path, place: Place) -> dict[str, Any]:
        try:
            included = parse(read_text(path))
        except TemplateError as error:
            raise TemplateError(f"{path.name}: {error}", advice=error.advice) from error
        if not isinstance(included.values, dict):
            kind = kind_of(included.values)
            raise TemplateError(f"{path.name} is {kind}, not a mapping", advice="include a mapping")
        for finding in included.findings:
            self._template.report(place, f"{path.name}: {finding}", finding.advice)
        self._open.append(path)
        content = self._part(included.values, place)
        self._open.pop()
        return content

    def _path(self, location: str, place: Place) -> Path:
        """Returns the file of a location. One on S3 may lie beside the template, too."""
        if not location.startswith(("s3://", "http://", "https://")):
            path = self._base / location
            if not _is_file(path):
                raise TemplateError(f"AWS::Include: there is no file {location} here")
            return path
        key = location.partition("://")[2].partition("/")[2]
        for name in dict.fromkeys((key, Path(key).name)):
            if name and _is_file(self._base / name):
                self._template.report(place, f"the local file {name} is read instead of {location}")
                return self._base / name
        name = Path(key).name or "snippet.yaml"
        raise TemplateError(
            f"AWS::Include: {location} is not read, and its content is left out",
            advice=f"put a copy of it beside the template, as {name}",
        )


class _Loops:
    def __init__(self, template: Template, resolver: Resolver) -> None:
        self._template = template
        self._resolver = resolver
        self._copies = 0
        self._extended: Place = ()

    def run(self) -> None:
        values = self._template.values
        for section in _SECTIONS:
            if isinstance(values.get(section), dict):
                values[section] = self._part(values[section], (section,), (section,))
        declared = [
            item.get("Name") if isinstance(item, dict) else item for item in _transforms(values)
        ]
        if self._extended and _EXTENSIONS not in declared:
            self._template.report(
                self._extended,
                f"{self._extended[-1]} needs the transform {_EXTENSIONS}, which is not declared",
                f"write Transform: {_EXTENSIONS}, before the transform of SAM",
            )

    def _part(self, value: Any, place: Place, written: Place) -> Any:
        """Expands the loops in a value at `place`, which is made of what stands at `written`."""
        if isinstance(value, list):
            for index, item in enumerate(value):
                value[index] = self._part(item, (*place, index), (*written, index))
            return value
        if not isinstance(value, dict):
            return value
        for key, item in list(value.items()):
            if key.startswith(_EXTENDED) or _has_default(key, item):
                self._extended = self._extended or (*written, key)
            if not key.startswith(LOOP):
                value[key] = self._part(item, (*place, key), (*written, key))
                continue
            del value[key]
            try:
                made = self._loop(item, place, (*written, key))
            except TemplateError as error:
                self._template.report((*written, key), str(error), error.advice, served=False)
                continue
            for name in made:
                if name in value:
                    self._template.report((*written, key), f"{name} stands here already")
            value.update(made)
        return value

    def _loop(self, loop: Any, place: Place, written: Place) -> dict[str, Any]:
        if not isinstance(loop, list) or len(loop) != 3:
            raise TemplateError(f"{LOOP}… takes a list of identifier, collection and mapping")
        identifier, collection, body = loop
        items = self._resolver.resolve(collection)
        if not isinstance(identifier, str) or not identifier:
            raise TemplateError("the identifier of the loop is not text")
        if not isinstance(items, list):
            raise TemplateError(f"the collection of the loop is {kind_of(items)}, not a list")
        if not isinstance(body, dict):
            raise TemplateError(f"the body of the loop is {kind_of(body)}, not a mapping")
        made: dict[str, Any] = {}
        for item in items:
            self._copies += 1
            if self._copies > _MOST_COPIES:
                raise TemplateError(f"the loops make more than {_MOST_COPIES} copies")
            for key, value in body.items():
                self._copy(made, (identifier, as_text(item)), (key, value), place, written)
        return made

    def _copy(
        self,
        made: dict[str, Any],
        variable: tuple[str, str],
        entry: tuple[str, Any],
        place: Place,
        written: Place,
    ) -> None:
        name = _filled(entry[0], *variable)
        copy = _filled(entry[1], *variable)
        origin = (*written, 2, entry[0])
        if name.startswith(LOOP):
            made.update(self._loop(copy, place, origin))
            return
        if name in made:
            raise TemplateError(
                f"the loop makes {name} twice",
                advice=f"write ${{{variable[0]}}} into the key",
            )
        self._template.lines.move((*place, name), origin)
        made[name] = self._part(copy, (*place, name), origin)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that no file can have
        return False


def _has_default(key: str, argument: Any) -> bool:
    return key == "Fn::FindInMap" and isinstance(argument, list) and len(argument) > 3


def _filled(value: Any, identifier: str, item: str) -> Any:
    """Returns a copy in which the loop's identifier is replaced, in keys and in values."""
    if isinstance(value, dict):
        if value == {"Ref": identifier}:
            return item
        return {
            _filled(key, identifier, item): _filled(content, identifier, item)
            for key, content in value.items()
        }
    if isinstance(value, list):
        return [_filled(content, identifier, item) for content in value]
    if not isinstance(value, str):
        return value
    text = value.replace(f"${{{identifier}}}", item)
    return text.replace(f"&{{{identifier}}}", re.sub(r"[^A-Za-z0-9]", "", item))


def _transforms(values: dict[str, Any]) -> list[Any]:
    declared = values.get("Transform")
    if declared is None:
        return []
    return declared if isinstance(declared, list) else [declared]
