"""These fixtures run a handler against a fake Runtime API in this process."""

import logging
import os
import time

import pytest
from streaming_runtime.adaptations import ADAPTATIONS
from streaming_runtime.invocation import Process
from streaming_runtime.log import Log
from streaming_runtime.loop import Worker
from streaming_runtime.runtime_api import RuntimeApi
from streaming_runtime.settings import Settings

from tests.support.fake_runtime_api import FakeRuntimeApi


@pytest.fixture(autouse=True)
def root_logger_as_before():
    """Takes away what a runtime that lived in this process put on the root logger."""
    root = logging.getLogger()
    handlers = root.handlers[:]
    level = root.level
    converter = logging.Formatter.converter
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.Formatter.converter = converter


def work(address, handler, environ=None, pause=time.sleep):
    """Runs one worker until the platform at `address` ends it."""
    settings = Settings.from_environ(
        {**os.environ, "AWS_LAMBDA_RUNTIME_API": address, **(environ or {})}
    )
    process = Process(
        settings,
        Log(time.time, as_json=settings.log_as_json),
        clock=time.time,
        monotonic=time.monotonic,
        stop=[],
        environ=os.environ,
    )
    assert Worker(process, handler, RuntimeApi(address), pause=pause).run() == 1


@pytest.fixture(name="work")
def work_():
    return work


@pytest.fixture(autouse=True)
def libraries_as_they_are():
    """Keeps a runtime that lives in this process from adapting libraries that other tests use."""
    adaptations = dict(ADAPTATIONS)
    ADAPTATIONS.clear()
    yield
    ADAPTATIONS.update(adaptations)


@pytest.fixture
def serve():
    """Returns a function that serves each entry of `script` with `handler`.

    It returns the POSTs that the platform received.
    """

    def run(handler, *script, verdicts=None, environ=None, chunked_next=False, pauses=None):
        with FakeRuntimeApi(script, verdicts, chunked_next) as platform:
            run.platform = platform
            pause = (pauses if pauses is not None else []).append
            work(platform.address, handler, environ, pause)
            return platform.posts

    return run
