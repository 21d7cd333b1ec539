"""How does the span of Datadog's handler wrapper last until a stream's end?

Its decorator finishes the span, and flushes, in `_after`, when the handler returns. For a stream
that is put off. The span stays the current one meanwhile.
https://docs.datadoghq.com/serverless/aws_lambda/instrumentation/python/
"""

from __future__ import annotations

import sys

from streaming_runtime.adaptations.lasting import (
    described,
    goes_on,
    is_failure,
    tool_at_end,
    users_traceback,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any


def adapt(module: ModuleType) -> None:
    """`module` is `datadog_lambda.wrapper`."""
    decorator: Any = module._LambdaDecorator
    after = decorator._after

    def after_the_stream(self: Any, event: Any, context: Any) -> None:
        if getattr(self, "blocking_response", None) or not goes_on(self.response):
            after(self, event, context)
            return
        # The decorator serves the next invocation, too, and forgets this one then.
        held = object.__new__(type(self))
        held.__dict__.update(self.__dict__, response=described(self.response))

        def end(error: BaseException | None) -> None:
            if is_failure(error):
                report(held, error, context)
            after(held, event, context)

        tool_at_end(end)

    decorator._after = after_the_stream


def report(held: Any, error: Exception, context: Any) -> None:
    """Reports an exception as the decorator reports those of a handler."""
    metric: Any = sys.modules.get("datadog_lambda.metric")
    if metric is not None:
        metric.submit_errors_metric(context)
    if held.span:
        held.span.set_exc_info(type(error), error, users_traceback(error))
