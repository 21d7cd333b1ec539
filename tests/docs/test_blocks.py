"""Does the code on the pages work? Each block is run, parsed or checked, or has its reason why not.

Python runs, and a handler that it defines is called. Templates go through `local-lambda check`.
Commands are checked as far as possible; the tutorial's are run by test_tutorial.py.
"""

import json
import os
import re
import subprocess
import sys

import pytest

from local_lambda.client import Emulator
from local_lambda.template import template
from local_lambda.template.text import parse
from tests.docs import commands, elsewhere
from tests.docs.blocks import SHELL, all_blocks, commands_of
from tests.support.paths import ROOT
from tests.support.tools import node

pytestmark = pytest.mark.once

BLOCKS = all_blocks()
STORY = "docs/tutorial.md"  # test_tutorial.py runs all of it
KNOWN = {"python", "yaml", "json", "js", "", *SHELL}


def run_elsewhere(block):
    """The reason why this block is not run here, or nothing."""
    reasons = [
        reason
        for (page, beginning), reason in elsewhere.BLOCKS.items()
        if page == block.page and block.text.startswith(beginning)
    ]
    return reasons[0] if reasons else ""


def here(language):
    return [
        block
        for block in BLOCKS
        if block.language == language and block.page != STORY and not run_elsewhere(block)
    ]


def is_template(block):
    return re.search(r"^Resources:", block.text, re.MULTILINE) is not None


def test_there_are_blocks():
    assert len(BLOCKS) > 70


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_every_block_has_a_language_that_is_checked_or_a_reason(block):
    assert run_elsewhere(block) or block.page == STORY or block.language in KNOWN - {""}


@pytest.mark.parametrize("key", elsewhere.BLOCKS, ids=str)
def test_every_reason_belongs_to_a_block(key):
    page, beginning = key
    assert any(block.page == page and block.text.startswith(beginning) for block in BLOCKS)


@pytest.mark.parametrize(
    "reason",
    sorted(
        {*elsewhere.BLOCKS.values(), *elsewhere.COMMANDS.values(), *elsewhere.REQUESTS.values()}
    ),
)
def test_every_test_that_a_reason_names_exists(reason):
    for path in re.findall(r"tests/[\w/.]+", reason):
        assert (ROOT / path).exists()


@pytest.mark.parametrize("page", sorted({block.page for block in here("python")}))
def test_the_python_of_a_page_runs_and_its_handlers_stream(page):
    blocks = [(str(block), block.text) for block in here("python") if block.page == page]
    ended = subprocess.run(
        [sys.executable, "-m", "tests.docs.run_page", page],
        input=json.dumps(blocks),
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("block", [each for each in here("yaml") if is_template(each)], ids=str)
def test_a_template_on_a_page_can_be_served(block, tmp_path):
    (tmp_path / "app").mkdir()
    (tmp_path / "app/app.py").write_text("def handler(event, context):\n    return {}\n")
    path = tmp_path / "template.yaml"
    path.write_text(block.text)

    read = template.read(path)

    if "AWS::Serverless::Function" in block.text:
        assert read.functions
        assert [str(each) for each in read.warnings if "line" in str(each)] == []


@pytest.mark.parametrize("block", here("yaml"), ids=str)
def test_yaml_on_a_page_can_be_read(block):
    assert parse(block.text).values


@pytest.mark.parametrize("block", here("json"), ids=str)
def test_json_on_a_page_can_be_read(block):
    assert json.loads(block.text)


@pytest.mark.parametrize("block", here("js"), ids=str)
def test_javascript_on_a_page_can_be_read(block, tmp_path):
    path = tmp_path / "block.mjs"
    path.write_text(block.text)
    ended = subprocess.run([node(), "--check", path], capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, "")


SHOWN = [(block, each) for block in BLOCKS if block.is_shell for each in commands_of(block)]
SHOWN = [(block, each) for block, each in SHOWN if not run_elsewhere(block)]


@pytest.mark.parametrize(("block", "command"), SHOWN, ids=lambda each: str(each)[:60])
def test_every_command_is_run_by_a_test_or_has_a_reason(block, command):
    if command.startswith("curl") and "127.0.0.1" in command:
        assert [each for each in elsewhere.REQUESTS if block.page.startswith(each)]
    else:
        assert [each for each in elsewhere.COMMANDS if command.startswith(each)]


@pytest.mark.parametrize(("block", "command"), SHOWN, ids=lambda each: str(each)[:60])
def test_no_command_says_what_its_program_does_not_know(block, command):
    assert commands.problem(command) == ""


def test_every_reason_for_a_command_belongs_to_one():
    unused = [
        each for each in elsewhere.COMMANDS if not any(text.startswith(each) for _, text in SHOWN)
    ]
    assert unused == []


def test_the_emulator_has_every_name_that_its_page_uses():
    (block,) = [
        each for each in BLOCKS if each.text.startswith("from local_lambda import Emulator")
    ]
    names = set(re.findall(r"\bemulator\.(\w+)", block.text))
    source = (ROOT / "local_lambda/client.py").read_text("utf-8")

    assert len(names) > 10
    assert {name for name in names if not hasattr(Emulator, name)} <= set(
        re.findall(r"self\.(\w+)(?::[^=]+)? = ", source)
    )
