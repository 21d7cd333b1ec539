"""Finds the function that an integration, an authorizer or a target leads to."""

import re
from collections.abc import Iterable, Mapping

from local_lambda.template.cloudformation import TemplateError
from local_lambda.template.stack import Stack
from local_lambda.template.values import FUNCTIONS

STREAMING_PATH = "/response-streaming-invocations"
BUFFERED_PATH = "/invocations"
_QUALIFIERS = ("AWS::Lambda::Alias", "AWS::Lambda::Version")


class Targets:
    """Knows the functions by name. `served` are the logical ids of those that are served."""

    def __init__(self, stack: Stack, served: Iterable[str]) -> None:
        self._stack = stack
        self._served = frozenset(served)
        functions = stack.of_type(*FUNCTIONS)
        self._by_name = {stack.names[each.logical_id]: each.logical_id for each in functions}

    def function(
        self, reference: str, way: str, stage_variables: Mapping[str, str] | None = None
    ) -> str:
        """Returns the logical id of a function that is served. Raises TemplateError.

        `reference` is a name, an ARN with or without a qualifier, or API Gateway's address of a
        function, which ends with `/invocations`.
        """
        arn = _arn(with_stage_variables(reference, stage_variables or {}))
        name = arn.partition(":function:")[2] or arn
        function = self._by_name.get(name.partition(":")[0]) or self._of_logical_id(name)
        if function is None:
            raise TemplateError(
                f"no function of this template has the ARN {arn!r}",
                way,
                advice="only functions of this template are served",
            )
        if function not in self._served:
            raise TemplateError(f"{function} is not served", way)
        return function

    def qualifier(self, reference: str, stage_variables: Mapping[str, str] | None = None) -> str:
        """Returns the version or alias that a reference names, or an empty text."""
        arn = _arn(with_stage_variables(reference, stage_variables or {}))
        return arn.partition(":function:")[2].partition(":")[2]

    def _of_logical_id(self, name: str) -> str | None:
        """Returns the function of a placeholder such as `F.Alias`, and of an alias's logical id."""
        logical_id = re.split(r"[.:]", name)[0]
        resource = self._stack.resources.get(logical_id)
        if resource is None:
            return None
        if resource.kind in FUNCTIONS:
            return logical_id
        if resource.kind in _QUALIFIERS:
            written = resource.properties.get("FunctionName")
            owner = self._name_of(self._stack.resolve(written))
            return self._by_name.get(owner)
        return None

    @staticmethod
    def _name_of(reference: object) -> str:
        text = str(reference)
        return (text.partition(":function:")[2] or text).partition(":")[0]


def _arn(text: str) -> str:
    """Returns the ARN in an address that API Gateway calls, or the text itself."""
    _, is_address, path = text.partition("/functions/")
    return path.rsplit("/", 1)[0] if is_address else text


def with_stage_variables(text: str, variables: Mapping[str, str]) -> str:
    """Replaces `${stageVariables.name}` as API Gateway does when it calls an integration."""
    return re.sub(
        r"\$\{stageVariables\.(\w+)\}", lambda match: variables.get(match[1], match[0]), text
    )
