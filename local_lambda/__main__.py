"""Checks that the emulator's packages are installed, then runs its command line."""

import sys

from local_lambda.version import DISTRIBUTION

# The packages of the extra `local`, by import name.
_EXTRA = {
    "awslambdaric",
    "boto3",
    "botocore",
    "flask",
    "flask_cors",
    "h11",
    "moto",
    "werkzeug",
    "yaml",
}


def main() -> int:
    """Runs `local-lambda` or `python -m local_lambda`. Returns the exit status."""
    try:
        from local_lambda.command import main as run
    except ModuleNotFoundError as error:
        name = (error.name or "").partition(".")[0]
        if name not in _EXTRA:
            raise
        needed = f"pip install '{DISTRIBUTION}[local]'"
        print(
            f"local-lambda: {name} is not installed; the emulator needs it: {needed}",
            file=sys.stderr,
        )
        return 1
    return run()


if __name__ == "__main__":
    sys.exit(main())
