"""Runs `python -m sse_conformance`, from the wheel or in a clone."""

import sys
from importlib.util import find_spec
from pathlib import Path

# In a clone the decoder of events is in the layer's folder; the wheel has both side by side.
if find_spec("event_stream") is None:
    sys.path.append(str(Path(__file__).parent.parent / "layers/streaming_runtime/python"))

from sse_conformance.command import main

if __name__ == "__main__":
    sys.exit(main())
