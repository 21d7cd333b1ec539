"""Reads the text of a template into values and their lines.

A template is YAML or JSON. CloudFormation's tags become their long form, keys are text, and dates
stay text. What is malformed in one place is a finding; only a text that is no template is an error.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html
"""

import codecs
import contextlib
import json
import re
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from local_lambda.application import Finding

Place = tuple[str | int, ...]

_read_paths: ContextVar[set[Path] | None] = ContextVar("read_paths", default=None)

# The deepest nesting that is read. Python takes 1,000 calls within each other, libyaml crashes.
_DEEPEST = 100
_LARGEST = 300_000  # values, with every alias counted as what it stands for
_BARE_TAGS = ("Ref", "Condition")
_MERGE = "tag:yaml.org,2002:merge"
_STANDARD = "tag:yaml.org,2002:"
_SCALARS = tuple(f"{_STANDARD}{kind}" for kind in ("bool", "float", "int", "null", "str"))
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Half of a surrogate pair as JSON escapes it, which libyaml refuses to read.
_SURROGATE = re.compile(r"(?<!\\)((?:\\\\)*)\\u[dD][89a-fA-F][0-9a-fA-F]{2}")


class TemplateError(ValueError):
    """The template, or one part of it, is invalid or not supported. The message says why.

    `property` is the way from the resource to the part, and `advice` says what to do.
    """

    def __init__(self, text: str, property: str = "", advice: str = "") -> None:
        super().__init__(text)
        self.property = property
        self.advice = advice


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Reads YAML as CloudFormation does: dates stay text."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != f"{_STANDARD}timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


class Lines:
    """Knows the line of each place of a template, such as `("Resources", "F", "Properties")`."""

    def __init__(self, root: yaml.Node | None = None) -> None:
        self._root = root
        self._moved: dict[Place, Place] = {}

    def of(self, place: Place) -> int:
        """Returns the line, counted from 1, of the place or of what is known around it.

        Returns 0 if nothing is known.
        """
        node = self._root
        line = 0
        for part in self._original(place):
            found = _child(node, part)
            if found is None:
                break
            line = _line(found[0])
            node = found[1]
        return line

    def move(self, new: Place, original: Place) -> None:
        """Says that what stands at `new` was made of what is written at `original`."""
        self._moved[new] = original

    def _original(self, place: Place) -> Place:
        for length in range(len(place), 0, -1):
            if original := self._moved.get(place[:length]):
                return self._original((*original, *place[length:]))
        return place


def _child(node: yaml.Node | None, part: str | int) -> tuple[yaml.Node, yaml.Node] | None:
    """Returns the node that marks the beginning of a part, and the node of its value."""
    if isinstance(node, yaml.MappingNode):
        for key, value in reversed(node.value):
            if isinstance(key, yaml.ScalarNode) and key.value == str(part):
                return key, value
    if isinstance(node, yaml.SequenceNode) and str(part).isdecimal():
        index = int(part)
        if index < len(node.value):
            return node.value[index], node.value[index]
    if node is not None and _long_form(node.tag) == part:
        return node, node
    return None


@dataclass
class Template:
    """A template as it is written: `values` in long form, and what was found while reading it."""

    values: dict[str, Any]
    lines: Lines = field(default_factory=Lines)
    findings: list[Finding] = field(default_factory=list)
    _places: dict[int, Place] = field(default_factory=dict, init=False, repr=False)

    def place_of(self, node: Any) -> Place:
        """Returns the place of a mapping, a list or a text of `values`, or nothing."""
        if not self._places:
            self._index(self.values, ())
        return self._places.get(id(node), ())

    def _index(self, value: Any, place: Place) -> None:
        if id(value) in self._places:
            return
        if isinstance(value, dict | list | str):
            self._places[id(value)] = place
        if isinstance(value, dict):
            for key, item in value.items():
                self._index(item, (*place, key))
        elif isinstance(value, list):
            for index, item in enumerate(value):
                self._index(item, (*place, index))

    def report(self, place: Place, text: str, advice: str = "", served: bool = True) -> None:
        """Adds a finding about a place."""
        finding = finding_at(place, text, line=self.lines.of(place), advice=advice, served=served)
        if finding not in self.findings:
            self.findings.append(finding)


def finding_at(
    place: Place, text: str, line: int = 0, advice: str = "", served: bool = True
) -> Finding:
    """Returns a finding about a place of a template, such as `("Resources", "F", "Type")`."""
    way = [str(part) for part in place]
    if way[:1] == ["Resources"] and len(way) > 1:
        way = way[1:]
        if way[1:2] == ["Properties"] and len(way) > 2:
            way = [way[0], *way[2:]]
    return Finding(
        text,
        advice=advice,
        resource=way[0] if way else "",
        property=".".join(way[1:]),
        line=line,
        served=served,
    )


@contextlib.contextmanager
def recorded_reads() -> Iterator[set[Path]]:
    """Collects the paths of the files that are read meanwhile, also of those that are not there."""
    paths: set[Path] = set()
    token = _read_paths.set(paths)
    try:
        yield paths
    finally:
        _read_paths.reset(token)


def record_read(path: Path) -> None:
    """Tells `recorded_reads` of a file that is read by other means than `read_text`."""
    if (paths := _read_paths.get()) is not None:
        paths.add(path.absolute())


def read_text(path: Path) -> str:
    """Returns the text of a file in UTF-8, or UTF-16 with its mark. Raises TemplateError."""
    record_read(path)
    if path.is_dir():
        raise TemplateError("this is a folder", advice="name the template in it")
    try:
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise TemplateError(f"the file cannot be read: {reason}") from error
    try:
        return data.decode(_encoding(data))
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise TemplateError(
            f"line {line}: the file is not UTF-8 text (byte 0x{data[error.start]:02x})",
            advice="save it as UTF-8",
        ) from error


def _encoding(data: bytes) -> str:
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return encoding
    if data[1:2] == b"\0":
        return "utf-16-le"
    return "utf-16-be" if data[:1] == b"\0" else "utf-8"


def parse(text: str) -> Template:
    """Returns a text's values, whatever they are. Raises TemplateError.

    JSON is read as JSON where it is valid: it may hold tabs and surrogate pairs, which YAML cannot.
    """
    if not text.strip():
        raise TemplateError("the file is empty")
    if not text.lstrip().startswith("{"):
        return _built(_compose(text))
    try:
        values = _json(text)
    except RecursionError as error:
        raise TemplateError(f"nested deeper than {_DEEPEST} levels") from error
    except ValueError as error:
        return _flow_yaml(text, error)
    try:
        template = _built(_compose(_SURROGATE.sub(r"\1\\u0020", text.replace("\t", " "))))
    except TemplateError as error:
        if error.advice:
            raise
        return Template(values)  # a key of more than 1,024 letters, for instance: no lines
    return Template(values, template.lines, template.findings)


def _json(text: str) -> Any:
    values = json.loads(text, strict=False)
    if not _SURROGATE.search(text):
        return values
    # Half a pair is no letter: nothing could take it later on.
    whole = json.dumps(values, ensure_ascii=False).encode("utf-16", "surrogatepass")
    return json.loads(whole.decode("utf-16", "replace"))


def _flow_yaml(text: str, error: ValueError) -> Template:
    """Reads what begins as JSON but is not: YAML may begin so too."""
    try:
        return _built(_compose(text))
    except TemplateError:
        if isinstance(error, json.JSONDecodeError):
            raise TemplateError(f"line {error.lineno}: not JSON: {error.msg}") from error
        raise


def _compose(text: str) -> yaml.Node:
    try:
        _check_events(text)
        root = yaml.compose(text, _Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f"line {mark.line + 1}: " if mark else ""
        reason = error.problem or error.context or "malformed"
        raise TemplateError(f"{line}not YAML: {reason}") from error
    except (yaml.YAMLError, UnicodeError, RecursionError) as error:
        reason = str(error).partition("\n")[0] or "malformed"
        raise TemplateError(f"not YAML: {reason}") from error
    assert root is not None, "there is one document"
    return root


def _check_events(text: str) -> None:
    """Refuses a text that is not one document, or nested too deep for the programs that read it."""
    depth = 0
    documents = 0
    for event in yaml.parse(text, _Loader):
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
        elif isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if documents > 1:
            raise TemplateError(
                f"line {line}: a second document begins here",
                advice="a template is one document; take the line --- away",
            )
        if depth > _DEEPEST:
            raise TemplateError(
                f"line {line}: nested deeper than {_DEEPEST} levels",
                advice="CloudFormation does not take such a template either",
            )
    if not documents:
        raise TemplateError("the file is empty")


def _built(root: yaml.Node) -> Template:
    builder = _Builder()
    values = builder.value(root)
    return Template(values, Lines(root), builder.findings)


class _Builder:
    """Makes values of nodes. An alias gives the very object that its anchor gave."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self._values: dict[int, Any] = {}
        self._sizes: dict[int, int] = {}
        self._open: set[int] = set()
        self._place: list[str | int] = []
        self._scalars = yaml.constructor.SafeConstructor()

    def value(self, node: yaml.Node) -> Any:
        key = id(node)
        if key in self._open:
            raise TemplateError(
                f"line {_line(node)}: the value of an anchor (&) contains itself",
                advice="write the value out",
            )
        if key not in self._values:
            self._open.add(key)
            self._values[key] = self._new(node)
            self._open.discard(key)
            self._measure(node)
        return self._values[key]

    def _measure(self, node: yaml.Node) -> None:
        """Refuses anchors whose aliases would multiply to more than any template holds."""
        parts: list[yaml.Node] = []
        if isinstance(node, yaml.MappingNode):
            parts = [value for _, value in node.value]
        elif isinstance(node, yaml.SequenceNode):
            parts = list(node.value)
        size = 1 + sum(self._sizes.get(id(part), 1) for part in parts)
        self._sizes[id(node)] = size
        if size > _LARGEST:
            raise TemplateError(
                f"line {_line(node)}: the aliases (*) of anchors make more than {_LARGEST} values",
                advice="write the values out",
            )

    def _new(self, node: yaml.Node) -> Any:
        name = _long_form(node.tag)
        if name is None:
            return self._plain(node)
        if isinstance(node, yaml.ScalarNode):
            value: Any = node.value
        else:
            self._place.append(name)
            value = self._plain(node)
            self._place.pop()
        if name == "Fn::GetAtt" and isinstance(value, str):
            value = value.split(".", 1)
        return {name: value}

    def _plain(self, node: yaml.Node) -> Any:
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node)
        if isinstance(node, yaml.SequenceNode):
            return list(self._items(node))
        return self._scalar(node)

    def _items(self, node: yaml.SequenceNode) -> Iterator[Any]:
        for index, item in enumerate(node.value):
            self._place.append(index)
            yield self.value(item)
            self._place.pop()

    def _scalar(self, node: yaml.Node) -> Any:
        if node.tag not in _SCALARS:
            return node.value
        try:
            return self._scalars.construct_object(node)
        except (ValueError, KeyError, IndexError, OverflowError, yaml.YAMLError):
            self._report(node, f"{node.value[:40]!r} is not a value of the tag {node.tag}")
            return node.value

    def _mapping(self, node: yaml.MappingNode) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        own: dict[str, Any] = {}
        first: dict[str, int] = {}
        for key, value in node.value:
            if key.tag == _MERGE:
                merged = {**self._merged(value), **merged}
                continue
            if not isinstance(key, yaml.ScalarNode):
                self._report(
                    key,
                    "a key is not text, and is left out",
                    advice="put braces that belong to a text in quotes",
                )
                continue
            name = key.value
            self._place.append(name)
            if name in first:
                self._report(
                    key,
                    f"{name} stands twice here, first in line {first[name]}; the last one counts",
                    advice="take one of them away; CloudFormation refuses such a template",
                )
            first[name] = _line(key)
            own[name] = self.value(value)
            self._place.pop()
        return {**merged, **own}

    def _merged(self, node: yaml.Node) -> dict[str, Any]:
        """Returns what `<<` adds. Of several mappings, the first that has a key counts."""
        value = self.value(node)
        merged: dict[str, Any] = {}
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, dict):
                merged = {**each, **merged}
            else:
                self._report(node, "<< merges mappings, and this is none")
        return merged

    def _report(self, node: yaml.Node, text: str, advice: str = "") -> None:
        place = tuple(self._place)
        self.findings.append(finding_at(place, text, line=_line(node), advice=advice))


def _long_form(tag: str) -> str | None:
    """Returns `Fn::Sub` for the tag `!Sub`. Returns None for a tag that is not CloudFormation's."""
    name = tag[1:]
    if not tag.startswith("!") or not name:
        return None
    return name if name in _BARE_TAGS else f"Fn::{name}"


def _line(node: yaml.Node) -> int:
    return node.start_mark.line + 1 if node.start_mark else 0
