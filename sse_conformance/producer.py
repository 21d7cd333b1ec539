"""How are texts published, as the user said: by a POST or by a command?"""

import itertools
import secrets
import subprocess
from collections.abc import Callable

from sse_conformance.capture import Capture
from sse_conformance.options import Options
from sse_conformance.target import parse
from sse_conformance.wire import Request

_LONGEST_ERROR = 120
# The kit says these itself.
_OWN = ("content-type", "content-length", "connection", "host", "transfer-encoding")


class Producer:
    """Publishes texts; each is another one, so that its event is found."""

    def __init__(self, options: Options, ask: Callable[[Request], Capture]) -> None:
        self._options = options
        self._ask = ask
        self._run = secrets.token_hex(4)
        self._tokens = itertools.count(1)

    def fresh_token(self) -> str:
        """Returns a text that was never published, and that `identity.TOKEN` matches."""
        return f"kit-{self._run}-{next(self._tokens)}"

    def emit(self, text: str) -> str:
        """Publishes one text as the user said. Returns "" or why the producer refused it."""
        if self._options.emit_command:
            return self._by_command(text)
        capture = self._ask(self._request(text))
        if capture.status is not None and 200 <= capture.status < 300:
            return ""
        reason = capture.head.reason.strip() if capture.head else ""
        return f"{capture.outcome()} {reason}".strip()

    def _request(self, text: str) -> Request:
        given = [
            (name, value.encode("utf-8"))
            for name, value in self._options.emit_headers
            if name.lower() not in _OWN
        ]
        own = [("Content-Type", b"text/plain; charset=utf-8"), ("Connection", b"close")]
        if not text:
            own.append(("Content-Length", b"0"))
        return Request(
            target=parse(self._options.emit_url),
            method="POST",
            headers=(*own, *given),
            body=text.encode("utf-8"),
            asked="POST to --emit-url",
        )

    def _by_command(self, text: str) -> str:
        try:
            ended = subprocess.run(
                self._options.emit_command,
                shell=True,
                input=text.encode("utf-8"),
                capture_output=True,
                timeout=self._options.timeout_s,
            )
        except subprocess.TimeoutExpired:
            return "the command did not end in time"
        if not ended.returncode:
            return ""
        said = ended.stderr.decode("utf-8", "replace").strip().splitlines()
        last = f": {said[-1][:_LONGEST_ERROR]}" if said else ""
        return f"the command ended with {ended.returncode}{last}"
