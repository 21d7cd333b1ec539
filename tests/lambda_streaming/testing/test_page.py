"""docs/testing.md: every block of code is a file of one small project, whose tests pass."""

import os
import re
import subprocess
import sys

import pytest

from tests.support.paths import ROOT

pytestmark = [pytest.mark.e2e, pytest.mark.once]
PAGE = (ROOT / "docs/testing.md").read_text("utf-8")
FILE = re.compile(r"`([\w/.]+)`:\n\n```python\n(.*?)```", re.DOTALL)


def test_the_tests_of_the_page_pass(tmp_path):
    files = dict(FILE.findall(PAGE))
    assert len(files) == PAGE.count("```python") > 6
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    environ = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path]),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # others' plugins take seconds
    }
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    command += ["-p", "lambda_streaming.testing.plugin", "."]

    ended = subprocess.run(
        command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
    )

    assert ended.returncode == 0, ended.stdout + ended.stderr
    tests = sum(content.count("def test_") for content in files.values())
    assert tests > 10
