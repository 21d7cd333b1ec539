"""Which lines of a log tell of something that no fault of a soak explains?"""

import json
import re
from collections import Counter

# The service says this of a table that cannot be read, and of processes that were killed. Their
# tracebacks are a part of these records.
EXPECTED = re.compile(
    r"stream\.(unavailable|refused|poll_failed|lease_not_released)|request\.failed|publish\.failed"
)
_RECORD = re.compile(r"\{\"level\":.*\}$")


class LogReader:
    """Reads a log that grows. `unexpected` counts sentences."""

    def __init__(self):
        self.unexpected = Counter()
        self.expected = Counter()
        self._seen = 0

    def read(self, text):
        """Takes the whole log so far."""
        end = text.rfind("\n") + 1
        for line in text[self._seen : end].splitlines():
            self._take(line)
        self._seen = end

    def _take(self, line):
        match = _RECORD.search(line)
        if match is None:
            if "Traceback (most recent call last)" in line:
                self.unexpected["a traceback outside of the service's log"] += 1
            return
        try:
            record = json.loads(match[0])
        except ValueError:
            return
        if record.get("level") in ("ERROR", "CRITICAL", "WARNING"):
            message = str(record.get("message"))[:80]
            error = record.get("exception_name") or record.get("error") or ""
            is_bug = message == "request.failed" and not record.get("outage")
            is_expected = EXPECTED.fullmatch(message) and not is_bug
            counter = self.expected if is_expected else self.unexpected
            counter[f"{record['level']} {message} {error}".strip()] += 1
