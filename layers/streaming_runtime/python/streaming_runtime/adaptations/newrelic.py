"""How does New Relic's transaction last until a stream's end?

Its decorator leaves the transaction when the handler returns, which also sends it.
https://docs.newrelic.com/docs/serverless-function-monitoring/overview/
"""

from __future__ import annotations

from importlib import import_module

from streaming_runtime.adaptations.lasting import (
    hold,
    hold_back,
    is_failure,
    lasting,
    let_go,
    tool_at_end,
    users_traceback,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Handler = Callable[..., Any]


def adapt(module: Any) -> None:
    """`module` is `newrelic_lambda.lambda_handler`."""
    wrapper = module.LambdaHandlerWrapper

    def lasting_wrapper(handler: Handler, *args: Any, **kwargs: Any) -> Any:
        return wrapper(lasting(handler, last), *args, **kwargs)

    module.LambdaHandlerWrapper = lasting_wrapper
    hold_back(import_module("newrelic.api.transaction").Transaction, "__exit__")


def last() -> None:
    """Keeps the transaction open, and current, until the body's end."""
    transaction = import_module("newrelic.agent").current_transaction(active_only=False)
    if transaction is None or not hold(transaction):  # that is so if it was decorated twice
        return

    def end(error: BaseException | None) -> None:
        let_go(transaction)
        if is_failure(error):
            transaction.__exit__(type(error), error, users_traceback(error))
        else:
            transaction.__exit__(None, None, None)

    tool_at_end(end)
