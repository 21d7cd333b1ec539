"""Who makes the calls of the table where hundreds of streams share a process? A few threads.

A call goes deep: through botocore, urllib3 and TLS. The memory that its depth has taken from a
thread's stack stays with that thread, 14 KB of it. So streams, each of which is a thread, hand
their calls over to threads that do nothing else.
"""

from collections.abc import Callable, Mapping
from typing import Any

CONCURRENCY = "AWS_LAMBDA_MAX_CONCURRENCY"  # Lambda sets it where invocations share a process


def shared_by_threads(
    client: Any, environ: Mapping[str, str], *, quick: int, opening: int
) -> tuple[Any, Any]:
    """Returns two clients for one: each has its calls made by so many threads at most.

    Where a process serves one invocation at a time, both are the client itself.
    """
    if environ.get(CONCURRENCY, "1") == "1":
        return client, client
    return HandedOver(client, quick), HandedOver(client, opening)


class HandedOver:
    """A client whose calls are made by `threads` threads at most, for all that wait for them.

    It says and raises what the client does. Threads are started as they are needed.
    """

    def __init__(self, client: Any, threads: int) -> None:
        # Only those who share a process pay for it.
        from concurrent.futures import ThreadPoolExecutor

        self._client = client
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="table")

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        call: Callable[..., Any] = getattr(self._client, operation)

        def handed_over(**parameters: Any) -> Any:
            return self._threads.submit(call, **parameters).result()

        return handed_over
