"""One invocation, from its payload to the platform's verdict. Every way in which it can end is visible here."""

import json
import os
import time
from contextvars import copy_context

from streaming_runtime.answer import CONTENT_TYPE, Pieces, as_text, prelude, prelude_fields, streaming_front
from streaming_runtime.context import REQUEST_ID, TRACE_ID, LambdaContext
from streaming_runtime.errors import RuntimeFault, Shutdown, log, log_error
from streaming_runtime.runtime_api import PlatformGone

FILLER = b"\n"  # an answer without a single byte of body leaves clients of Function URLs waiting
OCTET_STREAM = "application/octet-stream"
LONGEST_TIMEOUT_MS = 5_400_000  # 90 minutes, on managed instances
MARGIN_MS = 1_000  # what closing and the last chunk may take
FINITE_BYTES = 4_000_000  # in base64 this still fits into the 6 MB of a buffered answer


def serve(api, handler, invocation, settings, stopping=lambda: False):
    """Call `handler` and answer. Returns the platform's Response, None when the platform was gone. Raises Shutdown."""
    REQUEST_ID.set(invocation.aws_request_id)
    TRACE_ID.set(invocation.trace_id)
    if settings.concurrency == 1:
        os.environ.pop("_X_AMZN_TRACE_ID", None)
        os.environ.update({"_X_AMZN_TRACE_ID": invocation.trace_id} if invocation.trace_id else {})
    now_ms = time.time() * 1000
    left_ms = int(invocation.deadline_ms or 0) - now_ms
    left_ms = left_ms if 0 < left_ms <= LONGEST_TIMEOUT_MS else 900_000  # AWS's emulator is known for wild deadlines
    close_at_ms = now_ms + left_ms - min(MARGIN_MS, left_ms / 10)

    def check():
        """Between two pieces: may the iterator go on?"""
        if stopping():
            raise Shutdown
        if time.time() * 1000 > close_at_ms:
            raise RuntimeFault("Runtime.DeadlineExceeded", "the invocation's time was over before the body's end")

    try:
        try:
            payload = json.loads(invocation.body or b"null")
            result = handler(payload, LambdaContext(invocation, now_ms + left_ms))
            return _answer(api, invocation, result, streaming_front(payload), settings, check)
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
    is_http = isinstance(result, dict) and "statusCode" in result
    if not is_http or (front is None and isinstance(result.get("body"), (str, type(None)))):
        return api.respond(invocation, _json(result))
    pieces, filler = Pieces(result), FILLER
    if front is None:
        return api.respond(invocation, _json({**result, **as_text(_collect(pieces, check))}))
    fields = prelude_fields(result, front)
    if front.method == "HEAD" or fields["statusCode"] in (204, 304):
        pieces.close()
        pieces, filler = Pieces({}), b""
        fields["headers"]["content-length"] = "0"  # a mere end can hang clients
    if settings.buffered:
        content = _collect(pieces, check, settings.local_wait_s if settings.local else None)
        return api.respond(invocation, _json({**fields, **as_text(content)}))
    return _stream(api, invocation, prelude(fields), pieces, filler, CONTENT_TYPE, check)


def _stream(api, invocation, head, pieces, filler, content_type, check):
    stream = failure = None
    try:
        try:
            for piece in pieces:
                if piece and stream:
                    stream.write(piece)
                elif piece:
                    stream = api.stream(invocation, (head, piece), content_type)
                check()
        finally:
            pieces.close()
    except PlatformGone as gone:
        if stream:
            log("WARN", f"runtime.answer_broken: {gone}")
            return stream.verdict(within_s=0.5)
        raise
    except BaseException as error:
        if stream is None:
            raise
        failure = error  # after the first byte: the trailers say it, and no second answer does
        log_error(error)
    try:
        return (stream or api.stream(invocation, (head, filler), content_type)).end(failure)
    finally:
        if isinstance(failure, Shutdown):
            raise failure


def _collect(pieces, check, wait_s=None):
    """All bytes of `pieces`; with `wait_s` (for tools that cannot stream) those of that time: clients poll for more."""
    content, failures, until = bytearray(), [], wait_s and time.monotonic() + wait_s

    def pull():
        try:
            for piece in pieces:
                content.extend(piece)
                check()
                if until and (time.monotonic() > until or len(content) > FINITE_BYTES):
                    break
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
    if failures:
        raise failures[0]
    return bytes(content)


def _json(result):
    try:
        return json.dumps(result, default=float).encode()  # float: DynamoDB's Decimals, as on the managed runtime
    except (TypeError, ValueError) as error:
        raise RuntimeFault("Runtime.MarshalError", f"Unable to marshal response: {error}") from error
