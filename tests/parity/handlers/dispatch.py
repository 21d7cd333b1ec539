"""One process for many cases: the request id names the function that an invocation is for."""

from importlib import import_module


def handler(event, context):
    module, _, function = context.aws_request_id.partition(".")
    return getattr(import_module(module), function)(event, context)
