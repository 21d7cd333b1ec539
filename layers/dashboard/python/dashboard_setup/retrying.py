"""Which calls of the table are made again, with a client that tries each only once?

So one client, with one pool of connections, is both quick to give up and patient. A second client
would open its own connections, and each costs a handshake and reading all certificate authorities.
"""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from botocore.exceptions import ConnectionError as NoConnectionError
from botocore.exceptions import HTTPClientError
from dashboard_data import Backoff
from dashboard_data.dynamodb import error_code, is_server_failure
from dashboard_data.retry import RETRIABLE


class Retrying:
    """A client whose calls are made again as `backoff` says, after an error that may pass.

    A transaction that was done though its response got lost is not done again.
    """

    def __init__(self, client: Any, backoff: Backoff) -> None:
        self._client = client
        self._backoff = backoff

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        call: Callable[..., Any] = getattr(self._client, operation)

        def retried(**parameters: Any) -> Any:
            if operation == "transact_write_items":
                parameters.setdefault("ClientRequestToken", str(uuid4()))
            for number in self._backoff.tries():
                try:
                    return call(**parameters)
                except Exception as error:
                    if number == self._backoff.most_tries - 1 or not may_pass(error):
                        raise
            raise AssertionError("there is at least one try")

        return retried


def may_pass(error: Exception) -> bool:
    """Whether the table was out of reach, overloaded or at fault: another try may help.

    The same as in botocore's standard mode, and conflicts with transactions besides.
    https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
    """
    if isinstance(error, NoConnectionError | HTTPClientError):
        return True
    return is_server_failure(error) or error_code(error) in RETRIABLE
