"""Tests how the trailers of a streamed reply are read."""

import base64
import json

from local_lambda.environments.invocation import StreamEnd
from local_lambda.environments.runtime_api import read_trailers


def test_trailers_are_read_and_refused_above_4096_bytes():
    error = {"errorType": "E", "errorMessage": "m"}
    body = base64.b64encode(json.dumps(error).encode()).decode()
    trailers = (
        ("Lambda-Runtime-Function-Error-Type", "Function.E"),
        ("Lambda-Runtime-Function-Error-Body", body),
    )
    end, refusal = read_trailers(trailers)
    assert (end.error_type, json.loads(end.error_body), end.cut, refusal) == (
        "Function.E",
        error,
        False,
        None,
    )
    first, (name, _) = trailers
    used = len(first[0]) + len(first[1]) + 4 + len(name) + 4 + 2
    assert read_trailers((first, (name, "A" * (4096 - used))))[1] is None
    end, refusal = read_trailers((first, (name, "A" * (4097 - used))))
    assert (end.cut, refusal.error_type) == (True, "TruncatedHTTPRequest")
    assert read_trailers(()) == (StreamEnd(), None)
