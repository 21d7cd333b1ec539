"""What is done right after a module was imported that only some functions use?

A function that never imports the module pays nothing for it, not even the import of what would be
done. https://docs.python.org/3/reference/import.html#the-meta-path
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any

    Then = Callable[[ModuleType], object]


def after_import(name: str, then: Then) -> None:
    """Calls `then` with the module `name` right after its code has run.

    That is at once if the module is there already. It comes before the importing code goes on, and
    what `then` raises reaches that code.
    """
    module = sys.modules.get(name)
    if module is not None:
        then(module)
        return
    finder = next((each for each in sys.meta_path if isinstance(each, _Finder)), None)
    if finder is None:
        finder = _Finder()
        sys.meta_path.insert(0, finder)
    finder.awaited.setdefault(name, []).append(then)


class _Finder:
    """Stands first on the import system's list.

    It stays there: another thread may be on its way through that list.
    """

    def __init__(self) -> None:
        self.awaited: dict[str, list[Then]] = {}

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Finds an awaited module as all others are found, and puts a loader of ours around it."""
        if name not in self.awaited:
            return None
        for finder in sys.meta_path:
            if finder is self:
                continue
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                break
        else:
            return None
        if hasattr(spec.loader, "exec_module"):
            loader: Any = _Loader(spec.loader, self.awaited, name)
            spec.loader = loader
        return spec


class _Loader:
    """Runs a module's code with its own loader, leaves that in its place, and calls who waits."""

    def __init__(self, loader: Any, awaited: dict[str, list[Then]], name: str) -> None:
        self._loader = loader
        self._awaited = awaited
        self._name = name

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def exec_module(self, module: ModuleType) -> None:
        spec: Any = module.__spec__
        spec.loader = self._loader
        module.__loader__ = self._loader
        self._loader.exec_module(module)
        # Only now: a module whose code raises is imported again when it is wanted again.
        for then in self._awaited.pop(self._name, ()):
            then(module)
