"""How does a test run a function under the emulator, and ask it over HTTP?

This needs the packages of `lambda-streaming[local]`. The client is the standard library's.
"""

from __future__ import annotations

import http.client
import json
import shutil
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import event_stream
import streaming_runtime

import lambda_streaming
from lambda_streaming.testing.events import Event, EventReader
from lambda_streaming.testing.payloads import RequestParts, request_of
from lambda_streaming.testing.replies import Headers, Reply
from local_lambda import Emulator

BLOCK_BYTES = 65_536
LAYER = "StreamingRuntimeLayer"
FUNCTION = "Function"
HTTP_API = "serverless_http_api_url"  # the implicit one of SAM
# The layer's own `bootstrap` is not in the wheel. This one takes the interpreter that it is given.
BOOTSTRAP = '#!/bin/sh\nexec "$1" "$(dirname -- "$0")/python/streaming_runtime/__main__.py"\n'


class LocalLambdas:
    """Starts functions under the emulator, and stops them at the end: a context manager.

    `folders` are where relative paths begin: the first that has the file. `scratch` is an empty
    folder, for what is made.
    """

    def __init__(self, folders: Iterable[Path], scratch: Path) -> None:
        self._folders = [*folders]
        self._scratch = scratch
        self._running = ExitStack()
        self._made = 0

    def __enter__(self) -> LocalLambdas:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._running.close()

    def __call__(
        self,
        template: str | Path | None = None,
        *arguments: str,
        parameters: Mapping[str, str] | None = None,
        handler: str | None = None,
        code: str | Path = ".",
        environment: Mapping[str, object] | None = None,
        timeout_s: float = 30,
        memory_mb: int = 512,
        streaming: bool = True,
        show_log: bool = False,
    ) -> LocalLambda:
        """Starts the emulator, and returns what it serves.

        Either with a `template`, by default `template.yaml`; `parameters` are its own. Or with the
        `handler` of one function (`module.function`, in the folder `code`), which gets the layer, a
        Function URL, a REST API and an HTTP API, and the variables of `environment`. Without
        `streaming` it runs on Lambda's own runtime, and its fronts want whole responses.
        `arguments` are options of `local-lambda`.

        Raises FileNotFoundError for a path that leads to nothing, EmulatorFailed, whose message is
        the log, and ValueError for arguments that do not belong together.
        """
        if handler is None:
            if environment is not None:
                raise ValueError("environment belongs to a handler; a template has its own")
            found = self._found(template or "template.yaml")
        else:
            if template is not None or parameters is not None:
                raise ValueError("a function has a template or a handler: give one")
            variables = {name: str(value) for name, value in (environment or {}).items()}
            fields = template_of(
                handler,
                code=self._found(code),
                variables=variables,
                timeout_s=timeout_s,
                memory_mb=memory_mb,
                streaming=streaming,
            )
            found = self._written(fields)
        emulator = Emulator(found, *arguments, parameters=parameters, show_log=show_log)
        return LocalLambda(self._running.enter_context(emulator))

    def _found(self, path: str | Path) -> Path:
        tried = [folder / path for folder in self._folders]
        for each in tried:
            if each.exists():
                return each.resolve()
        places = " or ".join(map(str, dict.fromkeys(tried)))
        raise FileNotFoundError(f"there is no {places}")

    def _written(self, fields: Mapping[str, Any]) -> Path:
        """Writes a template, and the layer beside it."""
        self._made += 1
        folder = self._scratch / f"function-{self._made}"
        lay_out_layer(folder / "layer")
        template = folder / "template.json"  # JSON is YAML, too
        template.write_text(json.dumps(fields))
        return template


def template_of(
    handler: str,
    *,
    code: Path,
    variables: Mapping[str, str],
    timeout_s: float,
    memory_mb: int,
    streaming: bool,
) -> dict[str, Any]:
    """Returns a template with one function, behind each front that needs no network."""
    mode = "RESPONSE_STREAM" if streaming else "BUFFERED"
    wrapper = {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/bootstrap"} if streaming else {}
    method = {"Method": "ANY", "ResponseTransferMode": mode}
    events = {
        "Rest": {"Type": "Api", "Properties": {"Path": "/{proxy+}", **method}},
        "RestRoot": {"Type": "Api", "Properties": {"Path": "/", **method}},
        "Http": {"Type": "HttpApi"},
    }
    function = {
        "Runtime": f"python{sys.version_info[0]}.{sys.version_info[1]}",
        "CodeUri": str(code),
        "Handler": handler,
        "Timeout": timeout_s,
        "MemorySize": memory_mb,
        "Layers": [{"Ref": LAYER}],
        "Environment": {"Variables": {**wrapper, **variables}},
        "FunctionUrlConfig": {"AuthType": "NONE", "InvokeMode": mode},
        "Events": events,
    }
    layer = {"ContentUri": "layer"}
    return {
        "Transform": "AWS::Serverless-2016-10-31",
        "Resources": {
            FUNCTION: {"Type": "AWS::Serverless::Function", "Properties": function},
            LAYER: {"Type": "AWS::Serverless::LayerVersion", "Properties": layer},
        },
    }


def lay_out_layer(folder: Path) -> None:
    """Makes the layer in `folder` from the packages of this Python."""
    for package in (streaming_runtime, lambda_streaming, event_stream):
        source = Path(str(package.__file__)).parent
        ignored = shutil.ignore_patterns("__pycache__", "testing")
        shutil.copytree(source, folder / "python" / source.name, ignore=ignored)
    bootstrap = folder / "bootstrap"
    bootstrap.write_text(BOOTSTRAP)
    bootstrap.chmod(0o755)


class LocalLambda:
    """Functions that run under the emulator. `emulator` has all else that it can do."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator

    @property
    def urls(self) -> dict[str, str]:
        """Returns all addresses by name, as `local-lambda` prints them.

        `rest_api` is the first REST API, `function_url` the only Function URL of a handler that
        was given without a template.
        """
        urls = {
            name: url for name, url in self.emulator.addresses.items() if url.startswith("http")
        }
        if "dashboard" in urls:
            urls.setdefault("rest_api", urls["dashboard"])
        if HTTP_API in urls:
            urls.setdefault("http_api", urls[HTTP_API])
        return urls

    @property
    def log(self) -> str:
        """Returns the log lines of the emulator and its functions so far."""
        return self.emulator.log

    def invoke(self, function: str = FUNCTION, payload: object = None) -> Any:
        """Invokes a function directly, by name or logical id; `json()` gives its result."""
        return self.emulator.invoke(function, payload)

    def url(self, name: str | None = None) -> str:
        """Returns an address by its name in `urls`, or the only Function URL there is.

        Raises KeyError, with the names that there are.
        """
        urls = self.urls
        if name is None:
            found = [each for each in urls if urls[each] in self._function_urls()]
            if len(found) != 1:
                raise KeyError(f"not one Function URL, but {len(found)}: name one of {[*urls]}")
            (name,) = found
        if name not in urls and f"{name}_url" in urls:
            name = f"{name}_url"
        if name not in urls:
            raise KeyError(f"there is no address {name!r}; there are {[*urls]}")
        return urls[name]

    def _function_urls(self) -> set[str]:
        functions = self.emulator.functions()
        return {str(each["url"]) for each in functions if each.get("url")}

    def request(
        self,
        method: str,
        path: str = "/",
        *,
        at: str | None = None,
        timeout_s: float = 30,
        **parts: Any,
    ) -> Reply:
        """Sends a request, reads all of the response, and returns it.

        `at` is an address or its name in `urls`. `parts` are those of the payload makers: `query`,
        `headers`, `cookies`, `body`, `json`, `form`. `pieces` and `times_s` are as they came, so
        that the client sees what streamed. A response that is cut off is in `error`.
        """
        with self.opened(method, path, at=at, timeout_s=timeout_s, **parts) as response:
            return response.reply

    def get(self, path: str = "/", **more: Any) -> Reply:
        """Sends a GET request: `request`."""
        return self.request("GET", path, **more)

    def post(self, path: str = "/", **more: Any) -> Reply:
        """Sends a POST request: `request`."""
        return self.request("POST", path, **more)

    @contextmanager
    def opened(
        self,
        method: str = "GET",
        path: str = "/",
        *,
        at: str | None = None,
        timeout_s: float = 30,
        **parts: Any,
    ) -> Iterator[OpenResponse]:
        """Sends a request for as long as the `with` block lasts; its target gives the pieces.

        At the end of the block the client hangs up, unless all was read.
        """
        address = urlsplit(at if at and "://" in at else self.url(at))
        given: RequestParts = {"host": address.netloc, **parts}  # type: ignore[typeddict-item]
        request = request_of(method, address.path.rstrip("/") + path, given)
        connection = http.client.HTTPConnection(address.netloc, timeout=timeout_s)
        began_s = time.monotonic()
        try:
            connection.putrequest(method, request.target, skip_host=True, skip_accept_encoding=True)
            for name, value in request.headers:
                connection.putheader(name, value)
            connection.endheaders(request.body or None)
            yield OpenResponse(connection.getresponse(), began_s)
        finally:
            connection.close()


class OpenResponse:
    """A response whose pieces are taken one by one: an iterator of bytes."""

    def __init__(self, response: http.client.HTTPResponse, began_s: float) -> None:
        self._response = response
        self._began_s = began_s
        self._events = EventReader()
        self._reply = Reply(
            status=response.status, headers=Headers(response.getheaders()), started=True
        )
        self._reply.cookies = self._reply.headers.all("set-cookie")
        self._reply.streamed = "content-length" not in self._reply.headers
        self.status = response.status
        self.headers = self._reply.headers
        self.cookies = self._reply.cookies

    def __iter__(self) -> OpenResponse:
        return self

    def __next__(self) -> bytes:
        """Returns the next piece that came. Raises StopIteration at the end."""
        try:
            piece = self._response.read1(BLOCK_BYTES)
        except (http.client.HTTPException, OSError) as error:
            self._reply.error = error
            raise StopIteration from None
        if not piece:
            if left_bytes := self._response.length:
                self._reply.error = http.client.IncompleteRead(b"", left_bytes)
            raise StopIteration
        self._reply.pieces.append(piece)
        self._reply.times_s.append(time.monotonic() - self._began_s)
        return piece

    def read(self) -> bytes:
        """Returns all that is left."""
        return b"".join(self)

    def events(self) -> Iterator[Event]:
        """Yields the Server-Sent Events of the pieces that have not been taken, as they come."""
        for piece in self:
            yield from self._events.feed(piece, self._reply.times_s[-1])

    @property
    def reply(self) -> Reply:
        """Reads all that is left, and returns the whole."""
        self.read()
        return self._reply
