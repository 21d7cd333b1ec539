"""Resolves dynamic references: values of Parameter Store and Secrets Manager within text.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from local_lambda.template.known_layers import known_layer

Note = Callable[[str, str], None]

_REFERENCE = re.compile(r"\{\{resolve:(ssm|ssm-secure|secretsmanager):([^{}]+)\}\}")
_ANY_REFERENCE = re.compile(r"\{\{resolve:[^{}]*\}*")
_VERSION = re.compile(r":\d+$")
# Secrets Manager adds six letters to the name in a secret's ARN.
_SUFFIX = re.compile(r"-[A-Za-z0-9]{6}$")
_ARN_PARTS = 7


class Stored:
    """Knows the values that `--parameter NAME=VALUE` gives, by name or ARN."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = {_short_name(name): value for name, value in values.items()}
        self._values.update(values)

    def parameter(self, name: str, note: Note) -> str:
        """Returns the value of an SSM parameter, or its name and a note."""
        value = self._find(name, _VERSION.sub("", name))
        if value is not None:
            return value
        plain = _VERSION.sub("", name)
        if known_layer(plain):
            return plain  # the parameter of a public layer, which is known by this name
        note(
            f"the SSM parameter {plain} has no value here; its name replaces it",
            f"give --parameter {plain}=VALUE",
        )
        return plain

    def secret(self, reference: str, note: Note) -> str:
        """Returns the value of a secret, or of one key in its JSON; or a name and a note.

        `reference` is `secret-id:SecretString:json-key:version-stage:version-id`.
        """
        parts = reference.split(":")
        length = _ARN_PARTS if parts[0] == "arn" else 1
        name = ":".join(parts[:length])
        key = parts[length + 1] if len(parts) > length + 1 else ""
        value = self._find(name)
        if value is None:
            shape = f'\'{{"{key}": "VALUE"}}\'' if key else "VALUE"
            note(
                f"the secret {name} has no value here; a placeholder replaces it",
                f"give --parameter {_short_name(name)}={shape}",
            )
            return key or _short_name(name)
        return self._key_of(name, key, value, note) if key else value

    def _key_of(self, name: str, key: str, value: str, note: Note) -> str:
        try:
            content = json.loads(value)
        except (ValueError, RecursionError):
            content = None
        if isinstance(content, dict) and key in content:
            found = content[key]
            return found if isinstance(found, str) else json.dumps(found)
        note(
            f"the value given for the secret {name} has no JSON key {key};"
            " a placeholder replaces it",
            f'give --parameter {_short_name(name)}=\'{{"{key}": "VALUE"}}\'',
        )
        return key

    def _find(self, *names: str) -> str | None:
        for name in names:
            for known in (name, _short_name(name), _short_name(name).removeprefix("/")):
                if known in self._values:
                    return self._values[known]
        return None


def _short_name(name: str) -> str:
    """Returns the name in an ARN of a parameter or a secret, or the name itself."""
    if not name.startswith("arn:"):
        return name
    resource = name.split(":", 5)[-1]
    if resource.startswith("parameter/"):
        return _VERSION.sub("", resource.removeprefix("parameter"))
    if resource.startswith("secret:"):
        return _SUFFIX.sub("", resource.removeprefix("secret:"))
    return name


def resolve_references(value: Any, stored: Stored, note: Note) -> Any:
    """Returns a resolved value in which dynamic references are replaced, too."""
    if isinstance(value, dict):
        return {key: resolve_references(item, stored, note) for key, item in value.items()}
    if isinstance(value, list):
        return [resolve_references(item, stored, note) for item in value]
    if not isinstance(value, str) or "{{resolve:" not in value:
        return value

    def replace(match: re.Match[str]) -> str:
        if match[1] == "secretsmanager":
            return stored.secret(match[2], note)
        return stored.parameter(match[2], note)

    resolved = _REFERENCE.sub(replace, value)
    for left in _ANY_REFERENCE.findall(resolved):
        note(
            f"{left} is no dynamic reference, and stays text", "{{resolve:ssm:NAME}}, for instance"
        )
    return resolved
