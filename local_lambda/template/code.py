"""Finds the code of functions and layers: local files, and what CDK and Serverless have packaged.

https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/
sam-resource-function.html (CodeUri, InlineCode)
https://docs.aws.amazon.com/cdk/v2/guide/assets.html (aws:asset:path)
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import is_zipfile

from local_lambda.template.files import kind_of
from local_lambda.template.text import TemplateError
from local_lambda.template.written import Written, shown

_UNPACKAGED = "give the template from before `sam package` or `aws cloudformation package`"
_ASSET_PATH = "aws:asset:path"


def find_code(properties: Written, key: str) -> Path:
    """Returns the folder, zip file or file that a property names. Raises TemplateError.

    The property is a path, an address of S3, or a mapping that names an object of S3.
    """
    if asset := _asset(properties):
        return asset
    value = properties.need(key)
    if isinstance(value, dict):
        return _of_object(properties, key, value)
    if value is None:
        raise TemplateError(
            f"{key} is missing",
            property=key,
            advice="name a folder, a zip file or a file beside the template",
        )
    if not isinstance(value, str) or not value:
        raise TemplateError(
            f"{key} {shown(value)} is neither a path nor an object of S3",
            property=key,
            advice="name a folder, a zip file or a file beside the template",
        )
    if value.startswith(("s3://", "https://")):
        return _packaged(properties, key, value)
    path = properties.stack.base / value
    if kind_of(path):
        return _checked(path, key, value)
    raise TemplateError(
        f"{key} {value!r} is not here: there is no folder and no file {path}",
        property=key,
        advice="correct the path, or build it first (sam build)",
    )


def _checked(path: Path, key: str, value: str) -> Path:
    if path.suffix in (".zip", ".jar") and kind_of(path) == "file" and not is_zipfile(path):
        raise TemplateError(
            f"{key} {value!r} is not a zip file", property=key, advice="make it again"
        )
    return path.resolve()


def _asset(properties: Written) -> Path | None:
    """Returns what CDK's metadata names, if it is there."""
    metadata = properties.resource.metadata
    name = metadata.get(_ASSET_PATH) if isinstance(metadata, dict) else None
    if not isinstance(name, str) or not name:
        return None
    path = properties.stack.base / name
    return path.resolve() if kind_of(path) else None


def _of_object(properties: Written, key: str, value: dict[str, Any]) -> Path:
    name = value.get("S3Key") or value.get("Key")
    if isinstance(name, str) and name:
        return _packaged(properties, key, name)
    raise TemplateError(
        f"{key} names no code: neither a path nor the key of an object of S3",
        property=key,
        advice="name a folder, a zip file or a file beside the template",
    )


def _packaged(properties: Written, key: str, name: str) -> Path:
    """Finds what was uploaded under a name: files of CDK, of Serverless, or of `sam build`."""
    base = properties.stack.base
    for path in _uploaded(base, name):
        if kind_of(path):
            return _checked(path, key, name)
    logical_id = properties.resource.logical_id
    built = base / ".aws-sam/build" / logical_id
    if kind_of(built):
        properties.report(key, f"{name} is in S3; {built} is run in its place")
        return built.resolve()
    raise TemplateError(
        f"{key} {name!r} is in S3, and its files are not beside the template",
        property=key,
        advice=f"{_UNPACKAGED}, or run `cdk synth` or `serverless package` again",
    )


def _uploaded(base: Path, name: str) -> Iterator[Path]:
    """Yields the places where the files of an object of S3 may lie."""
    last = name.rpartition("/")[2]
    stem = last.removesuffix(".zip")
    for folder in (base, base / ".serverless", base / "cdk.out", base.parent):
        if last.endswith(".zip"):
            yield folder / last
        yield folder / f"asset.{stem}"
        yield folder / f"asset.{stem}.zip"
        yield from _of_manifests(folder, name)


def _of_manifests(folder: Path, name: str) -> Iterator[Path]:
    """Yields the sources of an object by the manifests that CDK writes beside its templates."""
    for manifest in sorted(folder.glob("*.assets.json")):
        try:
            files = json.loads(manifest.read_text("utf-8"))["files"]
            for file in files.values():
                keys = [each["objectKey"] for each in file["destinations"].values()]
                if name in keys:
                    yield folder / file["source"]["path"]
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue
