"""Holds what the user gives beside the template: values of files and of the command line."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from local_lambda.application import Finding
from local_lambda.template.layer_sources import LayerSources


@dataclass(frozen=True)
class Inputs:
    """`configured` are parameters of a configuration file, `stored` values of SSM parameters and
    secrets by name or ARN, and `variables` those of `--env-vars` by function. `findings` are about
    these files, and `layers` says where layers lie that are not in the template.
    """

    configured: Mapping[str, str] = field(default_factory=dict)
    stored: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    layers: LayerSources = field(default_factory=LayerSources)
