"""Makes what a function is asked, and reads what a tool has printed or sent."""

import json
import subprocess
from base64 import b64encode
from pathlib import Path

from tests.support.fake_runtime_api import url_request
from tests.support.tools import observability_python

HERE = Path(__file__).parent


def asks(numbers):
    """Returns the payload of a request to a recipe, which divides by each of the numbers."""
    payload = json.loads(url_request()["body"])
    return {"body": json.dumps({**payload, "rawQueryString": numbers}).encode()}


def json_lines(text):
    """Returns the lines of a text that are JSON."""
    starts = ("{", "[{", "[1")  # `[ERROR]` is a record of the log
    return [json.loads(line) for line in text.splitlines() if line.startswith(starts)]


def envelopes(collector):
    """Returns what Sentry has sent: the payload of each envelope.

    Sentry's thread that sends may draw the request itself into a transaction that is still open:
    sentry_sdk knows its own requests by their host, which never holds the port of a DSN that has
    one. Those spans are left out.
    """
    sent = [json.loads(body.splitlines()[2]) for path, body in collector.requests]
    for each in sent:
        if "spans" in each:
            each["spans"] = [
                span
                for span in each["spans"]
                if collector.address not in (span.get("description") or "")
            ]
    return sent


def otlp_spans(collector):
    """Returns all spans that were exported, in the order in which they came."""
    exports = [b64encode(body) for path, body in collector.requests if path == "/v1/traces"]
    command = [observability_python(), HERE / "spans_of_otlp.py"]
    ended = subprocess.run(command, input=b"\n".join(exports), stdout=subprocess.PIPE, check=True)
    return json.loads(ended.stdout)
