"""Does docs/tutorial.md work, literally? Its files are laid out, its commands run, in its order.

The layer is a link to the one of this repository, the addresses are those of a free port, and what
is installed is already here. Everything else is as the page shows it.
"""

import os
import re
import subprocess
import sys
import time
import zipfile

import pytest
import requests

from local_lambda import Emulator
from tests.docs.blocks import blocks_of, commands_of, output_of
from tests.support.paths import ROOT

pytestmark = [pytest.mark.once, pytest.mark.e2e]

PAGE = ROOT / "docs/tutorial.md"
LAYER = ROOT / "layers/streaming_runtime"
SOURCES = [ROOT, LAYER / "python"]


class Walk:
    """Follows the page: one folder, and one emulator that takes changes of the code."""

    def __init__(self, folder):
        self.folder = folder
        self.emulator = None
        self.arrivals = []
        with zipfile.ZipFile(folder / "streaming-runtime-layer-0.1.0.zip", "w") as layer:
            for path in [LAYER / "bootstrap", *(LAYER / "python").rglob("*.py")]:
                layer.write(path, path.relative_to(LAYER))

    def write(self, block):
        path = self.folder / block.file
        path.parent.mkdir(exist_ok=True)
        emulator = self.emulator
        reloads = self.reloads()
        path.write_text(block.text)
        if emulator is not None and block.file.startswith("app/"):
            emulator.wait_for(lambda: self.reloads() > reloads)

    def reloads(self):
        return self.emulator.log.count("reload: StreamFunction") if self.emulator else 0

    def stop(self):
        if self.emulator is not None:
            self.emulator.__exit__(None, None, None)

    def start(self):
        self.emulator = Emulator(self.folder / "template.yaml", "--reload")
        self.emulator.__enter__()
        return self.emulator

    def curl(self, command):
        path = re.search(r"http://127\.0\.0\.1:8001/([^\"]*)", command)[1]
        response = requests.get(self.emulator.url("stream") + path, stream=True, timeout=30)
        pieces = [(piece, time.monotonic()) for piece in response.iter_content(None)]
        self.arrivals.append(pieces[-1][1] - pieces[0][1])
        return b"".join(piece for piece, _ in pieces).decode()

    def run(self, words):
        paths = os.pathsep.join(map(str, SOURCES))
        return subprocess.run(
            [sys.executable, *words],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
        )


@pytest.fixture
def walk(tmp_path):
    walk = Walk(tmp_path)
    yield walk
    walk.stop()


def names_in(output):
    return set(re.findall(r"^(\w+): http", output, re.MULTILINE))


def without_times(text):
    return re.sub(r"\d+\.\d+s", "N s", text)


def test_the_tutorial_works_as_it_stands(walk):
    done = []
    for block in blocks_of(PAGE):
        if block.file:
            walk.write(block)
        for command in commands_of(block) if block.is_shell else []:
            if command.startswith("curl -N") and "127.0.0.1" in command:
                assert walk.curl(command) == output_of(block)
            elif command == "local-lambda check":
                ended = walk.run(["-m", "local_lambda", "check"])
                assert (ended.stdout, ended.returncode) == (output_of(block), 0)
            elif command.startswith("python -m pytest"):
                words = [*command.split()[1:], "-p", "no:cacheprovider"]
                ended = walk.run(words)
                assert without_times(ended.stdout) == without_times(output_of(block))
            elif command == "local-lambda --reload":
                assert names_in(output_of(block)) <= {*walk.start().addresses, "stream_url"}
            else:
                continue
            done.append(command.split()[0])

    assert done.count("curl") == 3
    assert {"local-lambda", "python"} <= set(done)
    # Each stream took the time that its function needed, so it was no response in one piece.
    assert min(walk.arrivals) > 0.25
