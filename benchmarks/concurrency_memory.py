"""How much memory does each of several invocations at once need?

Runs the same ordinary Powertools function under the stock client and under this runtime, in each
mode, and reads the private memory of every process after some invocations.

    .venv/bin/python benchmarks/concurrency_memory.py [--workers 4] [--requests 25]

The ratio to the stock client is what counts. Private memory is what the process alone has
(`Private_Clean` and `Private_Dirty` in `/proc/PID/smaps_rollup`): what one process more costs.
"""

import argparse
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.support.fake_runtime_api import FakeRuntimeApi, url_request  # noqa: E402
from tests.support.processes import children_of  # noqa: E402

BOOTSTRAP = ROOT / "layers/streaming_runtime/bootstrap"
STOCK = [sys.executable, "-m", "awslambdaric", "function.handler"]
CASES = {
    "stock client": (STOCK, ""),
    "processes": ([str(BOOTSTRAP)], "processes"),
    "shared": ([str(BOOTSTRAP)], "shared"),
    "threads": ([str(BOOTSTRAP)], "threads"),
}
REQUEST = {**url_request(stage="$default"), "headers": {"Content-Type": "application/json"}}
FUNCTION = """
import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.event_handler import LambdaFunctionUrlResolver

app = LambdaFunctionUrlResolver()
logger = Logger(service="ordinary")
metrics = Metrics(namespace="ordinary", service="ordinary")
table = boto3.resource("dynamodb", region_name="us-east-1").Table("none")


@app.get("/")
def index():
    metrics.add_metric(name="seen", unit="Count", value=1)
    logger.info("seen")
    return {"path": app.current_event.path}


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event, context):
    return app.resolve(event, context)
"""


def private_mib(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    kib = sum(int(line.split()[1]) for line in lines if line.startswith("Private_"))
    return kib / 1024


def wait_for(condition, within_s: float = 20) -> None:
    until = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > until:
            raise TimeoutError("the environment does not serve")
        time.sleep(0.05)


def measured(case: str, workers: int, requests: int) -> tuple[list[float], float]:
    """Returns the private memory of each worker, and of the first process, in MiB."""
    command, mode = CASES[case]
    total = workers * requests
    with (
        tempfile.TemporaryDirectory() as directory,
        tempfile.TemporaryFile() as output,
        FakeRuntimeApi([REQUEST] * total, hold_next_at=total) as platform,
    ):
        Path(directory, "function.py").write_text(FUNCTION)
        environ = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": directory,
            "AWS_ACCESS_KEY_ID": "none",
            "AWS_SECRET_ACCESS_KEY": "none",
            "AWS_LAMBDA_RUNTIME_API": platform.address,
            "AWS_LAMBDA_MAX_CONCURRENCY": str(workers),
            "AWS_EXECUTION_ENV": "AWS_Lambda_python{}.{}".format(*sys.version_info),
            "_HANDLER": "function.handler",
            "LAMBDA_TASK_ROOT": directory,
            "STREAMING_RUNTIME_CONCURRENCY": mode,
            "STREAMING_RUNTIME_PYTHON": sys.executable,
        }
        process = subprocess.Popen(
            command,
            env=environ,
            cwd=directory,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            next_calls = total + workers  # all are over, and all workers wait again
            wait_for(lambda: platform.calls.count(("GET", "invocation/next")) >= next_calls)
            of_workers = [private_mib(pid) for pid in children_of(process.pid)]
            return of_workers, private_mib(process.pid)
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--requests", type=int, default=25, help="for each worker, on average")
    arguments = parser.parse_args()
    stock_mib = 0.0
    for case in CASES:
        of_workers, of_parent = measured(case, arguments.workers, arguments.requests)
        if not of_workers:
            print(f"{case:13} one process, {of_parent:5.1f} MiB")
            continue
        each_mib = statistics.median(of_workers)
        stock_mib = stock_mib or each_mib
        print(
            f"{case:13} each worker {each_mib:5.1f} MiB (at most {max(of_workers):.1f}),"
            f" {each_mib / stock_mib:.2f} of the stock client's; parent {of_parent:.1f} MiB"
        )


if __name__ == "__main__":
    main()
