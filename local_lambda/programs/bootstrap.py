"""Stands in for /var/runtime/bootstrap.py of the managed Python runtimes: the import path, then the stock client.

Copied next to each function's `opt` directory and run there, so it imports nothing but the stock client.
https://docs.aws.amazon.com/lambda/latest/dg/python-package.html#python-package-searchpath
"""

import os
import sys
from pathlib import Path


def main() -> None:
    opt_python = Path(__file__).absolute().parents[1] / "opt" / "python"
    site_packages = (
        opt_python / f"lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
    )
    first = [
        os.environ["LAMBDA_TASK_ROOT"],
        str(site_packages),
        str(opt_python),
        os.environ["LAMBDA_RUNTIME_DIR"],
    ]
    sys.path[:1] = first
    try:
        from awslambdaric.__main__ import main as run
    except ModuleNotFoundError as error:
        if error.name != "awslambdaric":
            raise
        sys.exit(
            "awslambdaric, the stock runtime of Python functions, is not installed. It runs on Linux alone: "
            "pip install 'lambda-streaming[local]' brings it there. Functions on the streaming runtime need it nowhere."
        )

    run(["bootstrap.py", os.environ["_HANDLER"]])


if __name__ == "__main__":
    main()
