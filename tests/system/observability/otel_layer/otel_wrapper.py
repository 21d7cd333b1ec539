"""Does what the module of OpenTelemetry's layer does: instruments, then finds the handler."""

import importlib
import os

from opentelemetry.instrumentation.aws_lambda import AwsLambdaInstrumentor

AwsLambdaInstrumentor().instrument()
name, _, function = os.environ["ORIG_HANDLER"].rpartition(".")
lambda_handler = getattr(importlib.import_module(name.replace("/", ".")), function)
