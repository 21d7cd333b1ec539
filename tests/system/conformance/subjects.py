"""Which servers does the kit ask, and with which options?

Each server of ours is started twice: once to be asked everything, and once with a short life and
few slots, for what a server with a long life and many slots cannot show in time.
"""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from tests.system.conformance import ours, servers

Start = Callable[[ExitStack], list["Run"]]
SERVICE = "this service"
LAYER = "the layer alone"
# Each of these needs a start of its own.
SHORT_LIVED = (
    "rotation",
    "rotation-resume",
    "clean-end",
    "whole-at-end",
    "limit",
    "limit-freed",
)
SERVICE_OPTIONS = ("--event", "new_item", "--key", "item_id")
HEARTBEAT_S = "15"
ROTATION_S = "14"
PATIENT = ("--timeout", "25", "--slow-seconds", "6", "--window", "6")


@dataclass(frozen=True)
class Run:
    """One call of the kit: a URL and options. `only` has the checks, or is None for all."""

    url: str
    options: tuple[str, ...]
    only: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Subject:
    """One column of the page. `start` starts the server for as long as the stack lives."""

    title: str
    versions: str
    is_ours: bool
    start: Start


def all_subjects() -> list[Subject]:
    """Returns ours first."""
    fronts = [Subject(f"{SERVICE}, {front}", "", True, _service(front)) for front in ours.STREAMS]
    layer = Subject(LAYER, "", True, _layer)
    peers = [Subject(each.title, each.versions, False, _peer(each)) for each in servers.ALL_PEERS]
    return [*fronts, layer, *peers]


def _service(front: str) -> Start:
    def start(stack: ExitStack) -> list[Run]:
        long = stack.enter_context(ours.service(ours.LONG_LIFE_S, ours.MANY))[front]
        asked = Run(long.url, (*_of_ours(long), *SERVICE_OPTIONS))
        if front == ours.WITH_TOKEN:  # by the same code as the stream of all
            return [asked]
        short = stack.enter_context(ours.service(ours.SHORT_LIFE_S, ours.FEW))[front]
        promised = ("--rotation", ROTATION_S, "--limit", ours.FEW)
        options = (*_of_ours(short), *SERVICE_OPTIONS, *promised)
        return [asked, Run(short.url, options, SHORT_LIVED)]

    return start


def _layer(stack: ExitStack) -> list[Run]:
    long = stack.enter_context(ours.layer_alone(ours.LAYER_LIFE_S))
    short = stack.enter_context(ours.layer_alone(ours.SHORT_LIFE_S))
    items = ("--event", "message")
    promised = ("--rotation", ROTATION_S)
    return [
        Run(long.url, (*_of_ours(long), *items)),
        Run(short.url, (*_of_ours(short), *items, *promised), SHORT_LIVED),
    ]


def _of_ours(stream: ours.Stream) -> tuple[str, ...]:
    asked = ["--emit-url", stream.emit_url, "--heartbeat", HEARTBEAT_S]
    asked += [*PATIENT, "--origin", ours.ORIGIN, "--foreign-origin", ours.FOREIGN_ORIGIN]
    if stream.auth_header:
        asked += ["--auth-header", stream.auth_header]
    return tuple(asked)


def _peer(peer: servers.Peer) -> Start:
    def start(stack: ExitStack) -> list[Run]:
        origin = stack.enter_context(servers.running(peer))
        options = ("--emit-url", f"{origin}/emit", "--event", "message")
        return [Run(f"{origin}/stream", options)]

    return start
