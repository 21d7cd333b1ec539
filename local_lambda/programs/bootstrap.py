"""Stands in for /var/runtime/bootstrap.py of the managed Python runtimes.

Sets the import path and starts the stock runtime client. The emulator copies this file next to each
function's `opt` directory and runs it there, so it imports nothing but the stock client.
https://docs.aws.amazon.com/lambda/latest/dg/python-package.html#python-package-searchpath
"""

import os
import sys
from pathlib import Path


def main() -> None:
    opt_python = Path(__file__).absolute().parents[1] / "opt" / "python"
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    sys.path[:1] = [
        os.environ["LAMBDA_TASK_ROOT"],
        str(opt_python / f"lib/python{version}/site-packages"),
        str(opt_python),
        os.environ["LAMBDA_RUNTIME_DIR"],
    ]
    try:
        from awslambdaric.__main__ import main as run
    except ModuleNotFoundError as error:
        if error.name != "awslambdaric":
            raise
        sys.exit(
            "awslambdaric, the stock runtime of Python functions, is not installed."
            " It runs on Linux only: there, install it with pip install 'lambda-streaming[local]'."
            " Functions on the streaming runtime do not need it."
        )

    run(["bootstrap.py", os.environ["_HANDLER"]])


if __name__ == "__main__":
    main()
