"""What SAM makes of a template, and the architecture of this machine in its words."""

import json
import os
import platform
import subprocess
from pathlib import Path

ARCHITECTURE = {"aarch64": "arm64", "arm64": "arm64"}.get(platform.machine(), "x86_64")


def translate(sam, template):
    """The CloudFormation template that SAM makes of one, functions and conditions still in it."""
    command = [
        Path(sam).resolve().with_name("python"),
        Path(__file__).with_name("translate.py"),
        template,
    ]
    environ = {**os.environ, "AWS_DEFAULT_REGION": "us-east-1"}
    return json.loads(
        subprocess.run(command, env=environ, stdout=subprocess.PIPE, check=True).stdout
    )
