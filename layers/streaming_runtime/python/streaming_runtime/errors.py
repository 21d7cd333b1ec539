"""Which errors does the runtime know beside those of the function?"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

PACKAGE = os.path.dirname(os.path.abspath(__file__)) + os.sep  # the runtime's own code is below it
# Functions call this package, and it calls them: its frames say nothing beside theirs.
BESIDE = os.path.join(os.path.dirname(PACKAGE[:-1]), "lambda_streaming") + os.sep


class RuntimeFault(Exception):
    """An error that the runtime itself finds. `error_type` is `Runtime.` and a reason.

    `stack_trace` is what the report shows instead of frames, which would be the runtime's own.
    """

    def __init__(self, error_type: str, message: str, stack_trace: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.error_type = error_type
        self.stack_trace = list(stack_trace)


class HookFault(RuntimeFault):
    """A hook of the snapshot failed. The report is about its cause, the hook's own error."""


class Shutdown(BaseException):
    """SIGTERM: unwinds whatever runs, so that `finally` blocks of handlers and iterators run."""
