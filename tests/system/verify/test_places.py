"""Which addresses are of AWS, and where the page is written, when, and over which other one."""

import argparse
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from verify_aws import page
from verify_aws.__main__ import Progress, page_path
from verify_aws.fronts import Stacks, Unusable, is_on_aws

from tests.support.paths import ROOT
from tests.support.waiting import eventually

EMULATOR = Stacks({"url": "http://127.0.0.1:8001/"}, "", is_emulator=True)
ON_AWS = Stacks({"url": "https://x.lambda-url.eu-west-1.on.aws/"}, "eu-west-1", is_emulator=False)
DEFAULT = argparse.Namespace(page=None, ids="")


def written(stacks):
    run = page.Run("2026-12-01", stacks.region, "abc1234", "0.1.0", stacks.addresses)
    return page.written(run, [], [])


@pytest.mark.parametrize(
    "url",
    [
        "https://x.lambda-url.eu-west-1.on.aws/",
        "https://X.LAMBDA-URL.EU-WEST-1.ON.AWS./",
        "https://x.execute-api.eu-west-1.amazonaws.com/live/",
        "https://x.execute-api.cn-north-1.amazonaws.com.cn/live/",
        "http://probe-1.eu-west-1.elb.amazonaws.com/",
    ],
)
def test_addresses_of_aws(url):
    assert is_on_aws(url)
    assert is_on_aws(url, by_stack=True)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8000/",
        "http://127.9.9.9:8000/",
        "http://0.0.0.0:8000/",
        "http://[::]:8000/",
        "http://[::1]:8000/",
        "http://localhost:8000/",
        "http://api.localhost:8000/",
    ],
)
def test_an_address_of_this_machine_is_never_one_of_aws(url):
    assert not is_on_aws(url)
    assert not is_on_aws(url, by_stack=True)


@pytest.mark.parametrize(
    "url",
    ["http://build-host:8000/", "http://10.0.0.7:8000/", "https://on.aws.example/", "https://x/"],
)
def test_another_host_is_of_aws_only_if_a_stack_is_named(url):
    assert not is_on_aws(url)
    assert is_on_aws(url, by_stack=True)


def test_a_page_about_the_emulator_is_written_over_again_and_again(tmp_path):
    path = tmp_path / "verified.md"
    for _ in range(2):
        assert page_path(DEFAULT, EMULATOR, path) == path
        path.write_text(written(EMULATOR), "utf-8")


def test_the_committed_page_is_written_over_by_any_run():
    committed = ROOT / "docs/verified.md"

    assert page.is_of_aws(committed.read_text("utf-8")) is False
    assert page_path(DEFAULT, EMULATOR) == committed


def test_a_page_about_aws_is_written_over_by_a_run_on_aws_only(tmp_path):
    path = tmp_path / "verified.md"
    path.write_text(written(ON_AWS), "utf-8")

    assert page_path(DEFAULT, ON_AWS, path) == path
    with pytest.raises(Unusable, match="is of a run on AWS: name another PAGE"):
        page_path(DEFAULT, EMULATOR, path)


@pytest.mark.parametrize("place", ["no-such-folder/page.md", "."])
def test_a_page_that_cannot_be_written_is_noticed_at_once(tmp_path, place):
    with pytest.raises(Unusable, match="PAGE: "):
        page_path(argparse.Namespace(page=tmp_path / place, ids=""), EMULATOR)


def test_a_page_is_replaced_as_a_whole_so_nobody_reads_half_of_one(tmp_path):
    path, before, link = (tmp_path / name for name in ("page.md", "before.md", "link.md"))
    path.write_text("the page before", "utf-8")
    os.link(path, before)
    link.symlink_to(path)

    Progress([], link, page.Run("2026-12-01", "", "abc1234", "0.1.0", EMULATOR.addresses))

    assert before.read_text("utf-8") == "the page before"
    assert "**Nothing here was verified on AWS.**" in path.read_text("utf-8")
    assert link.is_symlink()
    assert {each.name for each in tmp_path.iterdir()} == {"page.md", "before.md", "link.md"}


def test_a_page_that_is_no_file_is_written_as_it_is(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        Progress([], pipe, page.Run("2026-12-01", "", "abc1234", "0.1.0", EMULATOR.addresses))
        assert os.read(reader, 1 << 20).startswith(b"# ")
    finally:
        os.close(reader)
    assert pipe.is_fifo()


class Silent(BaseHTTPRequestHandler):
    """Refuses everything at once, but the stream, which it never answers until it is released."""

    released = threading.Event()

    def do_GET(self):
        if self.path.endswith("/api/v2/stream"):
            self.released.wait(60)
        self.send_error(404)

    do_HEAD = do_POST = do_GET

    def log_message(self, *_):
        """Says nothing."""


@contextlib.contextmanager
def serving(released):
    handler = type("Handler", (Silent,), {"released": threading.Event()})
    if released:
        handler.released.set()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        handler.released.set()
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def clone(tmp_path):
    """A part of a clone that the command needs, with the committed page."""
    for name in (
        "scripts",
        "docs/assumptions.md",
        "docs/verified.md",
        "layers/streaming_runtime/python/streaming_runtime/version.py",
    ):
        source, target = ROOT / name, tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copy)(source, target)
    return tmp_path


def started(clone, *arguments):
    return subprocess.Popen(
        [sys.executable, "-m", "verify_aws", *arguments],
        cwd=clone,
        env={**os.environ, "PYTHONPATH": "scripts"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_default_page_is_written_twice(clone):
    verified = Path(clone, "docs/verified.md")
    pages = []
    with serving(released=True) as url:
        for _ in range(2):
            command = started(clone, "--url", url)
            said, errors = command.communicate(timeout=60)
            assert (command.returncode, errors) == (1, "")
            assert "docs/verified.md is written." in said
            pages.append(verified.read_text("utf-8"))

    assert "| `first-event-while-open` | service REST | does not hold | status 404 |" in pages[0]
    assert pages[0] == pages[1]


def test_a_run_that_is_killed_has_written_what_it_knew(clone):
    verified = Path(clone, "docs/verified.md")
    row = "| `remapped-www-authenticate` | service REST | does not hold | status 404 |"
    with serving(released=False) as url:
        command = started(clone, "--url", url)
        try:
            eventually(lambda: row in verified.read_text("utf-8"), within_s=30)
        finally:
            command.send_signal(signal.SIGKILL)
            command.communicate(timeout=20)

    text = verified.read_text("utf-8")
    assert "| `first-event-while-open` | service REST | not tried | the run ended before |" in text
    assert "**Nothing here was verified on AWS.**" in text
