"""What does the same function send under the stock client, which cannot stream?"""

import json
import os
import subprocess
import sys

import pytest

from tests.lambda_streaming.server_sent_events.reading import events
from tests.support.fake_runtime_api import FakeRuntimeApi, url_request
from tests.support.paths import PACKAGES, ROOT

pytestmark = pytest.mark.once
HANDLERS = "tests.lambda_streaming.server_sent_events.stock_handlers"


def invoke(handler, *payloads):
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
            [sys.executable, "-m", "awslambdaric", f"{HANDLERS}.{handler}"],
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
        "handler",
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


def asking(path):
    return json.loads(url_request(path=path, stage="$default")["body"])


def test_frameworks_answer_whole_with_it_too():
    names = ["/sync/letters", "/async/letters", "/async/async_letters", "/flask/letters"]
    ends = ["/async/silent", "/flask/silent"]

    posts, log = invoke(
        "frameworks",
        *[(asking(name), 9000) for name in names],
        *[(asking(name), 1200) for name in ends],
    )

    for post in posts[:4]:
        assert post.error["statusCode"] == 200, log
        assert [kind for kind, _ in events([post.error["body"].encode()])] == [
            "message",
            "message",
            "end",
        ]
    for post in posts[4:]:
        assert events([post.error["body"].encode()])[-1] == ("end", '{"reason":"deadline"}')
