"""`make sam-local`: the real `sam local start-api`, and beside it the emulator for what SAM lacks: a table that is
followed by its function, and demo items.

`sam local` runs functions in containers, and those do not reach this machine's loopback. So moto listens on the address
of the containers' bridge; where this machine has none (Docker Desktop), they know the machine by a name.
"""

import argparse
import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
from ipaddress import ip_network
from pathlib import Path

from local_lambda.client import Emulator, EmulatorFailed

_DOCKER_DESKTOP = "host.docker.internal"


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m local_lambda.sam_local", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--sam", default="sam", help="the SAM CLI")
    parser.add_argument("--template", default="template.yaml", help="for the emulator")
    parser.add_argument("--built", default=".aws-sam/build/template.yaml", help="for `sam local`")
    parser.add_argument("--port", type=int, default=3000)
    parser.add_argument("--demo", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("options", nargs="*", metavar="-- OPTION", help="of `sam local start-api`")
    arguments = parser.parse_args()
    if not shutil.which(arguments.sam) or not Path(arguments.built).is_file():
        sys.exit(
            f"sam_local: {arguments.sam} or {arguments.built} is missing; install aws-sam-cli, and `make build`"
        )
    # A shell that puts us into the background makes us, and our children, ignore SIGINT.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    bridge = bridge_address()
    emulated = [
        "--dynamodb-host",
        bridge or "127.0.0.1",
        "--demo" if arguments.demo else "--no-demo",
    ]
    try:
        with Emulator(arguments.template, *emulated, show_log=True) as emulator:
            port = emulator.dynamodb_url.rpartition(":")[2]
            print(f"dynamodb: {emulator.dynamodb_url}\ntable: {emulator.table}", flush=True)
            command = sam_command(arguments, f"http://{bridge or _DOCKER_DESKTOP}:{port}")
            return run(command)
    except EmulatorFailed as error:
        print(f"sam_local: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0


def run(command: list[str]) -> int:
    """In a session of its own: of one Ctrl-C it hears once, from here, or it would leave its containers behind."""
    process = subprocess.Popen(command, env=sam_environment(), start_new_session=True)
    try:
        return process.wait()
    except KeyboardInterrupt:
        process.send_signal(signal.SIGINT)
        process.wait()
        raise


def sam_command(arguments: argparse.Namespace, dynamodb_url: str) -> list[str]:
    """This machine's architecture, whatever the template's default is: another one would need an interpreter of it."""
    architecture = "arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64"
    overrides = [
        f"Architecture={architecture}",
        f"DynamoDbEndpoint={dynamodb_url}",
        "ClientConnections=100",
    ]
    command = [
        arguments.sam,
        "local",
        "start-api",
        "--template",
        arguments.built,
        "--port",
        str(arguments.port),
    ]
    command += ["--warm-containers", "LAZY", "--parameter-overrides", *overrides]
    return command + arguments.options


def sam_environment() -> dict[str, str]:
    """Without this shell's AWS account: SAM would ask for its identity and hand its keys to the functions."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {
        **kept,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "SAM_CLI_TELEMETRY": "0",
    }


def bridge_address() -> str | None:
    """Where containers reach this machine, if that is an address of its own: the first of the bridge's network."""
    docker = shutil.which("docker")
    if docker is None:
        return None
    query = [
        docker,
        "network",
        "inspect",
        "bridge",
        "--format",
        "{{range .IPAM.Config}}{{.Subnet}} {{end}}",
    ]
    found = subprocess.run(query, capture_output=True, text=True, check=False).stdout.split()
    networks = [ip_network(subnet) for subnet in found if ":" not in subnet]
    address = next((str(next(network.hosts())) for network in networks), "")
    return address if address and _is_ours(address) else None


def _is_ours(address: str) -> bool:
    try:
        socket.create_server((address, 0)).close()
    except OSError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
