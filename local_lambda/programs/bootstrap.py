"""Stands in for /var/runtime/bootstrap.py of the managed Python runtimes.

Sets the import path and starts the stock runtime client. The emulator copies this file next to each
function's `opt` directory and runs it there, so it imports nothing but the stock client.
https://docs.aws.amazon.com/lambda/latest/dg/python-package.html#python-package-searchpath
"""

import os
import site
import sys
from pathlib import Path

try:
    # Tools such as Sentry look for the stock client under this name in `__main__`.
    import awslambdaric.__main__ as awslambdaricmain
except ModuleNotFoundError as error:
    if (error.name or "").partition(".")[0] != "awslambdaric":
        raise
    sys.exit(
        "awslambdaric, the stock runtime of Python functions, is not installed."
        " It runs on Linux only: there, install it with pip install 'lambda-streaming[local]'."
        " Functions on the streaming runtime do not need it."
    )

_HERE = Path(__file__).absolute().parent
# Where Lambda's own paths exist, layers lie in /opt. Elsewhere `opt` lies beside this folder.
_OPT = Path("/opt") if Path("/var/runtime") == _HERE else _HERE.parent / "opt"


def main() -> None:
    task = os.environ["LAMBDA_TASK_ROOT"]
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    folders = [task]
    # A function's own PYTHONPATH replaces the folders of the layers.
    if "PYTHONPATH" not in os.environ:
        python = _OPT / "python"
        folders += [str(python / f"lib/python{version}/site-packages"), str(python)]
        os.environ["PYTHONPATH"] = os.environ["LAMBDA_RUNTIME_DIR"]  # for child processes
    sys.path[:1] = [*folders, os.environ["LAMBDA_RUNTIME_DIR"]]
    for folder in folders:
        site.addsitedir(folder)  # runs its .pth files
    awslambdaricmain.main(["bootstrap.py", os.environ["_HANDLER"]])


if __name__ == "__main__":
    main()
