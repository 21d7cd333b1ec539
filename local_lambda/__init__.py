"""Emulates AWS Lambda for Python functions, streaming included.

The command line is `python -m local_lambda`; tests use `Emulator`.
"""

from local_lambda.client import Emulator, EmulatorFailed, InvokeResult

__all__ = ["Emulator", "EmulatorFailed", "InvokeResult"]
