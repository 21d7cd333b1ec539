"""Makes the inputs: our own mutations, Hypothesis, or atheris, which watches the coverage."""

import itertools
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tests.fuzz.bounds import bounded
from tests.fuzz.engine import Found, Tried, tried
from tests.fuzz.target import Target

Engine = Callable[[Target, int, int, float], Tried]
LONGEST_INPUT = 1_024
FOLDER = Path(__file__).parents[2] / ".fuzz"


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
    """libFuzzer draws the bytes, and prefers those that reach new code in our packages.

    It ends this process when it is done, and says itself what it has done.
    """
    import atheris as fuzzer

    corpus = FOLDER / f"corpus-{target.name}"
    corpus.mkdir(parents=True, exist_ok=True)
    with target.make() as check:

        def one(data: bytes) -> None:
            try:
                check(data)
            except Exception as error:
                found = Found(target.name, data, seed, error)
                print(f"FOUND {found}", file=sys.__stdout__, flush=True)
                raise found from error

        options = [f"-seed={seed % (1 << 31)}", f"-max_len={LONGEST_INPUT}", "-timeout=20"]
        options += ["-rss_limit_mb=2048", f"-artifact_prefix={FOLDER}/{target.name}-"]
        if until_s == float("inf"):
            options.append(f"-runs={cases}")
        else:
            options.append(f"-max_total_time={int(until_s)}")
        fuzzer.Setup([sys.argv[0], *options, str(corpus)], one)
        fuzzer.Fuzz()
    return Tried(cases, time.process_time())


ENGINES: dict[str, Engine] = {"own": own, "hypothesis": hypothesis, "atheris": atheris}
