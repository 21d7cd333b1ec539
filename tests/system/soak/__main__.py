"""`python -m tests.system.soak`, or `make soak`: docs/soak.md. Exits with 1 after a finding."""

import argparse
import json
import secrets
import signal
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
sys.path[:0] = [
    str(ROOT / "layers" / name / "python") for name in ("streaming_runtime", "dashboard")
]

from tests.system.soak import report  # noqa: E402
from tests.system.soak.service import running  # noqa: E402
from tests.system.soak.soaking import Soak  # noqa: E402

LIFE_S = 45


def main(arguments):
    parser = argparse.ArgumentParser(prog="python -m tests.system.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--streams", type=int, default=100)
    parser.add_argument("--life", type=int, default=LIFE_S, help="seconds that a stream lives")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    parser.add_argument("--json", action="store_true", help="write the verdict as JSON")
    parser.add_argument("--log", type=Path, help="where to write the log of the functions")
    options = parser.parse_args(arguments)
    # A shell that starts a program in the background makes it ignore SIGINT.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    _say(f"{options.minutes:g} minutes, {options.streams} streams, --seed {options.seed}")
    soak = None
    try:
        with running(options.streams, options.life) as service:
            soak = Soak(
                service,
                streams=options.streams,
                seconds=60 * options.minutes,
                life_s=options.life,
                seed=options.seed,
                tell=lambda soak, minute: _say(report.minute_line(soak, minute)),
            )
            try:
                soak.run()
            finally:
                if options.log:
                    options.log.write_text(service.emulator.log, "utf-8")
    except KeyboardInterrupt:
        if soak is None:
            return 130
        soak.failures.append("ended by the user")
    told = report.figures(soak)
    print(json.dumps(told, indent=2) if options.json else report.text(told), flush=True)
    return 0 if told["passed"] else 1


def _say(line):
    print(line, file=sys.stderr, flush=True)


def _interrupt(*_):
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
