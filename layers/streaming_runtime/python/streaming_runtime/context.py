"""What a handler gets as `context`: https://docs.aws.amazon.com/lambda/latest/dg/python-context.html"""

import json
import os
import sys
import time
from contextvars import ContextVar
from types import SimpleNamespace

# Of the invocation that runs in this thread; with several in one process, environment variables cannot hold them.
TRACE_ID = ContextVar("trace_id", default=None)
REQUEST_ID = ContextVar("request_id", default=None)
CLIENT = ("installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name")


class LambdaContext:
    """The attributes and methods of the managed runtime's; what the platform left out or garbled is None."""

    def __init__(self, invocation, deadline_ms, environ=os.environ):
        self._deadline_ms = deadline_ms
        self.aws_request_id = invocation.aws_request_id
        self.invoked_function_arn = invocation.invoked_function_arn
        self.tenant_id = invocation.aws_tenant_id
        for name in ("function_name", "function_version", "log_group_name", "log_stream_name"):
            setattr(self, name, environ.get(f"AWS_LAMBDA_{name.upper()}"))
        self.memory_limit_in_mb = environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        identity, sent = _object(invocation.cognito_identity), _object(invocation.client_context)
        self.identity = SimpleNamespace(cognito_identity_id=identity.get("cognitoIdentityId"))
        self.identity.cognito_identity_pool_id = identity.get("cognitoIdentityPoolId")
        self._w3c, self.client_context = _object(sent.pop("w3c", None)), None
        if sent:
            client = SimpleNamespace(**{name: _object(sent.get("client")).get(name) for name in CLIENT})
            self.client_context = SimpleNamespace(custom=sent.get("custom"), env=sent.get("env"), client=client)

    def get_remaining_time_in_millis(self):
        """Milliseconds until the platform ends the invocation, never below 0."""
        return max(0, int(self._deadline_ms - time.time() * 1000))

    def log(self, message):
        """Write `message` to the function's log as it is."""
        sys.stdout.write(str(message))

    def w3c(self):
        """The W3C trace context (`traceparent`, `tracestate`, `baggage`) that came with the invocation, as a dict."""
        return self._w3c


def _object(value):
    """`value`, or what its JSON says, where that is an object; otherwise {}."""
    try:
        value = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        value = {}
    return value if isinstance(value, dict) else {}
