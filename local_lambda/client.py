"""Starts `python -m local_lambda` as a context manager, and stops it."""

import base64
import codecs
import contextlib
import json
import os
import re
import selectors
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

_PACKAGE = Path(__file__).resolve().parent
_READ_BYTES = 64 * 1024


class EmulatorFailed(RuntimeError):
    """The emulator did not start. The message is its log."""


@dataclass(frozen=True)
class InvokeResult:
    """Holds the result of a direct invocation. `error` is the header X-Amz-Function-Error."""

    status: int
    error: str | None
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


def as_override(name: str, value: str) -> str:
    """Returns K=V, in quotes where V could be taken for more than one value."""
    if not re.search(r"[\s\"']", value):
        return f"{name}={value}"
    escaped = value.replace('"', '\\"')
    return f'{name}="{escaped}"'


class Emulator:
    """Runs the emulator for as long as the `with` block lasts, on free ports.

        with Emulator("template.yaml") as emulator:
            requests.get(emulator.url("stream"))

    `arguments` are further options of `python -m local_lambda`. `interpreter` runs the emulator,
    and the functions too unless `--python` is given. `show_log` copies the log to standard error.
    """

    def __init__(
        self,
        template: str | Path = "template.yaml",
        *arguments: str,
        parameters: Mapping[str, str] | None = None,
        interpreter: str = sys.executable,
        startup_timeout_s: float = 60,
        show_log: bool = False,
    ) -> None:
        self._command = [interpreter, "-m", "local_lambda"]
        self._command += ["--template", str(Path(template).resolve())]
        self._command += ["--port", "0"]
        if parameters:
            overrides = [as_override(name, value) for name, value in parameters.items()]
            self._command += ["--parameter-overrides", *overrides]
        self._command += arguments
        self._startup_timeout_s = startup_timeout_s
        self._show_log = show_log
        self._process: subprocess.Popen[bytes] | None = None
        self._threads: list[threading.Thread] = []
        self._ready = threading.Event()
        self._log: _Log | None = None
        self.addresses: dict[str, str] = {}

    def __enter__(self) -> "Emulator":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Returns when everything listens. Raises EmulatorFailed.

        After any exception, that of Ctrl-C too, nothing runs on.
        """
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def _start(self) -> None:
        process = self._process = subprocess.Popen(
            self._command,
            cwd=_PACKAGE.parent,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        assert process.stdout is not None
        assert process.stderr is not None
        self._log = _Log(process.stderr, is_shown=self._show_log)
        self._threads = [
            threading.Thread(target=self._read_addresses, args=[process.stdout], daemon=True),
            threading.Thread(target=self._log.follow, daemon=True),
        ]
        for thread in self._threads:
            thread.start()
        if not self._ready.wait(self._startup_timeout_s) or "ready" not in self.addresses:
            self.stop()  # the log is whole then
            raise EmulatorFailed(self.log)

    def stop(self) -> None:
        """Ends the emulator as Ctrl-C does and waits for its end."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for thread in self._threads:
            if thread.is_alive():  # a thread that never began cannot be joined
                thread.join(timeout=5)

    @property
    def pid(self) -> int:
        assert self._process is not None, "the emulator has not been started"
        return self._process.pid

    @property
    def log(self) -> str:
        """Returns the log of the emulator and its functions so far.

        It has what a function wrote before the response that a client has read to its end.
        """
        return self._log.read() if self._log else ""

    @property
    def dashboard_url(self) -> str:
        """Returns the origin of the REST API, with a slash at the end."""
        return self.addresses["dashboard"]

    @property
    def dynamodb_url(self) -> str:
        return self.addresses["dynamodb"]

    @property
    def table(self) -> str:
        """Returns the name of the first table."""
        return self.addresses["table"]

    @property
    def admin_url(self) -> str:
        return self.addresses["admin"]

    def url(self, name: str) -> str:
        """Returns the Function URL of a function; `stream` names StreamFunction."""
        return self.addresses[f"{name}_url"]

    def invoke(
        self, function: str, payload: Any = None, client_context: Any = None
    ) -> InvokeResult:
        """Invokes a function directly, by name or logical id."""
        headers = {}
        if client_context is not None:
            encoded = base64.b64encode(json.dumps(client_context).encode())
            headers["X-Amz-Client-Context"] = encoded.decode()
        path = f"2015-03-31/functions/{function}/invocations"
        body = json.dumps(payload).encode()
        return self._call("POST", path, body=body, headers=headers)

    def environments(self, function: str | None = None) -> list[dict[str, Any]]:
        """Lists all execution environments, or those of one function by name or logical id."""
        every = self._call("GET", "environments").json()
        return [e for e in every if function in (None, e["function"], e["logical_id"])]

    def kill_environment(self, pid: int) -> None:
        self._post(f"environments/{pid}/kill", {})

    def block(self, path_prefix: str, status: int | None = 503) -> None:
        """Refuses requests to a route with `status`, or resets their connections if it is None."""
        effect = {"drop": True} if status is None else {"status": status}
        self._post("block", {"path_prefix": path_prefix, **effect})

    def unblock(self, path_prefix: str) -> None:
        self._post("unblock", {"path_prefix": path_prefix})

    def cut(self, path_prefix: str) -> int:
        """Resets the open client connections of a route. Returns how many there were."""
        return self._post("cut", {"path_prefix": path_prefix})["cut"]

    def delay(self, path_prefix: str, delay_ms: int) -> None:
        """Lets each request to a route wait before its function is invoked. 0 ends that."""
        self._post("delay", {"path_prefix": path_prefix, "ms": delay_ms})

    def throttle(self, function: str, limit: int | None = 0) -> None:
        """Lets only `limit` invocations of a function run at once; others get 429.

        `function` is its name or logical id. None lifts the limit.
        """
        self._post("throttle", {"function": function, "limit": limit})

    def functions(self) -> list[dict[str, Any]]:
        """Lists the functions with their URLs and routes."""
        return self._call("GET", "functions").json()

    def requests(self) -> list[dict[str, Any]]:
        """Lists the open requests: path, function, since when, bytes of the body sent so far."""
        return self._call("GET", "requests").json()

    def invocations(self, function: str | None = None) -> list[dict[str, Any]]:
        """Lists the last invocations, newest first: all, or those of one logical id."""
        every = self._call("GET", "invocations").json()
        return [each for each in every if function in (None, each["function"])]

    def faults(self) -> dict[str, Any]:
        """Returns the faults that are set: `blocks`, `delays` and `throttles`."""
        return self._call("GET", "faults").json()

    def findings(self) -> list[dict[str, Any]]:
        """Lists what of the template is not served, or served in another way than on AWS."""
        return self._call("GET", "findings").json()

    def wait_for(self, condition: Callable[[], Any], timeout_s: float = 10) -> Any:
        """Calls `condition` until its value is true, and returns it. Raises TimeoutError."""
        deadline_s = time.monotonic() + timeout_s
        while not (value := condition()):
            if time.monotonic() > deadline_s:
                raise TimeoutError(f"not within {timeout_s} s; log:\n{self.log[-4000:]}")
            time.sleep(0.02)
        return value

    def _post(self, path: str, fields: dict[str, Any]) -> Any:
        result = self._call("POST", path, json.dumps(fields).encode())
        if result.status != 200:
            raise ValueError(result.body.decode())
        return result.json()

    def _call(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> InvokeResult:
        url = self.admin_url + path
        request = urllib.request.Request(url, body, dict(headers or {}), method=method)
        try:
            with urllib.request.urlopen(request, timeout=910) as response:
                error_header = response.headers.get("X-Amz-Function-Error")
                return InvokeResult(response.status, error_header, response.read())
        except urllib.error.HTTPError as error:
            return InvokeResult(error.code, None, error.read())

    def _read_addresses(self, stdout: IO[bytes]) -> None:
        for line in stdout:
            name, _, value = line.decode("utf-8", "replace").strip().partition(": ")
            self.addresses.setdefault(name, value)
            if name == "ready":
                self._ready.set()
        self._ready.set()


class _Log:
    """Collects what a process writes to a pipe.

    Any thread may read it, and then has all that the pipe holds by then: who waits for the thread
    that follows the pipe may be too early.
    """

    def __init__(self, pipe: IO[bytes], *, is_shown: bool) -> None:
        self._pipe = pipe
        self._is_shown = is_shown
        self._lock = threading.Lock()
        self._is_over = False
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._text: list[str] = []
        os.set_blocking(pipe.fileno(), False)

    def follow(self) -> None:
        """Collects until the process, and all that it has started, has closed the pipe."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._pipe, selectors.EVENT_READ)
            while not self._is_over:
                selector.select()
                self._collect()

    def read(self) -> str:
        """Returns all that has been written so far."""
        self._collect()
        return "".join(self._text)

    def _collect(self) -> None:
        with self._lock:
            while not self._is_over:
                try:
                    piece = os.read(self._pipe.fileno(), _READ_BYTES)
                except BlockingIOError:
                    return
                self._is_over = not piece
                text = self._decode(piece, self._is_over)
                self._text.append(text)
                if self._is_shown:
                    sys.stderr.write(text)
