"""Emulator of AWS Lambda for Python, streaming included.

On the command line `python -m local_lambda`; in tests `Emulator`.
"""

from local_lambda.client import Emulator, EmulatorFailed, InvokeResult

__all__ = ["Emulator", "EmulatorFailed", "InvokeResult"]
