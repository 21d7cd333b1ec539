"""What does a handler get as `context` in a test, and how does a test make time pass?

https://docs.aws.amazon.com/lambda/latest/dg/python-context.html
"""

from __future__ import annotations

import json
import os
import sys
import time
import uuid
from typing import TYPE_CHECKING

from streaming_runtime.context import Deadline, LambdaContext, enter
from streaming_runtime.runtime_api import Invocation
from streaming_runtime.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

ADDRESS = "testing.invalid:9001"  # nobody connects to it
TIMEOUT_S = 30.0
REGION = "us-east-1"
ACCOUNT_ID = "123456789012"


class Clock:
    """Gives epoch seconds, which run on; a test moves them forward."""

    def __init__(self) -> None:
        self._ahead_s = 0.0

    def __call__(self) -> float:
        return time.time() + self._ahead_s

    def advance(self, seconds: float) -> None:
        """Makes it later by so much. Raises ValueError for less than nothing."""
        if seconds < 0:
            raise ValueError(f"time does not run backwards: {seconds} s")
        self._ahead_s += seconds


class Context(LambdaContext):
    """The runtime's own context object, with a clock that a test moves."""

    __slots__ = ("clock", "deadline", "invocation", "settings", "timeout_s")

    def __init__(
        self,
        invocation: Invocation,
        deadline: Deadline,
        settings: Settings,
        clock: Clock,
        timeout_s: float,
    ) -> None:
        super().__init__(invocation, deadline, settings)
        self.clock = clock
        self.deadline = deadline
        self.invocation = invocation
        self.settings = settings
        self.timeout_s = timeout_s

    def advance(self, seconds: float) -> None:
        """Makes it later by so much, for the function and for the runtime."""
        self.clock.advance(seconds)

    def set_remaining_s(self, seconds: float) -> None:
        """Makes it so late that this much time is left. Raises ValueError if less is left now."""
        left_s = self.deadline.at_ms / 1000 - self.clock()
        self.clock.advance(left_s - seconds)


def context(
    *,
    timeout_s: float = TIMEOUT_S,
    function_name: str = "function",
    aws_request_id: str | None = None,
    memory_limit_in_mb: int = 128,
    tenant_id: str | None = None,
    trace_id: str | None = None,
    client_context: object = None,
    identity: Mapping[str, str] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Context:
    """Returns a `LambdaContext` whose time runs, and begins its invocation.

    From now on the calling code belongs to that invocation, as a handler's code does on Lambda,
    until `read` has read the result or another invocation begins. `client_context` is what a caller
    sends along, `identity` an identity of Cognito (`cognitoIdentityId`). `environ` are the settings
    of the runtime (docs/settings.md), by default the variables of this process.
    """
    made = new_context(
        timeout_s=timeout_s,
        function_name=function_name,
        aws_request_id=aws_request_id,
        memory_limit_in_mb=memory_limit_in_mb,
        tenant_id=tenant_id,
        trace_id=trace_id,
        client_context=client_context,
        identity=identity,
        environ=environ,
    )
    enter(made.invocation, made.deadline, alone=False)
    return made


def new_context(
    *,
    timeout_s: float = TIMEOUT_S,
    function_name: str = "function",
    aws_request_id: str | None = None,
    memory_limit_in_mb: int = 128,
    tenant_id: str | None = None,
    trace_id: str | None = None,
    client_context: object = None,
    identity: Mapping[str, str] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Context:
    """Returns a context of an invocation that has not begun."""
    clock = Clock()
    deadline_ms = int((clock() + timeout_s) * 1000)
    invocation = Invocation(
        aws_request_id=aws_request_id or str(uuid.uuid4()),
        deadline_ms=str(deadline_ms),
        invoked_function_arn=f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:{function_name}",
        trace_id=trace_id,
        client_context=None if client_context is None else json.dumps(client_context),
        cognito_identity=None if identity is None else json.dumps(dict(identity)),
        aws_tenant_id=tenant_id,
        invocation_id=None,
        body=b"{}",
    )
    settings = Settings.from_environ(
        {
            "AWS_EXECUTION_ENV": f"AWS_Lambda_python{sys.version_info[0]}.{sys.version_info[1]}",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function_name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": "2026/01/01/[$LATEST]0123456789abcdef0123456789abcdef",
            **(os.environ if environ is None else environ),
            "AWS_LAMBDA_FUNCTION_NAME": function_name,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(memory_limit_in_mb),
            "AWS_LAMBDA_RUNTIME_API": ADDRESS,
        }
    )
    deadline = Deadline.of(invocation.deadline_ms, clock)
    return Context(invocation, deadline, settings, clock, timeout_s)
