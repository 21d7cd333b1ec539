"""Tries the targets of one module in a test run. FUZZ_CASES and FUZZ_SEED change what is tried.

The seed goes by the target's name, so that a test fails for what was changed and not by chance.
Every night other inputs are tried.
"""

import os
import zlib

import pytest

from tests.fuzz.engine import tried
from tests.fuzz.target import Registry, Target

CASES = int(os.environ.get("FUZZ_CASES", "10000"))


def each_of(registry: Registry) -> pytest.MarkDecorator:
    """Returns the mark that runs a test once for each target."""
    return pytest.mark.parametrize("target", registry.values(), ids=list(registry))


def require_target(target: Target, *, cases: int = CASES) -> None:
    """Raises Found, whose message says how to try the input again."""
    seed = int(os.environ.get("FUZZ_SEED") or zlib.crc32(target.name.encode()))
    with target.make() as check:
        done = tried(target.name, check, cases=cases, seed=seed)
    assert done.cases == cases
