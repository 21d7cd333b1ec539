"""Writes the project's template elsewhere, with some properties changed."""

import json
from pathlib import Path
from typing import Any

from local_lambda.template.cloudformation import load
from tests.support.paths import ROOT


def derived_template(
    directory: Path,
    *,
    variables: dict[str, str] | None = None,
    functions: dict[str, dict[str, Any]] | None = None,
) -> Path:
    """Returns the path of the new template.

    `variables` apply to all functions; `functions` sets properties of single ones.
    """
    template = load((ROOT / "template.yaml").read_text("utf-8"))
    template["Globals"]["Function"]["Environment"]["Variables"] |= variables or {}
    for resource in template["Resources"].values():
        for name in {"CodeUri", "ContentUri"} & resource.get("Properties", {}).keys():
            resource["Properties"][name] = str(ROOT / resource["Properties"][name])
    for name, properties in (functions or {}).items():
        own = template["Resources"][name]["Properties"]
        own |= properties | {"Environment": _merged(own, properties)}
    path = directory / "template.yaml"
    path.write_text(json.dumps(template), "utf-8")
    return path


def _merged(own: dict[str, Any], properties: dict[str, Any]) -> dict[str, Any]:
    variables = [each.get("Environment", {}).get("Variables", {}) for each in (own, properties)]
    return {"Variables": variables[0] | variables[1]}
