"""Who makes the calls of the table where hundreds of streams share a process? A few threads.

A call goes deep: through botocore, urllib3 and TLS. The memory that its depth has taken from a
thread's stack stays with that thread, 14 KB of it. So streams, each of which is a thread, hand
their calls over to threads that do nothing else.
"""

from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ReadTimeoutError

# Where this is `threads`, and more than one invocation may run at a time, streams are threads.
MODE = "STREAMING_RUNTIME_CONCURRENCY"
CONCURRENCY = "AWS_LAMBDA_MAX_CONCURRENCY"


def are_streams_threads(environ: Mapping[str, str]) -> bool:
    return environ.get(MODE) == "threads" and environ.get(CONCURRENCY, "1") != "1"


class HandedOver:
    """A client whose calls are made by `threads` threads at most, for all that wait for them.

    It says and raises what the client does. Threads are started as they are needed. A call that
    takes longer than `patience_s`, the wait for a thread included, is an error like a response that
    does not come: one that has not begun by then is never made.
    """

    def __init__(self, client: Any, threads: int, patience_s: float) -> None:
        # Only those who share a process pay for it.
        from concurrent.futures import ThreadPoolExecutor

        self._client = client
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="table")
        self._patience_s = patience_s

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        call: Callable[..., Any] = getattr(self._client, operation)

        def handed_over(**parameters: Any) -> Any:
            made = self._threads.submit(call, **parameters)
            try:
                return made.result(self._patience_s)
            except TimeoutError as error:
                if made.done():  # it was the call that raised it, or has just come back
                    return made.result()
                made.cancel()
                raise ReadTimeoutError(endpoint_url="the table") from error

        return handed_over
