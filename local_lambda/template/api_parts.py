"""Finds the resources that belong to an API, by the property that refers to it."""

from collections.abc import Iterable

from local_lambda.template.cloudformation import TemplateError
from local_lambda.template.resolved import Resolved, properties_of
from local_lambda.template.resource import Resource
from local_lambda.template.stack import Stack


class ApiParts:
    """Parts of the APIs `apis`; `property` names the API that a part belongs to."""

    def __init__(self, stack: Stack, apis: Iterable[Resource], property: str) -> None:
        self._stack = stack
        self._property = property
        self._ids = {self.id_of(api) for api in apis}
        self._read: dict[str, tuple[Resource, Resolved]] = {}

    def id_of(self, resource: Resource) -> str:
        """Returns the value of `!Ref`."""
        try:
            return str(self._stack.resolve({"Ref": resource.logical_id}))
        except TemplateError:
            return resource.logical_id

    def of(self, api: Resource, kind: str) -> list[tuple[Resource, Resolved]]:
        """Returns the resources of a type that belong to an API, with their properties."""
        api_id = self.id_of(api)
        parts = [self._properties(resource) for resource in self._stack.of_type(kind)]
        return [part for part in parts if part[1].get(self._property) == api_id]

    def orphans(self, kind: str) -> dict[str, list[tuple[Resource, Resolved]]]:
        """Returns the resources that belong to an API elsewhere, by what they say of it."""
        found: dict[str, list[tuple[Resource, Resolved]]] = {}
        for resource in self._stack.of_type(kind):
            _, properties = self._properties(resource)
            reference = properties.get(self._property)
            if isinstance(reference, str) and reference not in self._ids:
                found.setdefault(reference, []).append((resource, properties))
            elif not isinstance(reference, str):
                self._report_orphan(resource)
        return found

    def report_orphans(self, *kinds: str) -> None:
        """Reports the resources that belong to no API of this template."""
        for resource in self._stack.of_type(*kinds):
            _, properties = self._properties(resource)
            if str(properties.get(self._property)) not in self._ids:
                self._report_orphan(resource)

    def _report_orphan(self, resource: Resource) -> None:
        self._stack.report(
            resource,
            f"{self._property} names nothing of this template that is served",
            property=self._property,
            advice="both must be in one template here",
            served=False,
        )

    def _properties(self, resource: Resource) -> tuple[Resource, Resolved]:
        if resource.logical_id not in self._read:
            properties = Resolved({})
            with self._stack.catching(resource):
                properties = properties_of(self._stack, resource)
            self._read[resource.logical_id] = (resource, properties)
        return self._read[resource.logical_id]
