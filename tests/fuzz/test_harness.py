"""Tests that a planted fault is found, made small, and told so that it can be tried again."""

import base64
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.all import TARGETS
from tests.fuzz.bounds import MEMORY_BYTES
from tests.fuzz.engine import Found, tried
from tests.fuzz.source import Source
from tests.support.paths import ROOT


def test_an_input_that_breaks_an_invariant_is_found_and_made_small():
    def check(data):
        assert b"\x07" not in data

    with pytest.raises(Found) as found:
        tried("planted", check, cases=10_000, seed=1)

    assert found.value.data == b"\x07"
    blob = base64.b64encode(b"\x07").decode()
    assert f"again: python -m tests.fuzz planted --input {blob}" in str(found.value)


def test_the_same_seed_tries_the_same_inputs():
    first, second = [], []
    tried("planted", first.append, cases=200, seed=7)
    tried("planted", second.append, cases=200, seed=7)

    assert first == second


def test_an_input_that_takes_for_ever_is_a_failure():

    def check(data):
        while data:
            pass

    with pytest.raises(Found, match="Hang"):
        tried("planted", check, cases=100, seed=1, case_s=0.1)


def test_an_input_that_takes_all_memory_is_a_failure():
    def check(data):
        bytearray(len(data) * MEMORY_BYTES)

    with pytest.raises(Found, match="MemoryError"):
        tried("planted", check, cases=100, seed=1)


@given(st.binary(max_size=200))
@settings(max_examples=300)
def test_any_bytes_are_choices(data):
    source = Source(data)
    value = source.json()
    assert isinstance(source.text(), str)
    source.changed(value)
    assert b"".join(source.cuts(data)) == data
    assert isinstance(source.damaged(data), bytes)


def test_the_command_tries_one_target_and_one_input():
    command = [sys.executable, "-m", "tests.fuzz"]
    run = subprocess.run(
        [*command, "decoder", "--cases", "50", "--seed", "1"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "decoder: 50 cases hold" in run.stdout
    again = subprocess.run(
        [*command, "decoder", "--input", "AAAA"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "the invariants hold" in again.stdout


def test_every_target_says_what_holds_and_stands_in_the_documentation():
    page = (ROOT / "docs/fuzzing.md").read_text("utf-8")
    assert len(TARGETS) >= 20
    for name, target in TARGETS.items():
        assert f"| `{name}` | {target.invariant} |" in page
