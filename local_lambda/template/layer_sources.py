"""Finds layers that are not in the template, as the command line says.

https://docs.aws.amazon.com/lambda/latest/dg/chapter-layers.html
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from zipfile import is_zipfile

from local_lambda.template.files import kind_of
from local_lambda.template.known_layers import layer_name


@dataclass(frozen=True)
class LayerSources:
    """Holds what the command line says about layers.

    `given` are folders and zip files by ARN (with or without its version) or by name. `folder`
    holds `NAME/` and `NAME.zip`, or the same with `-VERSION` after the name.
    """

    given: Mapping[str, Path] = field(default_factory=dict)
    folder: Path | None = None

    def find(self, reference: str) -> Path | None:
        """Returns the path for an ARN, a name or any other reference."""
        if key := self.key_of(reference):
            return self.given[key]
        return self._in_folder(self.folder, reference) if self.folder else None

    def key_of(self, reference: str) -> str:
        """Returns the key in `given` that stands for a reference, or an empty text."""
        without_version = re.sub(r":\d+$", "", reference)
        keys = (reference, without_version, layer_name(reference))
        return next((key for key in keys if key in self.given), "")

    def _in_folder(self, folder: Path, reference: str) -> Path | None:
        name = layer_name(reference)
        version = reference.rpartition(":")[2]
        for each in (f"{name}-{version}", f"{name}_{version}", name):
            for path in (folder / each, folder / f"{each}.zip"):
                if kind_of(path):
                    return path
        return None


def is_layer(path: Path) -> bool:
    return kind_of(path) == "folder" or (kind_of(path) == "file" and is_zipfile(path))
