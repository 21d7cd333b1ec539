"""Translates templates with SAM, and lints them."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any


def translate(sam: str, template: Path) -> dict[str, Any]:
    """Returns the CloudFormation template that SAM makes, functions and conditions unresolved."""
    command = [
        Path(sam).resolve().with_name("python"),
        Path(__file__).with_name("translate.py"),
        template,
    ]
    environ = {**os.environ, "AWS_DEFAULT_REGION": "us-east-1"}
    ended = subprocess.run(command, env=environ, stdout=subprocess.PIPE, check=True)
    return json.loads(ended.stdout)


def lint(sam: str, *templates: Path) -> subprocess.CompletedProcess[str]:
    """Runs the linter of `sam validate --lint` for all of them at once: starting it takes longest.

    Its output is empty and its return code 0 if it finds nothing.
    """
    linter = Path(sam).resolve().with_name("cfn-lint")
    return subprocess.run(
        [linter, "--regions", "us-east-1", "--", *templates],
        capture_output=True,
        text=True,
        check=False,
    )
