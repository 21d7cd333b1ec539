"""A function whose process is killed while it waits, with unfinished lines in its output."""

import os
import signal
import sys

print("at import", end=" ")


def handler(event, context):
    print("printed", end=" ")
    sys.stdout.write("written ")
    context.log("to the log")
    print(" to standard error", end="", file=sys.stderr)
    os.kill(os.getpid(), signal.SIGKILL)
