"""Makes what a recipe is asked, and reads what it printed."""

import json

from tests.support.fake_runtime_api import url_request


def asks(numbers):
    """Returns the payload of a request to a recipe, which divides by each of the numbers."""
    payload = json.loads(url_request()["body"])
    return {"body": json.dumps({**payload, "rawQueryString": numbers}).encode()}


def json_lines(text):
    """Returns the lines of a text that are JSON."""
    starts = ("{", "[{", "[1")  # `[ERROR]` is a record of the log
    return [json.loads(line) for line in text.splitlines() if line.startswith(starts)]
