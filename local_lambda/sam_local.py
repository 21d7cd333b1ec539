"""`make sam-local`: runs the real `sam local start-api` with a table of the emulator.

SAM has no table, no event source mapping and no demo items; the emulator runs them.
`sam local` runs functions in containers, which do not reach this machine's loopback interface.
Therefore moto listens on the address of the containers' bridge network. On a machine without such
an address (Docker Desktop) the containers reach the machine by name.
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
        prog="python -m local_lambda.sam_local",
        description="The real `sam local start-api` with a table of the emulator.",
    )
    parser.add_argument("--sam", default="sam", help="the SAM CLI")
    parser.add_argument("--template", default="template.yaml", help="template for the emulator")
    parser.add_argument(
        "--built", default=".aws-sam/build/template.yaml", help="template for `sam local`"
    )
    parser.add_argument("--port", type=int, default=3000)
    parser.add_argument("--demo", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument(
        "options", nargs="*", metavar="-- OPTION", help="further options of `sam local start-api`"
    )
    arguments = parser.parse_args()
    if not shutil.which(arguments.sam) or not Path(arguments.built).is_file():
        sys.exit(
            f"sam_local: {arguments.sam} or {arguments.built} is missing;"
            " install aws-sam-cli and run `make build`"
        )
    # A shell that starts a program in the background makes it and its children ignore SIGINT.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    bridge = bridge_address()
    options = ["--dynamodb-host", bridge or "127.0.0.1"]
    options.append("--demo" if arguments.demo else "--no-demo")
    try:
        with Emulator(arguments.template, *options, show_log=True) as emulator:
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
    """Runs the command in its own session, so that one Ctrl-C reaches it exactly once.

    A second SIGINT would make SAM leave its containers behind.
    """
    process = subprocess.Popen(command, env=sam_environment(), start_new_session=True)
    try:
        return process.wait()
    except KeyboardInterrupt:
        process.send_signal(signal.SIGINT)
        process.wait()
        raise


def sam_command(arguments: argparse.Namespace, dynamodb_url: str) -> list[str]:
    """Returns the SAM command for this machine's architecture.

    Functions for another architecture would need an emulated processor.
    """
    architecture = "arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64"
    overrides = [
        f"Architecture={architecture}",
        f"DynamoDbEndpoint={dynamodb_url}",
        "ClientConnections=100",
    ]
    command = [arguments.sam, "local", "start-api"]
    command += ["--template", arguments.built]
    command += ["--port", str(arguments.port)]
    command += ["--warm-containers", "LAZY"]
    command += ["--parameter-overrides", *overrides]
    return command + arguments.options


def sam_environment() -> dict[str, str]:
    """Returns this shell's variables without those of an AWS account.

    SAM would request the account's identity and pass its keys to the functions.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {
        **kept,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "SAM_CLI_TELEMETRY": "0",
    }


def bridge_address() -> str | None:
    """Returns the first address of the bridge network, if this machine has it.

    Containers reach this machine there.
    """
    docker = shutil.which("docker")
    if docker is None:
        return None
    query = [docker, "network", "inspect", "bridge"]
    query += ["--format", "{{range .IPAM.Config}}{{.Subnet}} {{end}}"]
    found = subprocess.run(query, capture_output=True, text=True, check=False).stdout.split()
    networks = [ip_network(subnet) for subnet in found if ":" not in subnet]
    address = next((str(next(network.hosts())) for network in networks), "")
    return address if address and _is_address_of_this_machine(address) else None


def _is_address_of_this_machine(address: str) -> bool:
    try:
        socket.create_server((address, 0)).close()
    except OSError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
