"""What the tests of the runtime share: a way to run a handler against a fake Runtime API in this very process."""

import pytest
from streaming_runtime.loop import Worker, settings_of
from streaming_runtime.runtime_api import RuntimeApi

from tests.streaming_runtime.fake_runtime_api import FakeRuntimeApi


@pytest.fixture
def serve():
    """Returns a function: run `handler` for each entry of `script`, and return the POSTs that the platform saw."""

    def run(handler, *script, verdicts=None, environ=None, chunked_next=False, pauses=None):
        with FakeRuntimeApi(script, verdicts, chunked_next) as platform:
            run.platform = platform
            settings = settings_of({"AWS_LAMBDA_RUNTIME_API": platform.address, **(environ or {})})
            pause = (pauses if pauses is not None else []).append
            assert Worker(settings, handler, RuntimeApi(platform.address), pause=pause).run() == 1
            return platform.posts

    return run
