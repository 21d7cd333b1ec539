"""Runs `python -m sse_conformance`."""

import sys

from sse_conformance.command import main

if __name__ == "__main__":
    sys.exit(main())
