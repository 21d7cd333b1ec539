"""Runs the local model beside the emulator: `make example` starts it, and ends it with SIGTERM.

    python companion.py

It prints the variables that the function needs, then `ready`.
"""

import signal
import sys
from pathlib import Path

# In a clone of the repository, the emulator is not installed.
sys.path.append(str(Path(__file__).resolve().parents[2]))

import local_model

ENDS = {signal.SIGTERM, signal.SIGINT}


def main() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDS)
    with local_model.serving(local_model.parrot) as url:
        print(f"AWS_ENDPOINT_URL_BEDROCK_RUNTIME={url}")
        print("CHAT_TOKEN=local-chat-token")
        print("ready", flush=True)
        signal.sigwait(ENDS)


if __name__ == "__main__":
    main()
