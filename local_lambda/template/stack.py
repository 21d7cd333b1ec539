"""Applies parameters, conditions and Globals to a template, and collects what is found in it.

The modules that read functions, APIs and tables ask a stack for resources and their properties.
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/
sam-specification-template-anatomy-globals.html
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from local_lambda.application import Finding
from local_lambda.template.api_values import add_api_values
from local_lambda.template.cloudformation import Resolver, TemplateError
from local_lambda.template.parameters import Parameters
from local_lambda.template.resolver import Note
from local_lambda.template.resource import Resource
from local_lambda.template.text import Place, finding_at
from local_lambda.template.values import physical_name, url_targets, values_of

# Sections of Globals, by the type of resource that they are for.
_GLOBALS = {
    "AWS::Serverless::Api": "Api",
    "AWS::Serverless::Function": "Function",
    "AWS::Serverless::HttpApi": "HttpApi",
    "AWS::Serverless::LayerVersion": "LayerVersion",
    "AWS::Serverless::SimpleTable": "SimpleTable",
}


class Stack:
    """A template with its parameters applied. `base` is the folder of the template.

    `place_of` returns the place of a part of the template, and
    `line_of` returns the line of a place such as `("Resources", "F", "Properties")`, 0 if unknown.
    `urls` are the Function URLs by the function's logical id, and the origins of APIs and listeners
    by theirs; they are known after the start.
    """

    def __init__(
        self,
        template: dict[str, Any],
        base: Path,
        overrides: Mapping[str, str],
        region: str,
        urls: Mapping[str, str],
        line_of: Callable[[Place], int] = lambda _: 0,
        parameters: Parameters | None = None,
        place_of: Callable[[Any], Place] = lambda _: (),
    ) -> None:
        self.base = base
        self.region = region
        self.urls = urls
        self.findings: list[Finding] = []
        self._template = template
        self._line_of = line_of
        self._place_of = place_of
        self._absent: set[str] = set()
        self._globals: dict[str, Any] = template.get("Globals") or {}
        if parameters is None:
            parameters = Parameters(template.get("Parameters"), overrides)
        plain = Resolver(template, overrides, region, parameters=parameters)
        self.resources = self._present(plain)
        of_conditions = list(plain.notes)
        self.names = {name: physical_name(plain, each) for name, each in self.resources.items()}
        references, attributes = values_of(self.resources, self.names, region, urls, plain)
        add_api_values(references, attributes, self.resources, plain, region, urls)
        self.resolver = Resolver(
            template, overrides, region, references, attributes, parameters=parameters
        )
        self.url_targets = url_targets(self.resources, self.names, self.resolver)
        for url_id, function in self.url_targets.items():
            if function in urls:
                attributes[url_id, "FunctionUrl"] = urls[function]
        self.resolver = Resolver(
            template, overrides, region, references, attributes, parameters=parameters
        )
        self.resolver.absent = self._absent
        self.resolver.notes += of_conditions

    def of_type(self, *kinds: str) -> list[Resource]:
        """Returns the resources of these types, in the template's order."""
        return [resource for resource in self.resources.values() if resource.kind in kinds]

    def resolve(self, value: Any) -> Any:
        """Returns the value without intrinsic functions. Raises TemplateError."""
        return self.resolver.resolve(value)

    def shared(self, section: str) -> dict[str, Any]:
        """Returns a section of Globals, as it is written."""
        shared: dict[str, Any] = self._globals.get(section) or {}
        return shared

    def report(
        self,
        resource: Resource | None,
        text: str,
        *,
        property: str = "",
        advice: str = "",
        served: bool = True,
    ) -> None:
        """Adds a finding. `property` is the way from the resource's properties.

        A mistake in Globals that leaves no resource out is named once, and not for each resource.
        """
        name = resource.logical_id if resource else ""
        line = self._line(resource, property)
        if served and resource and (section := self._shared_section(resource, property)):
            name = "Globals"
            property = f"{section}.{property}"
        finding = Finding(text, advice, name, property=property, line=line, served=served)
        if finding not in self.findings:
            self.findings.append(finding)

    @contextlib.contextmanager
    def catching(
        self, resource: Resource, property: str = "", served: bool = False
    ) -> Iterator[None]:
        """Turns a TemplateError into a finding, so that one mistake takes nothing else along."""
        try:
            yield
        except TemplateError as error:
            where = ".".join(part for part in (property, error.property) if part)
            self.report(resource, str(error), property=where, advice=error.advice, served=served)

    def all_findings(self) -> tuple[Finding, ...]:
        """Returns what was found, in the order of the template's lines."""
        findings = dict.fromkeys([*self.findings, *map(self._of_note, self.resolver.notes)])
        return tuple(sorted(findings, key=lambda finding: finding.line))

    def _of_note(self, note: Note) -> Finding:
        place = self._place_of(note.node)
        advice = note.advice
        if note.placeholder and "Variables" in place:
            variable = place[place.index("Variables") + 1 :][:1]
            advice = f"set {variable[0]} with --env-vars" if variable else advice
        return finding_at(place, note.text, line=self._line_of(place), advice=advice)

    def _present(self, resolver: Resolver) -> dict[str, Resource]:
        """Returns the resources whose condition holds."""
        present = {}
        for name, written in self._template["Resources"].items():
            resource = self._resource(name, written)
            with self.catching(resource):
                condition = written.get("Condition")
                if condition is None or resolver.condition(condition):
                    present[name] = resource
                else:
                    self._absent.add(name)
        return present

    def _resource(self, name: str, written: dict[str, Any]) -> Resource:
        kind = str(written.get("Type"))
        own = written.get("Properties") or {}
        section = _GLOBALS.get(kind)
        shared = self._not_ignored(name, written, self.shared(section)) if section else {}
        properties = merge(shared, own)
        return Resource(name, kind, properties, own, metadata=written.get("Metadata") or {})

    def _not_ignored(
        self, name: str, written: dict[str, Any], shared: dict[str, Any]
    ) -> dict[str, Any]:
        """Returns Globals without what the resource's `IgnoreGlobals` names; "*" names all.

        Page sam-specification-template-anatomy.html beside the one above.
        """
        ignored = written.get("IgnoreGlobals")
        if ignored == "*":
            return {}
        names = ignored if isinstance(ignored, list) else []
        mistakes = [key for key in names if not isinstance(key, str) or key not in shared]
        if ignored and not isinstance(ignored, list):
            mistakes = [ignored]
        for mistake in mistakes:
            place = ("Resources", name, "IgnoreGlobals")
            text = f"{mistake!r} is no property of this resource's Globals; left out"
            advice = "SAM takes '*' or a list of properties that Globals has"
            line = self._line_of(place)
            self.findings.append(finding_at(place, text, line=line, advice=advice))
        return {key: value for key, value in shared.items() if key not in names}

    def _line(self, resource: Resource | None, property: str) -> int:
        if resource is None:
            return 0
        way = property.split(".") if property else []
        if section := self._shared_section(resource, property):
            return self._line_of(("Globals", section, *way))
        return self._line_of(("Resources", resource.logical_id, "Properties", *way))

    @staticmethod
    def _shared_section(resource: Resource, property: str) -> str:
        """Returns the section of Globals that a property comes from, or an empty text."""
        first = property.partition(".")[0]
        is_shared = first not in resource.own and first in resource.properties
        return _GLOBALS.get(resource.kind, "") if is_shared else ""


def merge(shared: Any, own: Any) -> Any:
    """Merges Globals into a resource as SAM does.

    Maps are merged, lists are concatenated, and other values are overridden.
    """
    if isinstance(shared, dict) and isinstance(own, dict):
        if _is_intrinsic(shared) or _is_intrinsic(own):
            return own
        both = {key: merge(shared[key], own[key]) for key in shared.keys() & own.keys()}
        return {**shared, **own, **both}
    if isinstance(shared, list) and isinstance(own, list):
        return [*shared, *own]
    return own


def _is_intrinsic(value: dict[str, Any]) -> bool:
    return len(value) == 1 and str(next(iter(value))).startswith(("Fn::", "Ref"))
