"""Follows one request through the code, and compares it with the walk in the README.

The request is a global stream with one item in it, from `/next` to the verdict of the platform. It
runs in this process: the real runtime on a fake Runtime API, the real routes on a table in moto.
"""

import json
import re
import sys
import time

import pytest
from streaming_runtime.invocation import Process
from streaming_runtime.log import Log
from streaming_runtime.loop import Worker
from streaming_runtime.runtime_api import RuntimeApi
from streaming_runtime.settings import Settings

from tests.support.fake_runtime_api import FakeRuntimeApi
from tests.support.fakes import FakeClock
from tests.support.functions import Service
from tests.support.paths import PACKAGES, ROOT

ON_LAMBDA = {name: path for name, path in PACKAGES.items() if name != "local_lambda"}
FILE = re.compile(r"`([a-z_]+/[a-z_/]+\.py)`")


class Followed:
    """The files of ours that this thread runs code of, in the order of their first call."""

    def __init__(self):
        self.files = []
        self._names = {}

    def __enter__(self):
        sys.setprofile(self._note)
        return self

    def __exit__(self, *_):
        sys.setprofile(None)

    def _note(self, frame, event, _argument):
        path = frame.f_code.co_filename
        if event == "call" and path not in self._names:
            self._names[path] = name = name_of(path)
            if name:
                self.files.append(name)


def name_of(path):
    """Returns `package/room/module.py`; None for a file that does not run on Lambda."""
    for name, package in ON_LAMBDA.items():
        prefix = f"{package}/"
        if path.startswith(prefix):
            return f"{name}/{path.removeprefix(prefix)}"
    return None


class OneInvocation(RuntimeApi):
    """The walk ends where the next one would begin."""

    def next(self):
        if self._kept:
            sys.setprofile(None)
        return super().next()


class Waiting(FakeClock):
    """A clock that does one thing more each time a stream waits, unseen by the profile."""

    def __init__(self):
        super().__init__()
        self.steps = []

    def pause(self, condition, seconds):
        profile = sys.getprofile()
        sys.setprofile(None)
        if self.steps:
            self.steps.pop(0)()
        super().pause(condition, seconds)
        sys.setprofile(profile)


@pytest.fixture
def clock():
    return Waiting()


@pytest.fixture
def walked(client, table, clock, publish, make_item, metrics_namespace):
    """Serves one stream: it opens, an item comes, and the client says goodbye."""
    service = Service(client, table, clock)
    lease_id = "k" * 22
    clock.steps = [lambda: publish(make_item()), lambda: service.slots.ask_to_close(lease_id)]
    request = service.payload("GET", "/api/v2/stream", {"x-connection-key": lease_id})
    with FakeRuntimeApi([{"body": json.dumps(request).encode()}]) as platform:
        settings = Settings.from_environ({"AWS_LAMBDA_RUNTIME_API": platform.address})
        log = Log(time.time, as_json=False)
        process = Process(
            settings, log, clock=time.time, monotonic=time.monotonic, stop=[], environ={}
        )
        worker = Worker(process, service.stream_handler, OneInvocation(platform.address))
        with Followed() as followed:
            worker.run()
    (post,) = platform.posts
    assert post.complete
    assert b"event: new_item" in post.content
    return followed.files


def test_the_readme_names_every_file_of_the_walk_in_order(walked):
    text = (ROOT / "README.md").read_text("utf-8")
    section = text.partition("## The walk of one request\n")[2].partition("\n## ")[0]
    assert list(dict.fromkeys(FILE.findall(section))) == walked
