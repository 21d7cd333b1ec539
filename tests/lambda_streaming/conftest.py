"""These tests run the runtime's loop in this process."""

import gc

import pytest
from streaming_runtime.adaptations import ADAPTATIONS
from streaming_runtime.context import leave


@pytest.fixture(autouse=True)
def outside_of_invocations():
    """Forgets the invocation that a runtime in this process has served last."""
    leave()


@pytest.fixture(autouse=True)
def small_heap():
    """Hides what the tests' process holds from the garbage collector: a function has less.

    What is hidden stays so. Otherwise each collection of a later test looks through all of it.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def libraries_as_they_are():
    """Keeps `lambda_streaming.testing` from adapting libraries that other tests here use."""
    adaptations = dict(ADAPTATIONS)
    ADAPTATIONS.clear()
    yield
    ADAPTATIONS.update(adaptations)
