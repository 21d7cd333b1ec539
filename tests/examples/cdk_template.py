"""Synthesises the CDK version of the chat, and takes out of the template what changes by itself.

    .venv-cdk/bin/python tests/examples/cdk_template.py

writes it anew. `.venv-cdk` is an environment with examples/bedrock-chat/cdk/requirements.txt; CDK
needs Node, too. It takes 400 MB, so it is in no other environment, and CI does without.
"""

import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
STACK = ROOT / "examples/bedrock-chat/cdk/app.py"
TEMPLATE = Path(__file__).with_name("cdk") / "BedrockChat.template.json"
CONTEXT = {"aws:cdk:enable-asset-metadata": True, "aws:cdk:version-reporting": False}
# Folders in place of the copies that CDK makes of them.
FOLDERS = {"Code": "examples/bedrock-chat/app", "Content": "layers/streaming_runtime"}


def digest() -> str:
    """Returns what tells one version of the stack's code from another."""
    return hashlib.sha256(STACK.read_bytes()).hexdigest()


def synthesised(python: str) -> dict[str, Any]:
    """Returns the template, made by a Python that has CDK."""
    with tempfile.TemporaryDirectory() as out:
        environ = {**os.environ, "CDK_OUTDIR": out, "CDK_CONTEXT_JSON": json.dumps(CONTEXT)}
        command = [python, STACK.name]
        subprocess.run(command, cwd=STACK.parent, env=environ, check=True, capture_output=True)
        template = json.loads((Path(out) / "BedrockChat.template.json").read_text("utf-8"))
    return settled(template)


def settled(template: dict[str, Any]) -> dict[str, Any]:
    """Returns the template without hashes, and without what CDK adds for its own deployment."""
    text = re.sub(r"(ApiDeployment[0-9A-F]{8})[0-9a-f]{32}", r"\1", json.dumps(template))
    result: dict[str, Any] = json.loads(text)
    result.pop("Rules", None)
    result["Parameters"].pop("BootstrapVersion", None)
    for resource in result["Resources"].values():
        metadata = resource.get("Metadata", {})
        metadata.pop("aws:cdk:path", None)
        name = metadata.get("aws:asset:property")
        if name:
            resource["Properties"][name] = {"S3Bucket": "assets", "S3Key": f"{name}.zip"}
            metadata["aws:asset:path"] = f"../../../{FOLDERS[name]}"
    result["Metadata"] = {"MadeOf": digest()}
    return result


if __name__ == "__main__":
    TEMPLATE.parent.mkdir(exist_ok=True)
    TEMPLATE.write_text(json.dumps(synthesised(sys.executable), indent=1) + "\n", "utf-8")
