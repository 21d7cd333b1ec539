"""Measures ours and the peers side by side, and writes results, plots and docs/benchmarks.md.

    make bench
    .venv-bench/bin/python -m benchmarks.run [--quick] [--only CASE ...] [--out FILE]

With `--only` the results of these cases are printed, and the documents stay as they are. Linux
only; docs/benchmarks.md says what each case does.
"""

import argparse
import json
import os
import resource
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.about import this_run
from benchmarks.cases import cold, latency, many, sizes, small, storm, warm
from benchmarks.plan import FULL, QUICK, SMALLEST, Run
from benchmarks.processes import cores
from benchmarks.samples import Samples
from benchmarks.servers import built
from benchmarks.wanted import WANTED

CASES: dict[str, Callable[[Run], None]] = {
    "cold": cold.run,
    "latency": latency.run,
    "items": latency.items,
    "warm": warm.run,
    "rates": warm.rates,
    "small": small.run,
    "storm": storm.run,
    "sizes": sizes.run,
    "many": many.run,
}
RESULTS = Path(__file__).with_name("results.json")


def measured(run: Run, names: list[str]) -> dict[str, Any]:
    """Runs these cases. One that fails is a problem of its own, which the results name."""
    began_s = time.monotonic()
    for name in names:
        case_began_s = time.monotonic()
        print(f"{name} ...", end=" ", flush=True)
        try:
            CASES[name](run)
        except Exception as error:
            run.samples.problems[name] = f"{type(error).__name__}: {error}"
            traceback.print_exc()
        print(f"{time.monotonic() - case_began_s:.0f} s", flush=True)
    return results(run.samples, time.monotonic() - began_s, this_run())


def results(samples: Samples, took_s: float, about: Mapping[str, str]) -> dict[str, Any]:
    """Returns flat results. What was to be measured and was not is null; `problems` says why."""
    flat: dict[str, Any] = dict.fromkeys(WANTED)
    flat |= samples.flat()
    flat["took_s"] = round(took_s)
    flat["problems"] = samples.problems
    flat["about"] = dict(about)
    return flat


def updated(before: dict[str, Any], found: dict[str, Any], names: list[str]) -> dict[str, Any]:
    """Returns the results before with what these cases have found; the rest is as it was."""
    problems = {
        name: why
        for name, why in before["problems"].items()
        if not name.startswith(tuple(names)) and name not in found
    }
    measured = {name: value for name, value in found.items() if value is not None}
    return {**before, **measured, "problems": {**problems, **found["problems"]}}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer rounds, at most 100 streams")
    parser.add_argument("--smallest", action="store_true", help="only to see that it works")
    parser.add_argument("--only", nargs="+", choices=CASES, metavar="CASE", help=", ".join(CASES))
    parser.add_argument("--out", type=Path, help="where the results go; alone, no documents change")
    parser.add_argument(
        "--update", action="store_true", help="with --only: put these results into the documents"
    )
    parser.add_argument(
        "--built", type=Path, help="artefacts that were built before; made if missing"
    )
    options = parser.parse_args()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    os.sched_setaffinity(0, cores()[1])
    plan = SMALLEST if options.smallest else QUICK if options.quick else FULL
    with tempfile.TemporaryDirectory() as folder:
        artefacts = built(options.built or Path(folder))
        found = measured(Run(artefacts, plan), options.only or list(CASES))
    if options.update:
        found = updated(json.loads(RESULTS.read_text("utf-8")), found, options.only or list(CASES))
    text = json.dumps(found, indent=1) + "\n"
    if options.out:
        options.out.write_text(text, "utf-8")
    if options.only or options.out:
        print(text)
    if options.update or not (options.only or options.out):
        from benchmarks import page, plots

        RESULTS.write_text(text, "utf-8")
        plots.draw(found)
        page.write(found)
    return 1 if CASES.keys() & found["problems"] else 0


if __name__ == "__main__":
    sys.exit(main())
