"""An emulator of AWS Lambda for Python, streaming included: `python -m local_lambda`; in tests, `Emulator`."""

from local_lambda.client import Emulator, EmulatorFailed, InvokeResult

__all__ = ["Emulator", "EmulatorFailed", "InvokeResult"]
