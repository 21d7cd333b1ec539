"""What was measured, and on what machine? For whoever compares two results."""

import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = (
    "aws-lambda-powertools",
    "awslambdaric",
    "boto3",
    "fastapi",
    "httptools",
    "pydantic",
    "sse-starlette",
    "starlette",
    "uvicorn",
    "uvloop",
)


def this_run() -> dict[str, str]:
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "commit": _git("rev-parse", "--short", "HEAD"),
        "changed_files": "yes" if _git("status", "--porcelain", "--untracked-files=no") else "no",
        "python": platform.python_version(),
        "kernel": platform.release(),
        "machine": platform.machine(),
        "processor": _processor(),
        **{name: version(name) for name in PACKAGES},
    }


def _git(*arguments: str) -> str:
    ended = subprocess.run(
        ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return ended.stdout.strip()


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return "unknown"
