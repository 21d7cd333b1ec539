"""Targets of the runtime's other side: responses of the Runtime API, and records of the log."""

import json
import os
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from streaming_runtime.context import Deadline, LambdaContext, leave
from streaming_runtime.errors import RuntimeFault
from streaming_runtime.log import FramedTelemetryLogSink, Log
from streaming_runtime.loop import Worker
from streaming_runtime.plain_json import payload_of
from streaming_runtime.runtime_api import Invocation, PlatformGone, Response, RuntimeApi

from tests.fuzz.invariants import Written, require_honest_lines, require_json_lines
from tests.fuzz.scripted_api import ScriptedApi
from tests.fuzz.source import Source
from tests.fuzz.target import Check, Registry

TARGETS = Registry()
NEXT = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nLambda-Runtime-Aws-Request-Id: id-1\r\n"
    b"Lambda-Runtime-Deadline-Ms: 1795348800000\r\nLambda-Runtime-Trace-Id: Root=1-5-7\r\n"
    b"Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-1:1:function:f\r\n"
    b'Lambda-Runtime-Client-Context: {"custom":{"a":"b"},"client":{"app_title":"t"}}\r\n'
    b'Lambda-Runtime-Cognito-Identity: {"cognitoIdentityId":"a"}\r\n'
    b"Lambda-Runtime-Invocation-Id: i-1\r\nLambda-Runtime-Aws-Tenant-Id: t\r\n"
    b'Content-Length: 7\r\n\r\n{"a":1}'
)
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\n\r\n"
)
ACCEPTED = b'HTTP/1.1 202 Accepted\r\nContent-Length: 16\r\n\r\n{"status":"OK"}\n'
REFUSED = b"HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 4\r\n\r\nno\r\n"
ANNOUNCED = b"HTTP/1.1 100 Continue\r\n\r\n" + ACCEPTED
LARGE = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n"
SAID = [NEXT, NEXT, CHUNKED, ACCEPTED, REFUSED, ANNOUNCED, LARGE]
FACTS = SimpleNamespace(
    function_name="f",
    function_version="1",
    log_group_name="g",
    log_stream_name="s",
    memory_limit_in_mb="128",
)


@TARGETS.target(
    "runtime_api",
    "Any bytes as the Runtime API's responses: an invocation, a response or PlatformGone, and "
    "what the runtime sends next has no injected header",
)
def runtime_api() -> Iterator[Check]:
    platform = ScriptedApi()

    def check(data: bytes) -> None:
        source = Source(data)
        platform.script = source.damaged(source.pick(SAID))
        if source.chance(20):
            platform.script = source.rest()
        api = RuntimeApi(platform.address, hears_signals=False)
        try:
            said = api.next()
        except PlatformGone:
            return
        finally:
            del api  # closes its connection
        if not isinstance(said, Invocation):
            assert isinstance(said.status, int)
            return
        _require_context(said)
        _require_requests(platform, said, source)

    try:
        yield check
    finally:
        platform.close()


def _require_context(invocation: Invocation) -> None:
    deadline = Deadline.of(invocation.deadline_ms, lambda: 1_795_348_000.0)
    try:
        context = LambdaContext(invocation, deadline, FACTS)  # type: ignore[arg-type]
        assert isinstance(context.get_remaining_time_in_millis(), int)
        repr(context)
        payload_of(invocation.body or b"", invocation.content_type)
    except RuntimeFault:
        pass


def _require_requests(platform: ScriptedApi, invocation: Invocation, source: Source) -> None:
    platform.script = source.damaged(source.pick(SAID))
    api = RuntimeApi(platform.address, hears_signals=False)
    how = source.below(3)
    try:
        if how == 0:
            api.respond(invocation, b"{}")
        elif how == 1:
            error = ValueError(source.text())
            api.error(f"invocation/{invocation.aws_request_id}", error, invocation)
        else:
            stream = api.open_stream(
                invocation, first=[b"first"], content_type="a/b", write_timeout_s=5.0
            )
            stream.write(b"piece")
            stream.end(ValueError(source.text()) if source.chance(50) else None)
    except PlatformGone:
        return
    finally:
        del api
    _require_request(platform.take_request(), str(invocation.aws_request_id))


def _require_request(sent: bytes, request_id: str) -> None:
    head, _, _ = sent.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    assert "\r" not in head.decode().replace("\r\n", ""), head
    assert "\n" not in head.decode().replace("\r\n", ""), head
    assert first.startswith(f"POST /2018-06-01/runtime/invocation/{request_id}/")
    names = [line.partition(":")[0].lower() for line in lines]
    assert len(names) == len(set(names)), head
    assert not [name for name in names if "evil" in name], head


class _Refusing:
    """A Runtime API that refuses, in whatever words."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def next(self) -> Response:
        return Response(403, {}, self._body)


def _raised(source: Source) -> BaseException:
    name = source.text(4).replace("\0", "") or "Error"
    try:
        kind = type(name, (Exception,), {})
        error: BaseException = kind(source.text(20))
    except (TypeError, ValueError, UnicodeError):  # such a name is none
        error = ValueError(source.text(20))
    try:
        raise error
    except BaseException as raised:
        return raised


@TARGETS.target(
    "runtime_log",
    "Errors of any type and message, refusals in any words, as text, as JSON and in frames: "
    "each record is one line of the platform's log or one frame, and no input begins a line",
)
def runtime_log() -> Iterator[Check]:
    frames_fd = os.memfd_create("frames")
    framed = FramedTelemetryLogSink(str(frames_fd), lambda: 1.0)

    def logs(log: Log, source: Source) -> int:
        """Writes some records, and returns how many."""
        log.error(_raised(source))
        refused = source.text(40).encode("utf-8", "surrogatepass") + source.binary(8)
        process: Any = SimpleNamespace(stop=[], log=log)
        api: Any = _Refusing(refused)
        Worker(process, lambda *_: None, api, pause=lambda _: None).run()
        log.write("WARN", f"runtime.response_broken: {PlatformGone(source.text(20))}")
        return 13  # the refusal comes ten times, and then the end

    def check(data: bytes) -> None:
        source = Source(data)
        leave()
        as_json = source.chance(50)
        written = Written()
        log = Log(lambda: 1.0, as_json=as_json, ascii_only=source.chance(50), sink=Sink(written))
        count = logs(log, source)
        said = written.take()
        assert said.count("\n") == count, said
        require_honest_lines(said)
        if as_json:
            require_json_lines(said)
        os.ftruncate(frames_fd, 0)
        os.lseek(frames_fd, 0, os.SEEK_SET)
        log = Log(lambda: 1.0, as_json=as_json, sink=framed)
        count = logs(log, source)
        _require_frames(os.pread(frames_fd, 1 << 24, 0), count, as_json=as_json)

    yield check


class Sink:
    """Standard output as text: what `StandardLogSink` writes to another file."""

    def __init__(self, written: Written) -> None:
        self._written = written

    def _standard(self) -> Any:
        import contextlib

        return contextlib.redirect_stdout(self._written)

    def log(self, msg: str, frame_type: bytes | None = None) -> None:
        from streaming_runtime.log import StandardLogSink

        with self._standard():
            StandardLogSink().log(msg, frame_type)

    def log_error(self, message_lines: list[str], frame_type: bytes | None = None) -> None:
        from streaming_runtime.log import StandardLogSink

        with self._standard():
            StandardLogSink().log_error(message_lines, frame_type)


def _require_frames(data: bytes, count: int, *, as_json: bool) -> None:
    found = 0
    while data:
        size = int.from_bytes(data[4:8], "big")
        message = data[16 : 16 + size]
        assert len(message) == size
        if as_json:
            assert isinstance(json.loads(message), dict), message
        data = data[16 + size :]
        found += 1
    assert found == count
