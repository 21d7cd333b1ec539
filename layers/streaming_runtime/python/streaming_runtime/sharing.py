"""Names what forked workers must not share, and makes anew what each of them needs for itself.

Only with `STREAMING_RUNTIME_CONCURRENCY=shared`, whose workers are forked after the function was
imported (docs/concurrency.md).
"""

from __future__ import annotations

import gc
import os
import socket
import sys

from streaming_runtime.errors import RuntimeFault

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from streaming_runtime.log import Log

FOLDER = "/proc/self/fd"
CONNECTED_TYPES = (socket.SOCK_STREAM, socket.SOCK_SEQPACKET)


def open_files() -> dict[int, str]:
    """Returns what each file descriptor leads to; nothing where there is no `/proc`."""
    found = {}
    try:
        numbers = os.listdir(FOLDER)
    except OSError:
        return {}
    for number in numbers:
        try:
            found[int(number)] = os.readlink(f"{FOLDER}/{number}")
        except OSError:  # the listing's own
            pass
    return found


def prepare(before: dict[int, str], log: Log) -> None:
    """Looks at what the import has left open, and at threads.

    `before`: the open files from before the import. Raises RuntimeFault where workers would talk
    over one connection.
    """
    gc.collect()  # closes what nobody holds any more
    opened = {fd: link for fd, link in open_files().items() if before.get(fd) != link}
    connections = [named for fd, link in opened.items() if (named := _named(fd, link))]
    if connections:
        raise RuntimeFault(
            "Runtime.SharedConnection",
            "Importing the function opened what the workers of STREAMING_RUNTIME_CONCURRENCY=shared"
            f" would share: {', '.join(connections)}. Open it in the handler, once for each worker,"
            " or set STREAMING_RUNTIME_CONCURRENCY to processes",
        )
    threads = _other_threads()
    if threads:
        log.write(
            "WARN",
            "runtime.threads_lost: importing the function started threads that the workers do not"
            f" have: {', '.join(threads)}. Start them in the handler, once for each worker",
        )


def _named(fd: int, link: str) -> str | None:
    """Returns a name for a connection or an event loop, and None for all that may be shared."""
    if "eventpoll" in link:
        return f"an event loop or selector (epoll, fd {fd})"
    if not link.startswith("socket:"):
        return None
    try:
        with socket.socket(fileno=os.dup(fd)) as copy:
            if copy.type not in CONNECTED_TYPES:
                return None
            peer = copy.getpeername()
            own = copy.getsockname()
    except OSError:  # it listens, or leads nowhere
        return None
    if isinstance(peer, tuple):
        return f"a connection to {_address(peer)} (fd {fd})"
    name = peer or own
    if isinstance(name, bytes):
        name = name.decode("utf-8", "replace")
    if name:
        return f"a connection to {name} (fd {fd})"
    return f"a socket pair, as event loops have it (fd {fd})"


def _address(peer: tuple[Any, ...]) -> str:
    host = str(peer[0])
    if ":" in host:
        host = f"[{host}]"
    return f"{host}:{peer[1]}"


def _other_threads() -> list[str]:
    threading: Any = sys.modules.get("threading")
    if threading is None:
        return []
    main = threading.main_thread()
    return [each.name for each in threading.enumerate() if each is not main]
