"""A debugger of our own, which speaks the debug adapter protocol to debugpy.

https://microsoft.github.io/debug-adapter-protocol/specification
"""

import contextlib
import itertools
import json
import queue
import socket
import threading
from pathlib import Path
from typing import Any

WITHIN_S = 20


class Debugger:
    """Attaches to `address` (`HOST:PORT`) and stops at the breakpoints that are set."""

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        self._socket = socket.create_connection((host, int(port)), timeout=WITHIN_S)
        self._file = self._socket.makefile("rb")
        self._numbers = itertools.count(1)
        self._responses: dict[int, queue.Queue] = {}
        self._events: dict[str, queue.Queue] = {}
        self._lock = threading.Lock()
        threading.Thread(target=self._read, daemon=True).start()

    def attach(self, path: str, *lines: int) -> None:
        """Lets the program begin, with breakpoints at lines of a file.

        The file's folder is mapped to /var/task, which matters where the function has that path.
        """
        folder = str(Path(path).parent)
        mappings = [{"localRoot": folder, "remoteRoot": "/var/task"}]
        self.call("initialize", adapterID="python", pathFormat="path")
        attached = self._send("attach", justMyCode=False, pathMappings=mappings)
        self.event("initialized")
        breakpoints = [{"line": line} for line in lines]
        self.call("setBreakpoints", source={"path": path}, breakpoints=breakpoints)
        self.call("configurationDone")
        attached.get(timeout=WITHIN_S)

    def stopped_at(self) -> tuple[int, str, int]:
        """Waits for a breakpoint. Returns the thread, the file and the line."""
        thread = self.event("stopped")["threadId"]
        frame = self.call("stackTrace", threadId=thread, levels=1)["stackFrames"][0]
        return thread, frame["source"]["path"], frame["line"]

    def go_on(self, thread: int) -> None:
        self.call("continue", threadId=thread)

    def close(self) -> None:
        """Detaches: the program goes on."""
        self.call("disconnect", terminateDebuggee=False)
        self._socket.shutdown(socket.SHUT_RDWR)  # the reading thread holds it open
        self._socket.close()

    def call(self, command: str, **arguments: Any) -> dict[str, Any]:
        """Returns the body of the response. Raises AssertionError if it tells of a failure."""
        response = self._send(command, **arguments).get(timeout=WITHIN_S)
        assert response["success"], response
        return response.get("body") or {}

    def event(self, name: str) -> dict[str, Any]:
        """Returns the body of the next event of that name."""
        return self._queue(self._events, name).get(timeout=WITHIN_S)

    def _send(self, command: str, **arguments: Any) -> queue.Queue:
        number = next(self._numbers)
        response = self._queue(self._responses, number)
        fields = {"seq": number, "type": "request", "command": command, "arguments": arguments}
        body = json.dumps(fields).encode()
        self._socket.sendall(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        return response

    def _queue(self, queues: dict, key: Any) -> queue.Queue:
        with self._lock:
            return queues.setdefault(key, queue.Queue())

    def _read(self) -> None:
        with contextlib.suppress(OSError, ValueError):  # it was closed
            self._read_messages()

    def _read_messages(self) -> None:
        while header := self._file.readline():
            self._file.readline()
            message = json.loads(self._file.read(int(header.split(b":")[1])))
            if message["type"] == "event":
                self._queue(self._events, message["event"]).put(message.get("body") or {})
            elif message["type"] == "response":
                self._queue(self._responses, message["request_seq"]).put(message)
