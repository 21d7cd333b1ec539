"""A function whose import has its own idea of garbage collection: `ACT` in the environment."""

import gc
import os
import timeit

ENABLED_ON_IMPORT = gc.isenabled()
ACTS = {
    "disable": lambda: gc.disable(),
    "enable": lambda: gc.enable(),
    "scale": lambda: gc.set_threshold(gc.get_threshold()[0] * 100, 20, 30),
    "freeze": lambda: gc.freeze(),
    "disable and enable": lambda: (gc.disable(), gc.enable()),
    "timeit": lambda: timeit.timeit("pass", number=1),  # disables, and enables what was enabled
}
ACTS.get(os.environ.get("ACT"), list)()
AFTER_ACT = gc.isenabled()


def handler(event, context):
    return {
        "on_import": ENABLED_ON_IMPORT,
        "after_act": AFTER_ACT,
        "enabled": gc.isenabled(),
        "frozen": gc.get_freeze_count() > 1000,
        "thresholds": gc.get_threshold(),
        "is_own": type(gc.disable).__name__ == "builtin_function_or_method",
    }
