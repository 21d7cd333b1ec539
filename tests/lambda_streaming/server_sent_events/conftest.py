"""A fixture that serves invocations with a handler, against a fake Runtime API in this process."""

import logging
import os
import time
from contextvars import copy_context

import pytest
from streaming_runtime.adaptations import ADAPTATIONS
from streaming_runtime.invocation import Process
from streaming_runtime.log import Log
from streaming_runtime.loop import Worker
from streaming_runtime.runtime_api import RuntimeApi
from streaming_runtime.settings import Settings

from tests.support.fake_runtime_api import FakeRuntimeApi


@pytest.fixture
def serve():
    """Returns a function that serves each entry of `script`, and returns what the platform got."""
    adaptations = dict(ADAPTATIONS)
    ADAPTATIONS.clear()
    root = logging.getLogger()
    handlers = root.handlers[:]

    def run(handler, *script, verdicts=None):
        with FakeRuntimeApi(script, verdicts) as platform:
            run.platform = platform
            settings = Settings.from_environ(
                {**os.environ, "AWS_LAMBDA_RUNTIME_API": platform.address}
            )
            process = Process(
                settings,
                Log(time.time),
                clock=time.time,
                monotonic=time.monotonic,
                stop=[],
                environ=None,
            )
            worker = Worker(process, handler, RuntimeApi(platform.address), pause=[].append)
            assert copy_context().run(worker.run) == 1
            return platform.posts

    yield run
    ADAPTATIONS.update(adaptations)
    root.handlers[:] = handlers
