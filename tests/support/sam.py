"""Translates a template with SAM."""

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
