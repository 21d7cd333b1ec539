"""Tries on a deployed stack what the documentation assumes about AWS: docs/assumptions.md.

    PYTHONPATH=scripts python -m verify_aws --url URL --stream-url URL --probe STACK

The exit code is 0 if all that was tried holds, 1 if something does not, and 2 if the options are
wrong or nothing answers.
"""

import argparse
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

from verify_aws import page
from verify_aws.assumptions import PAGE, ROOT, parse
from verify_aws.fronts import (
    FUNCTION,
    SERVICE_OUTPUTS,
    Stacks,
    Unusable,
    is_on_aws,
    of_outputs,
    of_probe,
    stack_outputs,
)
from verify_aws.probes import PROBES
from verify_aws.trying import Probe, Result, Verdict, try_all
from verify_aws.wire import Address, Connection

VERIFIED = ROOT / "docs/verified.md"
VERSION = ROOT / "layers/streaming_runtime/python/streaming_runtime/version.py"
REGION_IN_HOST = re.compile(r"\.(?:lambda-url|execute-api)\.([a-z0-9-]+)\.")
UNKNOWN = "unknown"
NOT_YET = "the run ended before"


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Says what is wrong in one line."""
        print(f"verify: {message}", file=sys.stderr)
        sys.exit(2)


def parser() -> argparse.ArgumentParser:
    found = Parser(prog="verify_aws", description=__doc__.partition("\n")[0])
    found.add_argument("--url", default="", help="the service's REST API, with its stage")
    found.add_argument("--stream-url", default="", help="the service's Function URL")
    found.add_argument("--stack", default="", help="the service's stack, for both addresses")
    found.add_argument("--probe", default="", help="the probe stack, or a file with addresses")
    found.add_argument("--region", default="", help="the Region of the stacks")
    found.add_argument("--slow", action="store_true", help="try what takes long, too")
    found.add_argument("--ids", default="", help="only these, separated by commas; no page")
    found.add_argument("--page", type=Path, help="where the page is written")
    return found


def asked_probes(ids: str) -> list[Probe]:
    """Returns the probes of these ids, or all of them. Raises Unusable."""
    names = [name.strip() for name in ids.split(",") if name.strip()]
    unknown = [name for name in names if name not in PROBES]
    if unknown:
        raise Unusable(f"IDS: no probe for {', '.join(unknown)}; see docs/assumptions.md")
    return [PROBES[name] for name in names] or list(PROBES.values())


def clients(region: str) -> Callable[..., Any]:
    """Returns what makes clients of boto3. Raises Unusable without boto3 or without a Region."""
    try:
        import boto3
    except ImportError:
        raise Unusable("boto3 is missing: run `make verify`, which installs it") from None
    session = boto3.Session(region_name=region or None)
    if not session.region_name:
        raise Unusable("REGION is needed: the AWS profile has none")

    def client(service: str, **options: str) -> Any:
        return session.client(service, **options)

    return client


def outputs_of(region: str) -> Callable[[str], dict[str, str]]:
    """Returns what reads a stack's outputs, and raises Unusable."""

    def outputs(stack: str) -> dict[str, str]:
        client = clients(region)("cloudformation")
        try:
            return stack_outputs(client, stack)
        except Exception as error:  # boto3's are many: credentials, network, no such stack
            told = page.without_secrets(str(error))
            raise Unusable(f"the stack {stack} cannot be read: {told}") from error

    return outputs


def emulated_client(endpoint: str) -> Callable[..., Any]:
    """Returns what makes clients for the emulator's API of Lambda."""
    secrets = {"aws_access_key_id": "none", "aws_secret_access_key": "none"}
    make = clients("us-east-1")
    return lambda service: make(service, endpoint_url=endpoint, **secrets)


def deployed(arguments: argparse.Namespace) -> Stacks:
    """Returns what the options name. Raises Unusable."""
    outputs = outputs_of(arguments.region)
    addresses: dict[str, str] = {}
    if arguments.stack:
        addresses |= of_outputs(outputs(arguments.stack), SERVICE_OUTPUTS)
    for option, front in (("url", "service-rest"), ("stream_url", "service-url")):
        if url := getattr(arguments, option):
            addresses[front] = url
    if arguments.probe:
        addresses |= of_probe(arguments.probe, outputs)
    if not addresses:
        raise Unusable("nothing to try: name URL, STREAM_URL, STACK or PROBE")
    function = addresses.pop(FUNCTION, "StreamingFunction")
    by_stack = bool(arguments.stack) or _names_a_stack(arguments.probe)
    is_emulator = not _all_on_aws(addresses, by_stack)
    client = None
    if is_emulator and "lambda" in addresses:
        client = emulated_client(addresses["lambda"])
    elif "url" in addresses:
        client = clients(arguments.region)
        addresses["lambda"] = "https://lambda"
    return Stacks(addresses, _region(arguments.region, addresses), is_emulator, client, function)


def _names_a_stack(probe: str) -> bool:
    return bool(probe) and not Path(probe).is_file()


def _all_on_aws(addresses: dict[str, str], by_stack: bool) -> bool:
    """Whether the addresses are of AWS; all others count as the emulator's.

    Raises Unusable for a mixture.
    """
    try:
        on_aws = {is_on_aws(url, by_stack) for url in addresses.values()}
    except ValueError as error:
        raise Unusable(f"an address is none: {error}") from None
    if len(on_aws) > 1:
        raise Unusable("some addresses are of AWS and some are not: verify one at a time")
    return on_aws.pop()


def _region(region: str, addresses: dict[str, str]) -> str:
    found = (REGION_IN_HOST.search(url) for url in addresses.values())
    return region or next((match[1] for match in found if match), UNKNOWN)


def check_reachable(stacks: Stacks) -> None:
    """Raises Unusable for an address where nothing answers."""
    for front, url in stacks.addresses.items():
        if front == "lambda":
            continue
        try:
            Connection(Address.parse(url)).__exit__()
        except ValueError as error:
            raise Unusable(str(error)) from None
        except OSError as error:
            raise Unusable(f"{front}: nothing answers at {url} ({error})") from None


def page_path(
    arguments: argparse.Namespace, stacks: Stacks, verified: Path = VERIFIED
) -> Path | None:
    """Returns where the page goes; None if only some ids are tried.

    Raises Unusable for a place where it cannot be written, and where it would replace a page about
    AWS that is worth more.
    """
    path: Path | None = arguments.page
    if path is None and not arguments.ids:
        is_worse = stacks.is_emulator and verified.is_file()
        if is_worse and page.is_of_aws(verified.read_text("utf-8")):
            raise Unusable("docs/verified.md is of a run on AWS: name another PAGE for this one")
        path = verified
    if path and not _can_be_written(path):
        raise Unusable(f"PAGE: {path} cannot be written")
    return path


def _can_be_written(path: Path) -> bool:
    if path.exists():
        return not path.is_dir() and os.access(path, os.W_OK)
    return path.parent.is_dir() and os.access(path.parent, os.W_OK)


def commit() -> str:
    """Returns the commit of this clone, and whether something is changed."""
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--exclude", "*"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return UNKNOWN
    return said.strip()


def run_of(stacks: Stacks) -> page.Run:
    version = re.search(r'__version__ = "([^"]+)"', VERSION.read_text("utf-8"))
    return page.Run(
        date=datetime.now(UTC).strftime("%Y-%m-%d"),
        region="" if stacks.is_emulator else stacks.region,
        commit=commit(),
        version=version[1] if version else UNKNOWN,
        addresses=stacks.addresses,
    )


def told(result: Result) -> str:
    text = f": {page.without_secrets(result.text)}" if result.text else ""
    return f"{result.verdict.value:<13} {result.id} ({result.front}){text}"


class Progress:
    """Prints each result, and writes the page anew with it: a run that is ended leaves its page.

    The page is replaced as a whole, so that one which is killed does not leave half of it.
    """

    def __init__(self, probes: list[Probe], path: Path | None, run: page.Run) -> None:
        self._path = path
        self._run = run
        self._assumptions = parse(PAGE.read_text("utf-8"))
        self._lock = threading.Lock()
        self._results = {
            (each.id, front): Result(each.id, front, Verdict.NOT_TRIED, NOT_YET)
            for each in probes
            for front in each.fronts
        }
        self._write()

    def tell(self, result: Result) -> None:
        """Raises OSError if the page cannot be written any more."""
        with self._lock:
            self._results[result.id, result.front] = result
            print(told(result), flush=True)
            self._write()

    def _write(self) -> None:
        if self._path:
            results = list(self._results.values())
            text = page.written(self._run, self._assumptions, results)
            _replace(self._path, text)


def _replace(path: Path, text: str) -> None:
    """Writes a file as a whole or not at all.

    What is no file, like a terminal, is written as it is, and so is a file in a read-only folder.
    """
    target = path.resolve()  # a link stays one
    if not os.access(target.parent, os.W_OK) or (target.exists() and not target.is_file()):
        target.write_text(text, "utf-8")
        return
    following = target.with_name(f".{target.name}.new")
    following.write_text(text, "utf-8")
    following.replace(target)


def verify(arguments: argparse.Namespace) -> int:
    """Tries, writes the page, and returns the exit code. Raises Unusable."""
    probes = asked_probes(arguments.ids)
    stacks = deployed(arguments)
    path = page_path(arguments, stacks)
    check_reachable(stacks)
    progress = Progress(probes, path, run_of(stacks))
    results = try_all(probes, stacks, arguments.slow, tell=progress.tell)
    print(page.summary(results))
    if path:
        print(f"{path} is written.")
    if stacks.is_emulator:
        print("No address is one of AWS: nothing was verified on AWS.")
    return int(any(result.verdict is Verdict.DIFFERS for result in results))


def main(argv: list[str] | None = None) -> int:
    try:
        return verify(parser().parse_args(argv))
    except (Unusable, OSError) as error:
        print(f"verify: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
