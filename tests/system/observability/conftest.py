"""These fixtures run a function under the real bootstrap, watched by a real tool.

The tools are in an environment of their own (`make observability`), and what they send is collected
by a server of ours.
"""

import gzip
import os
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.support.fake_runtime_api import FakeRuntimeApi
from tests.support.paths import ROOT
from tests.support.tools import observability_python
from tests.support.waiting import eventually

BOOTSTRAP = ROOT / "layers/streaming_runtime/bootstrap"


class Collector:
    """Stands for the servers of a tool: keeps each request as (path, body), and says fine.

    `address` is where it listens.
    """

    def __init__(self):
        requests = self.requests = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                requests.append((self.path, body))
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            do_PUT = do_POST

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def collector():
    with Collector() as server:
        yield server


class Ended:
    """A process that was killed as soon as it had ended its last response.

    `posts` is what the platform received. What a tool had not sent or printed by then is lost, as
    it is on Lambda in an environment that is frozen for ever.
    """

    def __init__(self, posts, stdout, stderr, returncode):
        self.posts = posts
        self.stdout = stdout
        self.stderr = stderr
        self.returncode = returncode


def is_served(platform, payloads):
    """Tells whether each invocation is over, and the next one was asked for."""
    complete = [post for post in platform.posts if post.complete]
    return platform.held.is_set() and len(complete) == len(payloads)


@pytest.fixture
def run(tmp_path):
    """Returns a function that serves `payloads` with the code of `app.py`, in a new process."""
    python = observability_python()

    def run(code, *payloads, handler="app.handler", terminates=False, **environ):
        """`terminates`: sends SIGTERM as soon as the first piece is there, and waits for the end.

        Otherwise the process is killed as soon as it asks for an invocation after the last.
        """
        (tmp_path / "app.py").write_text(code)
        bare = {
            "PATH": f"{python.parent}:{os.environ['PATH']}",
            "_HANDLER": handler,
            "LAMBDA_TASK_ROOT": str(tmp_path),
            "AWS_LAMBDA_FUNCTION_NAME": "watched",
            "AWS_LAMBDA_FUNCTION_VERSION": "1",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
            "AWS_LAMBDA_LOG_GROUP_NAME": "group",
            "AWS_LAMBDA_LOG_STREAM_NAME": "stream",
            "AWS_REGION": "eu-west-1",
            "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        }
        with FakeRuntimeApi(payloads, hold_next_at=len(payloads)) as platform:
            process = subprocess.Popen(
                [BOOTSTRAP, python, "/var/runtime/bootstrap.py"],
                env={**bare, "AWS_LAMBDA_RUNTIME_API": platform.address, **environ},
                cwd=tmp_path,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            try:
                if terminates:
                    eventually(lambda: platform.posts and platform.posts[0].pieces[1:], 60)
                    process.terminate()
                    process.wait(10)
                eventually(lambda: is_served(platform, payloads) or process.poll() is not None, 60)
            finally:
                process.kill()
                stdout, stderr = process.communicate()
            return Ended(platform.posts, stdout, stderr, process.returncode)

    return run
