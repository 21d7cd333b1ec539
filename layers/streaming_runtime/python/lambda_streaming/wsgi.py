"""Serves WSGI applications, such as Flask's, Django's and Bottle's, piece by piece.

https://peps.python.org/pep-3333/

Theory of operation. `Wsgi` calls the application and takes its pieces until the first one that is
not empty. Until then it may still change the status, and what it raises is a response with status
500, as with any server. From then on each piece goes out when the application yields it, and what
it raises ends the body: nothing can be taken back. All of it runs in the thread of the handler.
"""

from __future__ import annotations

import sys
from io import BytesIO
from urllib.parse import unquote_to_bytes

from streaming_runtime.body import TOKEN
from streaming_runtime.scopes import begin_response

from lambda_streaming.buffered import TimeLeft, say_once
from lambda_streaming.http_request import read_request
from lambda_streaming.http_result import result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import TracebackType
    from typing import Any

    from lambda_streaming.http_request import HeaderPairs, HttpRequest

    Environ = dict[str, Any]
    ExcInfo = tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]
    Application = Callable[[Environ, Callable[..., Callable[[bytes], None]]], Iterable[bytes]]

BLOCK_BYTES = 65_536
WITHOUT_BODY = (204, 304)
# https://peps.python.org/pep-3333/#other-http-features: these are the server's. An application that
# sets one is wrong, but many that send events say `Connection: keep-alive`, and servers differ:
# waitress fails, gunicorn leaves it out.
HOP_BY_HOP = frozenset(
    (
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailer",
        "trailers",
        "transfer-encoding",
        "upgrade",
    )
)
PROTOCOLS = {"1.0": "HTTP/1.0", "1.1": "HTTP/1.1", "2": "HTTP/2.0"}
FAILED = b"Internal Server Error"


class Wsgi:
    """A Lambda handler that serves a WSGI application.

        handler = Wsgi(app)

    `base_path`: the path below which clients find the application, where no payload tells it; see
    `lambda_streaming.http_request.read_request`. The application gets the payload and the context
    of the invocation as `environ["aws.event"]` and `environ["aws.context"]`.

    A call raises NotAnHttpRequest for a payload that is no HTTP request, and ResponseTooLarge where
    nothing streams. Anything that the application raises before its first piece is logged, and is a
    response with status 500.
    """

    def __init__(self, app: Application, *, base_path: str = "") -> None:
        if not callable(app):
            message = f"Wsgi takes a WSGI application, and {type(app).__name__} is not callable"
            raise TypeError(message)
        self._app = app
        self._base_path = base_path
        self._is_concurrent = False

    def lambda_start(self, *, concurrent: bool) -> None:
        """The runtime says whether it calls this handler in several threads at once."""
        self._is_concurrent = concurrent

    def __call__(self, payload: Any, context: Any = None) -> dict[str, Any]:
        request = read_request(payload, base_path=self._base_path)
        environ = environ_of(request, context, multithread=self._is_concurrent)
        response = Response(TimeLeft(context), has_body=request.method != "HEAD")
        response.begin = lambda: begin_response(lambda: _result(request, response, context))
        try:
            response.open(self._app, environ)
        except Exception as error:
            response.close_after(error)
            _log_failure(request, error)
            response = failed_response()
        except BaseException as error:
            response.close_after(error)
            raise
        return _result(request, response, context)


def _result(request: HttpRequest, response: Response, context: Any) -> dict[str, Any]:
    return result(request, response.status, response.headers, response, context=context)


def environ_of(request: HttpRequest, context: Any, *, multithread: bool = False) -> Environ:
    """Returns the environ of `request`, a dict that the application may change.

    Headers whose names have an underscore are left out, as other servers do it: `X_A` would become
    the same variable as `X-A`.
    """
    script_name, path_info = _paths(request)
    query = request.query.decode("latin-1")
    target = request.raw_path.decode("latin-1")
    host, port = request.client or ("", 0)
    environ: Environ = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": script_name,
        "PATH_INFO": path_info,
        "QUERY_STRING": query,
        "REQUEST_URI": f"{target}?{query}" if query else target,
        "SERVER_NAME": request.server[0],
        "SERVER_PORT": str(request.server[1]),
        "SERVER_PROTOCOL": PROTOCOLS[request.http_version],
        "SERVER_SOFTWARE": "lambda_streaming",
        "REMOTE_ADDR": host,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": request.scheme,
        "wsgi.input": BytesIO(request.body),
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": multithread,
        "wsgi.multiprocess": True,  # one process in each execution environment
        "wsgi.run_once": False,
        "wsgi.file_wrapper": FileWrapper,
        "aws.event": request.payload,
        "aws.context": context,
    }
    if port:
        environ["REMOTE_PORT"] = str(port)
    for name, value in request.headers:
        if b"_" not in name:
            _add_header(environ, name.decode("latin-1"), value.decode("latin-1"))
    return environ


def _paths(request: HttpRequest) -> tuple[str, str]:
    """Returns SCRIPT_NAME and PATH_INFO: bytes, each as the character with its number.

    Of several slashes at the beginning of PATH_INFO one stays, since an application that redirects
    to such a path would send its users to another host. Other servers do the same.
    """
    path = unquote_to_bytes(request.raw_path).decode("latin-1")
    script_name = request.root_path.encode("utf-8", "replace").decode("latin-1")
    if not path.startswith(script_name):  # a root path that is no UTF-8
        script_name = ""
    return script_name, "/" + path.removeprefix(script_name).lstrip("/")


def _add_header(environ: Environ, name: str, value: str) -> None:
    key = name.upper().replace("-", "_")
    if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        key = f"HTTP_{key}"
    if key in environ:
        value = f"{environ[key]}, {value}"
    environ[key] = value


class Response:
    """The response of an application: its status, its headers, and its body as an iterator.

    `has_body`: False for a response to HEAD. The application's iterable is closed once, however the
    body ends, and before its last `next` returns.
    """

    def __init__(self, time_left: TimeLeft, *, has_body: bool = True) -> None:
        self._time_left = time_left
        self.status = 0
        self.headers: HeaderPairs = []
        self._has_body = has_body
        self._pending: list[bytes] = []
        self._pieces: Iterator[bytes] | None = None
        self._to_close: list[Any] = []
        self._failure: BaseException | None = None
        self._is_committed = False
        self._is_open = False
        # Begins the response before the application returns, if the runtime can do that.
        self.begin: Callable[[], Callable[[bytes], None] | None] | None = None
        self._send: Callable[[bytes], None] | None = None
        self._length_bytes: int | None = None
        self._sent_bytes = 0

    def open(self, app: Application, environ: Environ) -> None:
        """Calls the application, and takes its pieces until status and headers are final.

        Raises whatever it raises until then.
        """
        try:
            iterable = app(environ, self.start)
        except BaseException as error:
            if not self._is_committed:
                raise
            self._failure = self._failure or error  # after what was written
            iterable = []
        self._is_open = True
        self._to_close.append(iterable)
        if iterable is None or isinstance(iterable, str) or not hasattr(iterable, "__iter__"):
            kind = type(iterable).__name__
            raise TypeError(f"the WSGI application returned {kind} and no iterable of bytes")
        self._pieces = iter(iterable)
        if not self._is_committed:
            self._take_first()
        if not self._has_body or self.status in WITHOUT_BODY:
            self._pending.clear()
            self.close()

    def start(
        self, status: str, headers: list[tuple[str, str]], exc_info: ExcInfo | None = None
    ) -> Callable[[bytes], None]:
        """`start_response`. Raises TypeError or ValueError for what no response can have."""
        if exc_info:
            try:
                if self._is_committed and exc_info[1] is not None:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None  # no cycle through the traceback
        elif self.status:
            message = "start_response was called a second time, and without exc_info"
            raise AssertionError(message)
        number = _status_of(status)
        pairs = _headers_of(headers)
        self._length_bytes = _length_of(pairs)
        self.headers = pairs
        self.status = number
        return self.write

    def write(self, data: bytes) -> None:
        """`write`, which `start_response` returns. The piece goes out at once on this runtime.

        Where one response holds the whole body, it is kept until the application returns.
        """
        if self._is_open:
            message = "write was called after the WSGI application had returned"
            raise AssertionError(message)
        piece = _checked(data)
        if not self._is_committed:
            self._is_committed = True
            if self.begin is not None and self._has_body and self.status not in WITHOUT_BODY:
                self._send = self.begin()
        if self._send is None:
            self._pending.append(piece)
            return
        if self._failure is not None:
            raise self._failure
        try:
            if piece:
                self._send_now(self._send, piece)
        except BaseException as error:  # an application that catches it has lost a piece
            self._failure = error
            raise

    def _send_now(self, send: Callable[[bytes], None], piece: bytes) -> None:
        """Raises ValueError for a piece that Content-Length has no room for."""
        if self._length_bytes is not None and self._sent_bytes + len(piece) > self._length_bytes:
            message = f"write: the body has more than the {self._length_bytes} bytes that "
            raise ValueError(f"{message}its Content-Length says")
        self._sent_bytes += len(piece)
        send(piece)

    def __iter__(self) -> Response:
        return self

    def __next__(self) -> bytes:
        """Returns the next piece, which may be empty.

        Raises whatever the application raises, and ValueError if its body ends before it has the
        length that its Content-Length says.
        """
        if self._pending:
            return self._counted(self._pending.pop(0))
        if self._pieces is None:
            raise StopIteration
        try:
            if self._failure is not None:
                raise self._failure
            piece = _checked(next(self._pieces))
        except StopIteration as end:
            self.close()
            if end is self._failure:  # raised by the application itself, and no end of a body
                raise RuntimeError("the WSGI application raised StopIteration") from end
            self._check_length()
            raise
        except BaseException as error:
            self.close_after(error)
            raise
        return self._counted(piece)

    def close(self) -> None:
        """Closes what the application returned, once. Raises what that raises."""
        self._pieces = None
        while self._to_close:
            close = getattr(self._to_close.pop(), "close", None)
            if close is not None:
                close()

    def close_after(self, error: BaseException) -> None:
        """Closes it after `error`, which is the one to be known: another one is only logged."""
        try:
            self.close()
        except Exception as another:
            from logging import getLogger

            getLogger(__name__).error(
                "wsgi.close_failed after %s", type(error).__name__, exc_info=another
            )

    def _take_first(self) -> None:
        """Takes pieces until one is not empty: now the headers would be sent.

        Or until the deadline is near, if the application has said what it responds: then the
        runtime ends the body.
        """
        for piece in self._pieces or ():
            if _checked(piece):
                self._pending.append(piece)
                break
            if self.status and self._time_left.is_over():
                break
        else:
            self.close()
        if not self.status:
            raise AssertionError("the WSGI application did not call start_response before its body")
        self._is_committed = True
        if self._pieces is None and self._has_body and self.status not in WITHOUT_BODY:
            self._check_length()

    def _counted(self, piece: bytes) -> bytes:
        """Returns the piece, or as much of it as Content-Length allows. The rest is logged."""
        room_bytes = len(piece)
        if self._length_bytes is not None:
            room_bytes = self._length_bytes - self._sent_bytes
        self._sent_bytes += min(len(piece), room_bytes)
        if len(piece) <= room_bytes:
            return piece
        from logging import getLogger

        getLogger(__name__).warning(
            "wsgi.body_too_long: the body has more than the %s bytes of its Content-Length; the "
            "rest is left out",
            self._length_bytes,
        )
        self._pending.clear()
        self.close()
        if not room_bytes:
            raise StopIteration
        return piece[:room_bytes]

    def _check_length(self) -> None:
        """Raises ValueError for a body that is shorter than its Content-Length."""
        length_bytes = self._length_bytes
        sent_bytes = self._sent_bytes + sum(map(len, self._pending))
        if length_bytes is not None and sent_bytes < length_bytes:
            message = (
                f"the body of the WSGI application has ended after {sent_bytes} bytes, and its "
                f"Content-Length says {length_bytes}"
            )
            raise ValueError(message)


def failed_response() -> Response:
    """Returns what a client gets when the application fails before its first piece."""
    response = Response(TimeLeft(None))

    def app(_: Environ, start: Callable[..., object]) -> list[bytes]:
        start("500 Internal Server Error", [("Content-Type", "text/plain; charset=utf-8")])
        return [FAILED]

    response.open(app, {})
    return response


class FileWrapper:
    """`wsgi.file_wrapper`: the blocks of an open file, or of anything with `read`.

    They have at least 64 KB where the file has them at once, whatever `block_bytes` says, which is
    a mere hint: each piece costs the same however small it is.
    """

    def __init__(self, file: Any, block_bytes: int = 8192) -> None:
        self._read = getattr(file, "read1", file.read)
        self._block_bytes = max(block_bytes, BLOCK_BYTES)
        if hasattr(file, "close"):
            self.close = file.close

    def __iter__(self) -> FileWrapper:
        return self

    def __next__(self) -> bytes:
        block: bytes = self._read(self._block_bytes)
        if not block:
            raise StopIteration
        return block


def _checked(piece: Any) -> bytes:
    """Returns a piece. Raises TypeError for one that is not bytes."""
    if not isinstance(piece, bytes):
        message = f"a WSGI application gives its body as bytes, not {type(piece).__name__}"
        raise TypeError(message)
    return piece


def _status_of(status: Any) -> int:
    """Returns the number in a status such as "200 OK". Raises TypeError or ValueError."""
    if not isinstance(status, str):
        message = f'the status must be a str such as "200 OK", not {type(status).__name__}'
        raise TypeError(message)
    number = status[:3]
    is_number = len(number) == 3 and number.isascii() and number.isdecimal()
    if not is_number or status[3:4] not in ("", " ") or not status.isprintable():
        raise ValueError(f'the status must be one such as "200 OK", not {status!r}')
    if not 200 <= int(number) <= 599:
        raise ValueError(f"the status must be from 200 to 599, not {number}")
    return int(number)


def _headers_of(headers: Any) -> HeaderPairs:
    """Returns the headers as bytes. Raises TypeError or ValueError."""
    if not isinstance(headers, list):
        message = f"the headers must be a list of pairs, not {type(headers).__name__}"
        raise TypeError(message)
    pairs: HeaderPairs = []
    for pair in headers:
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise TypeError(f"a header must be a tuple of name and value, not {pair!r}")
        name, value = pair
        if not isinstance(name, str) or not isinstance(value, str):
            raise TypeError(f"name and value of a header must be str, not {pair!r}")
        if not name or not TOKEN.issuperset(name):
            raise ValueError(f"{name!r} cannot be the name of a header")
        if name.lower() in HOP_BY_HOP:
            say_once(
                f"wsgi.header_left_out: {name} belongs to the connection, which is not the "
                "application's"
            )
            continue
        pairs.append((name.encode("ascii"), _header_value(name, value)))
    return pairs


def _header_value(name: str, value: str) -> bytes:
    if any((character < " " and character != "\t") or character == "\x7f" for character in value):
        raise ValueError(f"the value of the header {name} has a control character: {value!r}")
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError as error:
        message = f"the value of the header {name} must be bytes as Latin-1 text: {value!r}"
        raise ValueError(message) from error


def _length_of(headers: HeaderPairs) -> int | None:
    """Raises ValueError for a Content-Length that is no number."""
    for name, value in headers:
        if name.lower() == b"content-length":
            if not value.isdigit():
                raise ValueError(f"Content-Length must be a number of bytes, not {value!r}")
            return int(value)
    return None


def _log_failure(request: HttpRequest, error: Exception) -> None:
    from logging import getLogger

    # The path as it was sent: a line end in the decoded one would begin a line of the log.
    target = request.raw_path.decode("ascii")
    method = request.method if TOKEN.issuperset(request.method) else "?"
    getLogger(__name__).error("wsgi.failed %s %s", method, target, exc_info=error)
