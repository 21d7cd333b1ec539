"""What does the same function send under the stock client, which cannot stream?"""

import json
import os
import subprocess
import sys

import pytest

from tests.lambda_streaming.server_sent_events.reading import events
from tests.support.fake_runtime_api import FakeRuntimeApi
from tests.support.paths import PACKAGES, ROOT

pytestmark = pytest.mark.once
HANDLER = "tests.lambda_streaming.server_sent_events.stock_handlers.handler"


def invoke(*payloads):
    """Serves `payloads` by AWS's own client; returns the POSTs and the log."""
    script = [
        {
            "body": json.dumps(payload).encode(),
            "headers": {"Content-Type": "application/json"},
            "timeout_ms": timeout_ms,
        }
        for payload, timeout_ms in payloads
    ]
    with FakeRuntimeApi(script) as platform:
        environ = {
            **os.environ,
            "AWS_LAMBDA_RUNTIME_API": platform.address,
            "PYTHONPATH": f"{ROOT}:{PACKAGES['lambda_streaming'].parent}",
        }
        ended = subprocess.run(
            [sys.executable, "-m", "awslambdaric", HANDLER],
            env=environ,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        return platform.posts, ended.stdout + ended.stderr


def test_it_answers_whole_and_says_so_once():
    posts, log = invoke(
        ({"source": "letters"}, 9000),
        ({"source": "async_letters"}, 9000),
        ({"source": "words", "encoder": True}, 9000),
        ({"source": "failing"}, 9000),
        ({"source": "silent"}, 1200),
    )

    first, second, third, failed, cut = posts
    for post in (first, second):
        assert post.error["headers"]["Content-Type"] == "text/event-stream"
        assert events([post.error["body"].encode()]) == [
            ("message", "a"),
            ("message", '{"b":"ä"}'),
            ("end", '{"reason":"done"}'),
        ]
    assert '"type":"finish"' in third.error["body"]
    assert failed.kind == "error"
    assert failed.error["errorType"] == "LookupError"
    assert events([cut.error["body"].encode()])[-1] == ("end", '{"reason":"deadline"}')
    assert log.count("this process does not run the streaming runtime") == 1
