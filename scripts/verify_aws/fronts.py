"""The fronts that are tried, and where their addresses come from."""

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

AWS_DOMAINS = (".on.aws", ".amazonaws.com", ".amazonaws.com.cn")


@dataclass(frozen=True)
class Front:
    """A front, as the pages name it. `path` is the probe function's, with an echo behind it."""

    title: str
    path: str = "/"
    is_probe: bool = True


FRONTS = {
    "service-rest": Front("service REST", is_probe=False),
    "service-url": Front("service URL", is_probe=False),
    "url": Front("URL"),
    "buffered-url": Front("buffered URL"),
    "rest": Front("REST", path="/stream"),
    "http-api": Front("HTTP API", path="/two"),
    "load-balancer": Front("load balancer"),
    "snapstart-url": Front("SnapStart URL"),
    "lambda": Front("Lambda"),
}
# Also an address of the probe stack, and no front of its own.
ONE_A_SECOND = "rest-one-a-second"
FUNCTION = "function"
# Names of the emulator's lines, and of the probe stack's outputs. The emulator does not print
# stages.
LINES = {
    "streaming_url": ("url", ""),
    "buffered_url": ("buffered-url", ""),
    "api_url": ("rest", "probe/"),
    "one_a_second_api_url": (ONE_A_SECOND, "probe/"),
    "web_api_url": ("http-api", "probe/"),
    "balancer_listener_url": ("load-balancer", ""),
    "snap_start_url": ("snapstart-url", ""),
    "lambda": ("lambda", ""),
}
OUTPUTS = {
    "Streaming": "url",
    "Buffered": "buffered-url",
    "Api": "rest",
    "OneASecondApi": ONE_A_SECOND,
    "WebApi": "http-api",
    "Balancer": "load-balancer",
    "SnapStart": "snapstart-url",
    "FunctionName": FUNCTION,
}
SERVICE_OUTPUTS = {"DashboardUrl": "service-rest", "StreamUrl": "service-url"}


class Unusable(Exception):
    """The options lead nowhere. The message says why, in one line."""


@dataclass(frozen=True)
class Stacks:
    """Everything that was deployed. `addresses` are by front; `client` makes clients of boto3."""

    addresses: Mapping[str, str]
    region: str
    is_emulator: bool
    client: Callable[..., Any] | None = None
    function: str = "StreamingFunction"
    notes: list[str] = field(default_factory=list)


def is_on_aws(url: str, by_stack: bool = False) -> bool:
    """Whether an address is one of AWS.

    `by_stack`: a stack was named, so that any other domain is one of somebody's own in front of it.
    """
    host = (urlsplit(url).hostname or "").rstrip(".")
    return host.endswith(AWS_DOMAINS) or (by_stack and not _is_of_this_machine(host))


def _is_of_this_machine(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    return address.is_loopback or address.is_unspecified


def of_emulator(text: str) -> dict[str, str]:
    """Returns the addresses in the lines that `local-lambda` prints. Raises Unusable."""
    pairs = (line.partition(": ") for line in text.splitlines())
    lines = {name: url.strip() for name, _, url in pairs if url.strip()}
    found = {
        front: lines[name] + suffix for name, (front, suffix) in LINES.items() if name in lines
    }
    if "url" not in found:
        raise Unusable("PROBE: the file has no line `streaming_url: http://...`")
    return found


def of_outputs(outputs: Mapping[str, str], names: Mapping[str, str]) -> dict[str, str]:
    return {front: outputs[name] for name, front in names.items() if name in outputs}


def stack_outputs(cloudformation: Any, stack: str) -> dict[str, str]:
    """Returns a stack's outputs by name. Raises what the client does."""
    described = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
    return {each["OutputKey"]: each["OutputValue"] for each in described.get("Outputs", ())}


def of_probe(probe: str, outputs: Callable[[str], Mapping[str, str]]) -> dict[str, str]:
    """Returns the probe's addresses: of a file, or of a stack. Raises Unusable."""
    path = Path(probe)
    if path.is_file():
        return of_emulator(path.read_text("utf-8", "replace"))
    found = of_outputs(outputs(probe), OUTPUTS)
    if "url" not in found:
        raise Unusable(f"PROBE: {probe} is neither a file nor a stack of the probe's template")
    return found
