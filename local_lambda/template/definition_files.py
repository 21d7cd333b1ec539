"""Reads OpenAPI definitions from files beside the template."""

import json
from pathlib import Path
from typing import Any

import yaml

from local_lambda.template.resolved import Resolved, kind_of
from local_lambda.template.text import record_read


def read_definition(base: Path, properties: Resolved, name: str) -> Any:
    """Returns the definition in a file. Raises TemplateError, for one in S3 too.

    AWS resolves no intrinsic functions in such a file, so tags are an error.
    """
    value = properties.get(name)
    if not isinstance(value, str) or value.startswith(("s3://", "http://", "https://")):
        inline = "Body" if name == "BodyS3Location" else "DefinitionBody"
        shown = repr(value) if isinstance(value, str) else "in S3"
        raise properties.error(
            name,
            f"{shown} is not on this machine",
            f"write the definition into {inline}, or include its file there with AWS::Include",
        )
    record_read(base / value)
    try:
        found = _parsed((base / value).read_text("utf-8"))
    except OSError as error:
        raise properties.error(name, f"{value!r}: {error.strerror}") from error
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        first = str(error).splitlines()[:1]
        raise properties.error(name, f"{value!r}: {''.join(first)}") from error
    if not isinstance(found, dict):
        raise properties.error(name, f"{value!r} holds {kind_of(found)}, not a definition")
    return found


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return yaml.safe_load(text)
