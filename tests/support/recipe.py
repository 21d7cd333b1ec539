"""Lays out the recipes of the layer's README as files."""

import re
import shutil
from pathlib import Path

from tests.support.paths import ROOT

LAYER = ROOT / "layers/streaming_runtime"
FILE = re.compile(r"`([\w/.]+)`[^`]*?:\n\n```\w*\n(.*?)```", re.DOTALL)


def files_of(recipe: str) -> dict[str, str]:
    """Returns the files that a section of the README names, each with the block after it."""
    text = (LAYER / "README.md").read_text("utf-8")
    section = text.partition(f"## {recipe}\n")[2].partition("\n## ")[0]
    return dict(FILE.findall(section))


def lay_out(recipe: str, folder: Path, release: Path) -> None:
    """Writes the files of a recipe, and puts the layer beside them."""
    for layer in release.glob("*.zip"):
        shutil.copy(layer, folder)
    for name, content in files_of(recipe).items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)
