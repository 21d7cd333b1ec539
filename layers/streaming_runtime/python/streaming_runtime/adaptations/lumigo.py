"""How does the span of Lumigo's tracer last until a stream's end?

Its decorator ends the invocation's span, and sends all spans, when the handler returns. For a
stream that is put off. https://docs.lumigo.io/docs/python-tracer
"""

from __future__ import annotations

import inspect

from streaming_runtime.adaptations.lasting import (
    described,
    goes_on,
    is_failure,
    require,
    tool_at_end,
    users_traceback,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any


def adapt(module: ModuleType) -> None:
    """`module` is `lumigo_tracer.lambda_tracer.spans_container`."""
    container: Any = module.SpansContainer
    end_span = container.end
    require(container, "add_exception_event")

    def end_after_the_stream(
        self: Any, ret_val: Any = None, event: Any = None, context: Any = None
    ) -> Any:
        if not goes_on(ret_val):
            return end_span(self, ret_val, event, context)

        def end(error: BaseException | None) -> None:
            if is_failure(error):
                traceback = users_traceback(error)
                frames = inspect.getinnerframes(traceback) if traceback else []
                self.add_exception_event(error, frames)
            end_span(self, described(ret_val), event, context)

        tool_at_end(end)
        return None

    container.end = end_after_the_stream
