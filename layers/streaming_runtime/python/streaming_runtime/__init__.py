"""A runtime for AWS Lambda in pure Python that streams what a handler's iterator yields."""

from streaming_runtime.context import REQUEST_ID, TRACE_ID, LambdaContext
from streaming_runtime.loop import run
from streaming_runtime.version import __version__

__all__ = ["REQUEST_ID", "TRACE_ID", "LambdaContext", "__version__", "run"]
