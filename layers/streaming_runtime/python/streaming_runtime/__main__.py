"""Where the process starts and ends: the import path, then the loop."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import MutableMapping
    from typing import Any

HERE = os.path.dirname(os.path.abspath(__file__))
# `bootstrap` sets it where a wrapper of another tool may set PYTHONPATH, and the user did not.
KEEP_LAYERS = "_STREAMING_RUNTIME_KEEP_LAYERS"
# Started as a file, not with -m: the package's parent belongs on the path, not the package.
sys.path[:] = [os.path.dirname(HERE), *(entry for entry in sys.path if entry != HERE)]

from streaming_runtime.log import unbuffered  # noqa: E402
from streaming_runtime.loop import run  # noqa: E402


def rebuild_import_path(
    path: list[str], environ: MutableMapping[str, str], opt_python: str
) -> None:
    """Puts Lambda's directories into `path`, in place.

    `opt_python` is the `python` directory of the layers. The order is the managed runtime's: task
    root, layers, interpreter, runtime directory (boto3), rest. A `PYTHONPATH` that the user has set
    replaces layers and interpreter (one that a wrapper of another tool has set does not); one that
    is not set becomes the runtime directory, for child processes.
    https://docs.aws.amazon.com/lambda/latest/dg/python-package.html
    """
    major, minor = sys.version_info[:2]
    site_packages = f"lib/python{major}.{minor}/site-packages"
    task_root = environ.get("LAMBDA_TASK_ROOT") or os.getcwd()
    runtime_dir = environ.get("LAMBDA_RUNTIME_DIR")
    layers: list[str] = []
    interpreter: list[str] = []
    if environ.pop(KEEP_LAYERS, None) or "PYTHONPATH" not in environ:
        layers = [f"{opt_python}/{site_packages}", opt_python]
        interpreter = [f"{sys.prefix}/{site_packages}"]
    first = [task_root, *layers, *interpreter]
    if runtime_dir:
        first.append(runtime_dir)
    path[:] = [*first, *(entry for entry in path if entry not in first)]
    for directory in (task_root, *layers):
        if _has_path_file(directory):
            import site  # hardly any function has such a file, so hardly any pays for this

            site.addsitedir(directory)
    if runtime_dir:
        environ.setdefault("PYTHONPATH", runtime_dir)


def _has_path_file(directory: str) -> bool:
    if not os.path.isdir(directory):
        return False
    return any(name.endswith(".pth") for name in os.listdir(directory))


def __getattr__(name: str) -> Any:
    """Offers what tools look for in the stock client's `__main__`, and imports it only for them."""
    if name not in ("awslambdaricmain", "bootstrap"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from streaming_runtime import stock_names

    return getattr(stock_names, name)


if __name__ == "__main__":
    rebuild_import_path(sys.path, os.environ, os.path.dirname(HERE))
    for name in ("stdout", "stderr"):
        output = unbuffered(getattr(sys, name))
        setattr(sys, name, output)
        setattr(sys, f"__{name}__", output)
    sys.exit(run(os.environ))
