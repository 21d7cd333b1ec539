"""Runs targets by hand: `make fuzz`, `make fuzz TARGET=items CASES=1000000 ENGINE=atheris`.

Each target runs in a process of its own, some of them beside each other. A failure is printed with
the input that causes it, and written into `.fuzz/<target>/`.
"""

import argparse
import base64
import contextlib
import os
import random
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parents[2]
PLACES = (
    "layers/streaming_runtime/python",
    "layers/dashboard/python",
    "functions/stream",
    "functions/api",
    "functions/publish",
)
FOUND = ROOT / ".fuzz"
OURS = [
    "streaming_runtime",
    "lambda_streaming",
    "event_stream",
    "dashboard_data",
    "dashboard_http",
    "stream_function",
    "api_function",
    "publish_function",
    "local_lambda",
]
ENGINES = ("own", "hypothesis", "atheris")
sys.path[:0] = [str(ROOT), *(str(ROOT / place) for place in PLACES)]


def parsed(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("make fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", help="names; without one, all")
    parser.add_argument("--cases", type=int, help="inputs for each target")
    parser.add_argument(
        "--seconds", type=float, default=20.0, help="without --cases: CPU time each"
    )
    parser.add_argument("--engine", choices=ENGINES, default="own")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--input", help="tries this one input, as base64")
    parser.add_argument("--here", action="store_true", help="in this process")
    parser.add_argument("--list", action="store_true", help="prints the names and invariants")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> int:
    options = parsed(arguments)
    with _watched(options):
        from tests.fuzz.all import TARGETS

    unknown = set(options.targets) - set(TARGETS)
    if unknown:
        print(f"no such target: {', '.join(unknown)}; there are {', '.join(TARGETS)}")
        return 2
    if options.list:
        for target in TARGETS.values():
            print(f"{target.name}: {target.invariant}")
        return 0
    if options.input is not None:
        with TARGETS[options.targets[0]].make() as check:
            check(base64.b64decode(options.input))
        print("the invariants hold")
        return 0
    names = options.targets or list(TARGETS)
    if options.here:
        return max([_run(TARGETS[name], options) for name in names])
    with ThreadPoolExecutor(options.processes) as pool:
        return max(pool.map(lambda name: _apart(name, options), names))


def _watched(options: argparse.Namespace) -> "contextlib.AbstractContextManager[object]":
    """Returns the context in which atheris puts its counters into our packages."""
    if options.engine != "atheris" or not options.here:
        return contextlib.nullcontext()
    import atheris

    watched: contextlib.AbstractContextManager[object] = atheris.instrument_imports(include=OURS)
    return watched


def _apart(name: str, options: argparse.Namespace) -> int:
    """Runs a target in a process of its own."""
    command = [sys.executable, "-m", "tests.fuzz", name, "--here", "--engine", options.engine]
    command += ["--seconds", str(options.seconds)]
    for option in ("cases", "seed"):
        value = getattr(options, option)
        if value is not None:
            command += [f"--{option}", str(value)]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def _run(target: "object", options: argparse.Namespace) -> int:
    from tests.fuzz import engines
    from tests.fuzz.engine import Found

    seed = random.SystemRandom().getrandbits(32) if options.seed is None else options.seed
    until_s = float("inf") if options.cases else options.seconds
    cases = options.cases or 1 << 62
    run = engines.ENGINES[options.engine]
    started_s = time.monotonic()
    try:
        tried = run(target, cases, seed, until_s)
    except Found as found:
        folder = FOUND / found.target
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{seed}.bin").write_bytes(found.data)
        print(f"FOUND {found}", file=sys.__stdout__, flush=True)
        return 1
    rate = round(tried.cases / max(tried.spent_s, 1e-9))
    print(
        f"{target.name}: {tried.cases} cases hold ({rate} a second of CPU time, seed {seed}, "
        f"{time.monotonic() - started_s:.0f} s)",
        file=sys.__stdout__,
        flush=True,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
