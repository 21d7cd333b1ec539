"""One invocation, from its payload to the platform's verdict. Every way in which it can end is visible here."""

import json
import os
import re
import time
from contextvars import copy_context

from streaming_runtime.answer import CONTENT_TYPE, Pieces, as_text, front_of, prelude, prelude_fields
from streaming_runtime.context import REQUEST_ID, TRACE_ID, LambdaContext
from streaming_runtime.errors import RuntimeFault, Shutdown, log, log_error
from streaming_runtime.runtime_api import PlatformGone, ResponseStream

FILLER = b"\n"  # an answer without a single byte of body leaves clients of Function URLs waiting
OCTET_STREAM = "application/octet-stream"
LONGEST_TIMEOUT_MS = 5_400_000  # 90 minutes, on managed instances
MARGIN_MS = 1_000  # what closing and the last chunk may take
FINITE_BYTES = 3_000_000  # in base64, or as text of quotes and line ends only, this fits into a buffered answer of 6 MB


def serve(api, handler, invocation, settings, stop=()):
    """Call `handler` and answer. Returns the platform's Response, None when the platform was gone. Raises Shutdown."""
    REQUEST_ID.set(invocation.aws_request_id)
    TRACE_ID.set(invocation.trace_id)
    if settings.concurrency == 1:
        os.environ.pop("_X_AMZN_TRACE_ID", None)
        os.environ.update({"_X_AMZN_TRACE_ID": invocation.trace_id} if invocation.trace_id else {})
    now_ms = time.time() * 1000
    left_ms = float(invocation.deadline_ms if str(invocation.deadline_ms).isdecimal() else 0) - now_ms
    left_ms = max(0, left_ms) if abs(left_ms) <= LONGEST_TIMEOUT_MS else 900_000  # AWS's emulator can say wild things
    close_at_ms = now_ms + left_ms - min(MARGIN_MS, left_ms / 10)

    def check():
        """Between two pieces: may the iterator go on?"""
        if stop:
            raise Shutdown
        if time.time() * 1000 > close_at_ms:
            raise RuntimeFault("Runtime.DeadlineExceeded", "the invocation's time was over before the body's end")

    try:
        try:
            payload = json.loads(invocation.body or b"null")
            result = handler(payload, LambdaContext(invocation, now_ms + left_ms))
            return _answer(api, invocation, result, front_of(payload), settings, check)
        except (PlatformGone, Shutdown):
            raise
        except BaseException as error:  # before the first byte: an honest invocation error
            log_error(error)
            return api.error(f"invocation/{invocation.aws_request_id}", error, invocation)
    except PlatformGone as gone:
        log("WARN", f"runtime.platform_gone: {gone}")
        return None


def _answer(api, invocation, result, front, settings, check):
    if hasattr(result, "__next__"):  # the handler is itself a generator
        result = {"statusCode": 200, "headers": {"Content-Type": OCTET_STREAM}, "body": result}
        if front is None and not settings.buffered:
            return _stream(api, invocation, b"", Pieces(result), b"", OCTET_STREAM, check)
    if isinstance(result, bytes):
        return api.respond(invocation, result, "application/unknown")  # as the stock client does
    streams, is_http = front and front.streams, isinstance(result, dict) and "statusCode" in result
    if not is_http or (not streams and isinstance(result.get("body"), (str, type(None)))):
        return api.respond(invocation, _json(result))
    pieces, filler = Pieces(result, decode=streams), FILLER
    if not streams:
        return api.respond(invocation, _json({**result, **as_text(_collect(pieces, check, settings.wait_s))}))
    fields = prelude_fields(result, front)
    if front.method == "HEAD" or fields["statusCode"] in (204, 304):
        pieces.close()
        pieces, filler = Pieces({}), b""
        fields["headers"]["content-length"] = "0"  # a mere end can hang clients
    if settings.buffered:
        return api.respond(invocation, _json({**fields, **as_text(_collect(pieces, check, settings.wait_s))}))
    return _stream(api, invocation, prelude(fields), pieces, filler, CONTENT_TYPE, check)


def _stream(api, invocation, head, pieces, filler, content_type, check):
    stream = failure = None
    try:
        try:
            for piece in pieces:
                if piece:
                    stream = stream or ResponseStream(api.address, invocation, [head], content_type)
                    stream.write(piece)
                check()
        finally:
            pieces.close()
    except BaseException as error:
        if stream is None:
            raise
        failure = error  # after the first byte: the trailers say it, and no second answer does
        log("WARN", f"runtime.answer_broken: {error}") if isinstance(error, PlatformGone) else log_error(error)
    try:
        return (stream or ResponseStream(api.address, invocation, [head, filler], content_type)).end(failure)
    finally:
        if isinstance(failure, Shutdown):
            raise failure


def _collect(pieces, check, wait_s):
    """All bytes of `pieces`; with `wait_s` (for tools that cannot stream) those of that time: clients poll for more."""
    content, failures, until = bytearray(), [], wait_s and time.monotonic() + wait_s

    def pull():
        try:
            try:
                for piece in pieces:
                    content.extend(piece)
                    check()
                    if until and (time.monotonic() > until or len(content) > FINITE_BYTES):
                        break
            finally:
                pieces.close()
        except BaseException as error:
            failures.append(error)

    if until:
        import threading

        thread = threading.Thread(target=copy_context().run, args=(pull,), daemon=True)
        thread.start()
        thread.join(wait_s)
    else:
        pull()
    for failure in failures:
        raise failure
    return bytes(content)


def _json(result):
    """As the stock client writes it: every digit of a Decimal, named tuples as objects, bytes as text, no escapes."""
    mark = os.urandom(9).hex()  # of what json cannot write but as a string

    def plain(value):
        if hasattr(value, "_asdict"):
            value = value._asdict()
        if isinstance(value, dict):
            return {name.decode() if isinstance(name, bytes) else name: plain(each) for name, each in value.items()}
        if isinstance(value, (list, tuple)):
            return [plain(each) for each in value]
        if type(value).__name__ == "Decimal":
            return mark + ("NaN" if value.is_nan() else str(value))
        return value.decode() if isinstance(value, bytes) else value

    try:
        text = json.dumps(plain(result), ensure_ascii=False)
        return re.sub(f'"{mark}(.*?)"', r"\1", text).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise RuntimeFault("Runtime.MarshalError", f"Unable to marshal response: {error}") from error
