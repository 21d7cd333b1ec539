"""Tries a target with many inputs, and makes the one that fails as small as it can.

Inputs are random bytes, and mutations of the corpus and of each other. All of them come from one
seed, which a failure names.
"""

import base64
import random
import time
import traceback
from collections.abc import Callable, Sequence
from typing import NamedTuple

from tests.fuzz.bounds import CASE_S, Watch, bounded

Check = Callable[[bytes], None]
LENGTHS = (0, 1, 4, 16, 32, 64, 96, 128, 192, 256, 400, 700)
SHRINK_S = 10.0


class Tried(NamedTuple):
    """How many cases were tried, and the seconds of CPU time they took."""

    cases: int
    spent_s: float


class Found(AssertionError):
    """An input that breaks an invariant. The message tells how to try it again."""

    def __init__(self, target: str, data: bytes, seed: int, error: BaseException) -> None:
        blob = base64.b64encode(data).decode()
        kind = f"{type(error).__name__}: {str(error)[:2_000]}"
        lines = traceback.format_tb(error.__traceback__)[-6:]
        super().__init__(
            f"{target} (seed {seed}): {kind}\n{''.join(lines)}"
            f"again: python -m tests.fuzz {target} --input {blob}"
        )
        self.target = target
        self.data = data


def tried(
    name: str,
    check: Check,
    *,
    cases: int,
    seed: int,
    corpus: Sequence[bytes] = (),
    until_s: float = float("inf"),
    case_s: float = CASE_S,
) -> Tried:
    """Tries `cases` inputs, and no more after `until_s` seconds. Raises Found."""
    draw = random.Random(seed)
    pool = list(corpus)
    started_s = time.process_time()
    count = 0
    with bounded(case_s) as watch:
        for data in corpus:
            _try(name, check, data, watch=watch, seed=seed)
        while count < cases and time.process_time() - started_s < until_s:
            data = _next(draw, pool)
            _try(name, check, data, watch=watch, seed=seed)
            count += 1
    return Tried(count, time.process_time() - started_s)


def _next(draw: random.Random, pool: list[bytes]) -> bytes:
    """Returns the next input, and keeps some of them to mutate."""
    if not pool or draw.random() < 0.6:
        data = draw.randbytes(draw.randrange(1 + draw.choice(LENGTHS)))
    else:
        data = _mutated(draw, draw.choice(pool), draw.choice(pool))
    if len(pool) < 64:
        pool.append(data)
    elif draw.random() < 0.02:
        pool[draw.randrange(64)] = data
    return data


def _mutated(draw: random.Random, data: bytes, other: bytes) -> bytes:
    out = bytearray(data)
    for _ in range(draw.randrange(1, 5)):
        at = draw.randrange(len(out) + 1)
        how = draw.randrange(5)
        if how == 0:
            out[at : at + 1] = draw.randbytes(1)
        elif how == 1:
            del out[at : at + draw.randrange(1, 9)]
        elif how == 2:
            out[at:at] = draw.randbytes(draw.randrange(1, 9))
        elif how == 3:
            out[at:] = other[at:]
        elif at < len(out):
            out[at] ^= 1 << draw.randrange(8)
    return bytes(out[:4_096])


def _try(name: str, check: Check, data: bytes, *, watch: Watch, seed: int) -> None:
    error = failure_of(check, data, watch)
    if error is None:
        return
    small = shrunk(check, data, watch, like=error)
    raise Found(name, small, seed, failure_of(check, small, watch) or error)


def failure_of(check: Check, data: bytes, watch: Watch) -> BaseException | None:
    """Returns what the target raises for `data`; None if its invariants hold."""
    watch.begin()
    try:
        check(data)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return error
    finally:
        watch.end()
    return None


def shrunk(check: Check, data: bytes, watch: Watch, *, like: BaseException) -> bytes:
    """Returns a shorter input that fails in the same way, as far as some seconds allow."""
    until_s = time.monotonic() + SHRINK_S

    def fails(smaller: bytes) -> bool:
        error = failure_of(check, smaller, watch)
        return error is not None and _place(error) == _place(like)

    size = len(data) // 2
    while size and time.monotonic() < until_s:
        at = 0
        while at < len(data) and time.monotonic() < until_s:
            without = data[:at] + data[at + size :]
            zeroed = data[:at] + bytes(size) + data[at + size :]
            if fails(without):
                data = without
                continue
            if zeroed != data and len(zeroed) == len(data) and fails(zeroed):
                data = zeroed
            at += size
        size //= 2
    return data


def _place(error: BaseException) -> tuple[str, str, int]:
    frames = traceback.extract_tb(error.__traceback__)
    last = frames[-1]
    return type(error).__name__, last.filename, last.lineno or 0
