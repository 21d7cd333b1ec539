"""How does New Relic's transaction last until a stream's end?

Its decorator leaves the transaction when the handler returns, which also sends it.
https://docs.newrelic.com/docs/serverless-function-monitoring/overview/
"""

from __future__ import annotations

from importlib import import_module

from streaming_runtime.adaptations.lasting import (
    goes_on,
    hold,
    hold_back,
    is_failure,
    let_go,
    users_traceback,
)
from streaming_runtime.scopes import at_end

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Handler = Callable[..., Any]


def adapt(module: Any) -> None:
    """`module` is `newrelic_lambda.lambda_handler`."""
    wrapper = module.LambdaHandlerWrapper

    def lasting_wrapper(handler: Handler, *args: Any, **kwargs: Any) -> Any:
        return wrapper(lasting(handler), *args, **kwargs)

    module.LambdaHandlerWrapper = lasting_wrapper
    hold_back(import_module("newrelic.api.transaction").Transaction, "__exit__")


def lasting(handler: Handler) -> Handler:
    """Returns a handler whose transaction ends when its body is closed."""

    def call(*args: Any, **kwargs: Any) -> Any:
        result = handler(*args, **kwargs)
        transaction = import_module("newrelic.agent").current_transaction(active_only=False)
        if transaction is not None and goes_on(result):
            last(transaction)
        return result

    return call


def last(transaction: Any) -> None:
    """Keeps the transaction open, and current, until the body's end."""
    if not hold(transaction):
        return  # decorated twice

    def end(error: BaseException | None) -> None:
        let_go(transaction)
        if is_failure(error):
            transaction.__exit__(type(error), error, users_traceback(error))
        else:
            transaction.__exit__(None, None, None)

    at_end(end)
