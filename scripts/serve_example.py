"""Serves one of the examples on this machine, or copies it (examples/README.md).

    python scripts/serve_example.py NAME [--host ADDRESS] [--port N]
    python scripts/serve_example.py NAME --copy FOLDER [--layer ARN]

An example may have a `companion.py`, a program that its function needs on this machine, such as a
model. It runs as long as the example does: it prints a line `NAME=VALUE` for each variable that the
function gets, then `ready`, and ends with SIGTERM.
"""

import argparse
import contextlib
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NoReturn

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "examples"
RUNTIME = ROOT / "layers/streaming_runtime"
REFERENCE = "!Ref StreamingRuntimeLayer"
LAYER = re.compile(r"\n  StreamingRuntimeLayer:\n(?: {4}.*\n)+")
CONTENT = "ContentUri: ../../layers/streaming_runtime\n"
API = "REST API"
FUNCTION_URL = "Function URL"
# READMEs show these addresses, which `local-lambda` takes by itself.
USUAL = {API: "http://127.0.0.1:8000/", FUNCTION_URL: "http://127.0.0.1:8001/"}
NOT_COPIED = shutil.ignore_patterns(".*", "__pycache__", "node_modules", "cdk.out")


class Refused(Exception):
    """Raised when nothing was done; the message says why, and what helps."""


def names() -> list[str]:
    return sorted(path.parent.name for path in EXAMPLES.glob("*/template.yaml"))


def folder_of(name: str) -> Path:
    """Returns an example's folder. Raises Refused for a name that there is not."""
    if name not in names():
        known = "\n".join(f"    make example NAME={each}" for each in names())
        problem = f"There is no example {name!r}." if name else "Which example?"
        raise Refused(f"{problem} There are:\n{known}")
    return EXAMPLES / name


# --- serve


def commands(folder: Path) -> list[str]:
    """Returns the curl commands of an example's README, each as one line.

    A command goes on in lines that are indented further.
    """
    text = (folder / "README.md").read_text("utf-8")
    found = re.findall(r"^ {4}(curl .*(?:\n {5,}.*)*)$", text, re.MULTILINE)
    return [re.sub(r"\s*\\?\n\s+", " ", command) for command in found]


def with_addresses(command: str, addresses: dict[str, str]) -> str:
    """Replaces the usual addresses in a command by the ones that were given out."""
    found = fronts(addresses)
    for front, usual in USUAL.items():
        command = command.replace(usual, found.get(front, usual))
    return command


def fronts(addresses: dict[str, str]) -> dict[str, str]:
    """Returns the addresses of an example's fronts, as the emulator printed them."""
    api = addresses.get("dashboard", "")
    urls = [url for name, url in addresses.items() if name.endswith("_url") and url != api]
    found = {API: api, FUNCTION_URL: urls[0] if urls else ""}
    return {front: url for front, url in found.items() if url}


@contextlib.contextmanager
def running(command: list[str], folder: Path) -> Iterator[IO[str]]:
    """Runs a program as long as the block lasts, and yields what it prints."""
    # In a session of its own, so that Ctrl-C reaches this script alone, and ends all in order.
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout is not None
    try:
        yield process.stdout
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        process.wait()


def said_until_ready(program: str, output: IO[str]) -> list[str]:
    """Returns the lines before `ready`. Raises Refused if the program ends without it."""
    lines: list[str] = []
    for line in output:
        if line.strip() == "ready":
            return lines
        lines.append(line.strip())
    raise Refused(f"{program} ended before it was ready; what it wrote stands above.")


@contextlib.contextmanager
def pass_env_options(folder: Path, python: str = sys.executable) -> Iterator[list[str]]:
    """Runs an example's companion, if it has one, and yields the emulator's options for it.

    Raises Refused if the companion does not start.
    """
    if not (folder / "companion.py").is_file():
        yield []
        return
    with running([python, "-u", "companion.py"], folder) as output:
        options: list[str] = []
        for line in said_until_ready("companion.py", output):
            options += ["--pass-env", line]
        yield options


def serve(name: str, host: str, port: int) -> None:
    """Serves an example until SIGINT or SIGTERM. Raises Refused."""
    folder = folder_of(name)
    command = [sys.executable, "-m", "local_lambda", "--template", str(folder / "template.yaml")]
    command += ["--host", host, "--port", str(port), "--reload"]
    with contextlib.ExitStack() as stack:
        command += stack.enter_context(pass_env_options(folder))
        output = stack.enter_context(running(command, ROOT))
        lines = said_until_ready("local-lambda", output)
        addresses = dict(line.split(": ", 1) for line in lines if ": " in line)
        print(welcome(folder, addresses), flush=True)
        for line in output:
            print(line, end="", flush=True)


def welcome(folder: Path, addresses: dict[str, str]) -> str:
    lines = [f"\n{folder.name} is served; Ctrl-C ends it.\n"]
    lines += [f"    {front}: {url}" for front, url in fronts(addresses).items()]
    network = {url for name, url in addresses.items() if name.endswith("_lan")}
    lines += [f"    in the network: {url}" for url in sorted(network)]
    lines.append(f"    what happens inside: {addresses.get('admin', '')}")
    tries = [with_addresses(command, addresses) for command in commands(folder)]
    lines += ["\nTry:\n", *(f"    {each}" for each in tries)]
    return "\n".join([*lines, ""])


# --- copy


def copied(name: str, target: Path, layer: str) -> None:
    """Copies an example as a project of its own: with the layer, or with a layer's ARN.

    Raises Refused, and OSError.
    """
    folder = folder_of(name)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise Refused(f"{target} is there already. Name a folder that is not.")
    shutil.copytree(folder, target, ignore=NOT_COPIED, dirs_exist_ok=True)
    template = target / "template.yaml"
    text = template.read_text("utf-8")
    if layer:
        text = LAYER.sub("\n", text).replace(REFERENCE, layer)
    else:
        shutil.copytree(RUNTIME, target / "streaming_runtime", ignore=NOT_COPIED)
        text = text.replace(CONTENT, "ContentUri: streaming_runtime\n")
    template.write_text(text.rstrip() + "\n", "utf-8")
    print(f"{target}: a copy of {name}, ready for `sam build` and `local-lambda`")


def interrupted(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("name", nargs="?", default="", help="the example's folder")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=8000, help="port of the REST API")
    parser.add_argument("--copy", type=Path, help="copy the example into this folder")
    parser.add_argument("--layer", default="", help="with --copy: the ARN of a published layer")
    arguments = parser.parse_args()
    # A shell that starts a program in the background makes it ignore SIGINT.
    for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, interrupted)
    try:
        if arguments.copy:
            copied(arguments.name, arguments.copy.expanduser(), arguments.layer)
        else:
            serve(arguments.name, arguments.host, arguments.port)
    except (Refused, OSError) as error:
        print(f"make: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:  # the way to end it
        print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
