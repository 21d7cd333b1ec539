"""Makes the inputs: our own mutations, Hypothesis, or atheris, which watches the coverage."""

import itertools
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from tests.fuzz.bounds import bounded
from tests.fuzz.engine import Found, Tried, tried
from tests.fuzz.target import Target

Engine = Callable[[Target, int, int, float], Tried]
LONGEST_INPUT = 1_024


def own(target: Target, cases: int, seed: int, until_s: float) -> Tried:
    with target.make() as check:
        return tried(target.name, check, cases=cases, seed=seed, until_s=until_s)


class _Enough(Exception):
    """The time is over."""


def hypothesis(target: Target, cases: int, seed: int, until_s: float) -> Tried:
    """Hypothesis draws the bytes, keeps what failed in its database, and makes that small."""
    from hypothesis import HealthCheck, given, settings
    from hypothesis import seed as seeded
    from hypothesis import strategies as st

    count = itertools.count()
    started_s = time.process_time()
    with target.make() as check, bounded():

        @seeded(seed)
        @settings(
            max_examples=min(cases, 1 << 30),
            deadline=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        )
        @given(st.binary(max_size=LONGEST_INPUT))
        def holds(data: bytes) -> None:
            if time.process_time() - started_s > until_s:
                raise _Enough
            next(count)
            try:
                check(data)
            except Exception as error:
                raise Found(target.name, data, seed, error) from error

        with suppress(_Enough):
            holds()
    return Tried(next(count), time.process_time() - started_s)


def atheris(target: Target, cases: int, seed: int, until_s: float) -> Tried:
    """libFuzzer draws the bytes, and prefers those that reach new code in the target's packages.

    It ends this process when it is done.
    """
    import atheris as fuzzer

    with target.make() as check:
        count = itertools.count()
        started_s = time.process_time()

        def one(data: bytes) -> None:
            done = next(count)
            if done >= cases or time.process_time() - started_s > until_s:
                raise _Enough
            try:
                check(data)
            except Exception as error:
                raise Found(target.name, data, seed, error) from error

        return _fuzzed(fuzzer, one, target, seed=seed, cases=cases, until_s=until_s)


def _fuzzed(fuzzer: Any, one: Callable[[bytes], None], target: Target, **limits: Any) -> Tried:
    options = [f"-seed={limits['seed'] % (1 << 31)}", f"-max_len={LONGEST_INPUT}", "-timeout=20"]
    if limits["until_s"] == float("inf"):
        options.append(f"-runs={limits['cases']}")
    else:
        options.append(f"-max_total_time={int(limits['until_s'])}")
    fuzzer.Setup([sys.argv[0], *options], one)
    fuzzer.Fuzz()
    raise SystemExit(0)  # Fuzz() does not return


def instrumented(packages: tuple[str, ...]) -> Any:
    """Returns the context in which a target's packages have to be imported for atheris."""
    import atheris as fuzzer

    return fuzzer.instrument_imports(include=list(packages))


ENGINES: dict[str, Engine] = {"own": own, "hypothesis": hypothesis, "atheris": atheris}
