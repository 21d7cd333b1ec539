"""Names the project's files and packages."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = {
    "streaming_runtime": ROOT / "layers/streaming_runtime/python/streaming_runtime",
    "lambda_streaming": ROOT / "layers/streaming_runtime/python/lambda_streaming",
    "event_stream": ROOT / "layers/streaming_runtime/python/event_stream",
    "dashboard_data": ROOT / "layers/dashboard/python/dashboard_data",
    "dashboard_http": ROOT / "layers/dashboard/python/dashboard_http",
    "dashboard_setup": ROOT / "layers/dashboard/python/dashboard_setup",
    "stream_function": ROOT / "functions/stream/stream_function",
    "api_function": ROOT / "functions/api/api_function",
    "publish_function": ROOT / "functions/publish/publish_function",
    "local_lambda": ROOT / "local_lambda",
    "sse_conformance": ROOT / "sse_conformance",
}
MADE = {"__pycache__", "dist", "node_modules"}  # folders that hold nothing written by hand


def own_files():
    """Returns the paths of what git tracks or would add; without git, of all but what was made."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return [path for path in ROOT.rglob("*") if path.is_file() and not _is_made(path)]
    paths = [ROOT / name for name in filter(None, listed.stdout.split("\0"))]
    return sorted(path for path in paths if path.is_file())


def _is_made(path):
    parts = path.relative_to(ROOT).parts
    hidden = [part for part in parts if part.startswith(".")]
    return bool(MADE & set(parts)) or bool(set(hidden) - {".ci", ".github", ".gitignore"})
