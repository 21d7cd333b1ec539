"""Looks at files that a template names, whatever text that is."""

from pathlib import Path


def kind_of(path: Path) -> str:
    """Returns `folder`, `file`, or an empty text if there is neither. Never raises."""
    try:
        if path.is_dir():
            return "folder"
        return "file" if path.is_file() else ""
    except (OSError, ValueError):
        return ""
