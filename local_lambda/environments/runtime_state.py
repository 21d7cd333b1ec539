"""Decides which calls of one environment's Runtime API are allowed: a state machine.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html; status codes as in `rapi/rendering`
of the interface emulator (https://github.com/aws/aws-lambda-runtime-interface-emulator).
"""

from collections import deque
from dataclasses import dataclass

REMEMBERED = 1_000  # ids of ended invocations, which tell a late reply from a wrong one


@dataclass(frozen=True)
class Refusal:
    status: int
    error_type: str
    message: str


INVALID_TRANSITION = Refusal(403, "InvalidStateTransition", "Transition is not allowed")
INVALID_ID = Refusal(400, "InvalidRequestID", "Invalid request ID")
INVALID_MODE = Refusal(
    400, "InvalidFunctionResponseMode", "Invalid value for Lambda-Runtime-Function-Response-Mode"
)
TOO_LATE = Refusal(
    410, "InvokeTimeout", "The invocation has timed out or belongs to another attempt"
)
TRUNCATED = Refusal(400, "TruncatedHTTPRequest", "HTTP request detected as truncated")
TOO_LARGE = Refusal(
    413, "RequestEntityTooLarge", "Exceeded maximum allowed payload size (6291556 bytes)."
)


@dataclass
class _Attempt:
    invocation_id: str
    replying: bool = False


class RuntimeState:
    """Knows the open invocations. At most `concurrency` of them run at once."""

    def __init__(self, concurrency: int = 1) -> None:
        self._concurrency = concurrency
        self._open: dict[str, _Attempt] = {}
        self._replied: deque[str] = deque(maxlen=REMEMBERED)
        self._expired: deque[str] = deque(maxlen=REMEMBERED)
        self.initialised = False
        self.failed = False

    def next(self) -> Refusal | None:
        if self.failed or (self._concurrency == 1 and self._open):
            return INVALID_TRANSITION
        self.initialised = True
        return None

    def init_error(self) -> Refusal | None:
        """Records a failed init or a failed restore."""
        if self.initialised or self.failed:
            return INVALID_TRANSITION
        self.failed = True
        return None

    def restore_next(self) -> Refusal | None:
        return INVALID_TRANSITION if self.initialised or self.failed else None

    def handed_over(self, request_id: str, invocation_id: str) -> None:
        self._open[request_id] = _Attempt(invocation_id)

    def response(
        self, request_id: str, invocation_id: str | None, mode: str | None
    ) -> Refusal | None:
        """Begins a reply.

        Without a `mode` the reply is buffered. A missing `invocation_id` is accepted.
        """
        if mode not in (None, "streaming"):
            return INVALID_MODE
        return self._reply(request_id, invocation_id)

    def error(self, request_id: str, invocation_id: str | None) -> Refusal | None:
        return self._reply(request_id, invocation_id)

    def replied(self, request_id: str) -> None:
        """Records that the reply is complete."""
        if self._open.pop(request_id, None):
            self._replied.append(request_id)

    def expired(self, request_id: str) -> None:
        """Records that the deadline has passed; a reply is too late from now on."""
        if self._open.pop(request_id, None):
            self._expired.append(request_id)

    def _reply(self, request_id: str, invocation_id: str | None) -> Refusal | None:
        attempt = self._open.get(request_id)
        if attempt is None:
            return self._no_such_attempt(request_id)
        if invocation_id and invocation_id != attempt.invocation_id:
            return TOO_LATE
        if attempt.replying:
            return INVALID_TRANSITION
        attempt.replying = True
        return None

    def _no_such_attempt(self, request_id: str) -> Refusal:
        if request_id in self._expired:
            return TOO_LATE
        repeats_last_reply = bool(self._replied) and self._replied[-1] == request_id
        if self._concurrency == 1 and repeats_last_reply and not self._open:
            return INVALID_TRANSITION
        return INVALID_ID
