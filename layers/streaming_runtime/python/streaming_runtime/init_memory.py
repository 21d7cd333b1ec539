"""When does Python look for garbage? Not during the import, and never in what that has made.

An import makes some hundred thousand objects, of which nearly all stay for good. Collections look
at them again and again and find nothing, for a tenth of a start. Afterwards they are frozen: no
later collection looks at them. https://docs.python.org/3/library/gc.html#gc.freeze
"""

from __future__ import annotations

import gc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class CollectorHeld:
    """A context manager for an init: no collection begins by itself inside of it.

    `freeze`: what is there at the end is no longer looked at. A function that says itself whether
    collections begin (`gc.enable`, `gc.disable`) finds it as it has left it; thresholds are not
    touched.
    """

    def __init__(self, *, freeze: bool = True) -> None:
        self._freeze = freeze
        self._is_held = False
        self._disable: Any = gc.disable
        self._isenabled: Any = gc.isenabled

    def __enter__(self) -> None:
        if not gc.isenabled():
            return
        self._is_held = True
        self._disable()
        gc.disable = self._disabled_by_function
        gc.isenabled = self._seen_by_function

    def __exit__(self, *_: object) -> None:
        if gc.disable == self._disabled_by_function:
            gc.disable = self._disable
        if gc.isenabled == self._seen_by_function:
            gc.isenabled = self._isenabled
        if not self._is_held:
            return
        if self._freeze:
            gc.freeze()
        gc.enable()

    def _disabled_by_function(self) -> None:
        self._is_held = False
        self._disable()

    def _seen_by_function(self) -> bool:
        """Much code remembers this, disables, and enables only what was enabled."""
        return self._is_held or bool(self._isenabled())
