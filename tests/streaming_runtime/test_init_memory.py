"""Tests when Python looks for garbage: not during the init, and then as the function wants it."""

import gc
import json

import pytest
from streaming_runtime.init_memory import CollectorHeld

from tests.streaming_runtime.environments import RunningEnvironment
from tests.support.fake_runtime_api import FakeRuntimeApi

HANDLER = "tests.streaming_runtime.collecting.handler"
MODES = [
    {},
    *[
        {"AWS_LAMBDA_MAX_CONCURRENCY": "2", "STREAMING_RUNTIME_CONCURRENCY": mode}
        for mode in ("threads", "processes", "shared")
    ],
    {"AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start"},
]


def seen(directory, **environ):
    """Returns what one invocation sees of the collector."""
    with (
        FakeRuntimeApi([{}], hold_next_at=1) as platform,
        RunningEnvironment(platform, HANDLER, directory, **environ) as environment,
    ):
        environment.until(lambda: [post for post in platform.posts if post.complete])
        assert environment.terminate() == 0
    return json.loads(platform.posts[0].body)


@pytest.mark.once
@pytest.mark.parametrize("mode", MODES, ids=lambda mode: " ".join(mode.values()))
def test_nothing_is_collected_during_the_import_and_its_objects_are_frozen(mode, tmp_path):
    assert seen(tmp_path, **mode) == {
        "on_import": True,  # as if nothing held it
        "after_act": True,
        "enabled": True,
        "frozen": True,
        "thresholds": [*gc.get_threshold()],
        "is_own": True,
    }


@pytest.mark.once
@pytest.mark.parametrize(
    ("act", "after_act", "enabled"),
    [
        ("disable", False, False),
        ("enable", True, True),
        ("freeze", True, True),
        ("disable and enable", True, True),
        ("timeit", True, True),
    ],
)
def test_a_function_that_decides_itself_finds_what_it_decided(act, after_act, enabled, tmp_path):
    found = seen(tmp_path, ACT=act)

    assert (found["after_act"], found["enabled"]) == (after_act, enabled)
    assert found["is_own"]


@pytest.mark.once
def test_a_function_that_scales_its_thresholds_finds_pythons_and_keeps_its_own(tmp_path):
    found = seen(tmp_path, ACT="scale")

    assert found["thresholds"] == [gc.get_threshold()[0] * 100, 20, 30]
    assert found["enabled"]


@pytest.fixture
def collector():
    """Python's own, as it was before."""
    was_enabled = gc.isenabled()
    disable = gc.disable
    yield
    assert gc.disable is disable
    gc.unfreeze()
    if was_enabled:
        gc.enable()
    else:
        gc.disable()


def test_a_collector_that_is_off_already_is_left_alone(collector):
    gc.disable()
    with CollectorHeld():
        assert not gc.isenabled()

    assert not gc.isenabled()


def test_an_import_that_fails_gives_the_collector_back(collector):
    gc.enable()
    with pytest.raises(ImportError), CollectorHeld(freeze=False):
        raise ImportError

    assert gc.isenabled()


def test_a_disable_that_was_kept_from_the_import_works_later(collector):
    gc.enable()
    with CollectorHeld(freeze=False):
        kept = gc.disable
    assert gc.isenabled()
    kept()

    assert not gc.isenabled()
