"""Defines probes, and tries all of them."""

import json
import secrets
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode

from verify_aws.fronts import FRONTS, Front, Stacks
from verify_aws.wire import Address, Connection, NotHttp, Reply, written

WITHIN_S = 20.0
# A new account may run ten functions at once, and a probe holds two at most.
AT_ONCE = 4


class Differs(Exception):
    """The assumption does not hold. The message says what was seen instead."""


class NotTried(Exception):
    """It could not be tried. The message says why."""


class Verdict(StrEnum):
    HOLDS = "holds"
    DIFFERS = "does not hold"
    NOT_TRIED = "not tried"


@dataclass(frozen=True)
class Result:
    """The outcome of one id on one front. `text`: what was seen instead, or why not tried."""

    id: str
    front: str
    verdict: Verdict
    text: str = ""


@dataclass(frozen=True)
class Target:
    """One front of what was deployed, as a probe reaches it. Times are in seconds."""

    key: str
    stacks: Stacks

    @property
    def front(self) -> Front:
        return FRONTS[self.key]

    @property
    def address(self) -> Address:
        return Address.parse(self.stacks.addresses[self.key])

    def connection(self) -> Connection:
        return Connection(self.address)

    def path(self, do: str = "", path: str | None = None, **query: object) -> str:
        """Returns the path of one of the probe function's actions, or of its echo."""
        asked = {"do": do, **query} if do else query
        found = self.front.path if path is None else path
        return f"{found}?{urlencode(asked)}" if asked else found

    def ask(
        self,
        path: str,
        method: str = "GET",
        headers: tuple[tuple[str, str], ...] = (),
        body: bytes = b"",
        within_s: float = WITHIN_S,
        until: Callable[[Reply], bool] = lambda _: False,
    ) -> Reply:
        """Sends one request on a connection of its own. Raises OSError and NotHttp."""
        with self.connection() as connection:
            connection.send(written(self.address, path, method, headers, body))
            return connection.read(within_s, method, until)

    def echo(
        self,
        method: str = "GET",
        headers: tuple[tuple[str, str], ...] = (),
        body: bytes = b"",
        path: str | None = None,
    ) -> dict[str, Any]:
        """Returns what the probe function shows. Raises Differs if it does not answer."""
        query = {"never": secrets.token_hex(4)}
        reply = self.ask(self.path(path=path, **query), method, headers, body)
        return shown(reply)


def shown(reply: Reply) -> dict[str, Any]:
    """Returns the JSON object in the body of a 200. Raises Differs."""
    expect(reply.status == 200, f"status {reply.status} instead of what the function shows")
    try:
        found = json.loads(reply.body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Differs("a body that the function did not send")
    return found


def expect(condition: object, seen: str) -> None:
    """Raises Differs unless the condition is true."""
    if not condition:
        raise Differs(seen)


@dataclass(frozen=True)
class Probe:
    """Tries one assumption on each of `fronts`.

    `run` returns if it holds; otherwise it raises Differs or NotTried. `alone`: nothing else may
    run beside it. `unlike_emulator`: the emulator is known to lack it, so it says nothing.
    """

    id: str
    fronts: tuple[str, ...]
    run: Callable[[Target], None]
    is_slow: bool = False
    alone: bool = False
    unlike_emulator: bool = False


PROBES: dict[str, Probe] = {}


def probe(
    identifier: str,
    *fronts: str,
    is_slow: bool = False,
    alone: bool = False,
    unlike_emulator: bool = False,
) -> Callable[[Callable[[Target], None]], Callable[[Target], None]]:
    """Registers a function as the probe of an id."""

    def register(run: Callable[[Target], None]) -> Callable[[Target], None]:
        if identifier in PROBES or not fronts or not set(fronts) <= set(FRONTS):
            raise ValueError(identifier)
        PROBES[identifier] = Probe(identifier, fronts, run, is_slow, alone, unlike_emulator)
        return run

    return register


def why_not(probe: Probe, front: str, stacks: Stacks, slow: bool) -> str:
    """Returns why a probe cannot be tried, or an empty text."""
    if front not in stacks.addresses:
        if not FRONTS[front].is_probe:
            return f"needs {'URL' if front == 'service-rest' else 'STREAM_URL'}"
        has_probe = "url" in stacks.addresses
        return f"the probe stack has no {FRONTS[front].title}" if has_probe else "needs PROBE"
    if probe.is_slow and not slow:
        return "takes long: SLOW=1"
    if probe.unlike_emulator and stacks.is_emulator:
        return "the emulator does not have it"
    return ""


def attempt(probe: Probe, front: str, stacks: Stacks, slow: bool = False) -> Result:
    """Tries one id on one front. Whatever a probe cannot understand does not hold."""
    if why := why_not(probe, front, stacks, slow):
        return Result(probe.id, front, Verdict.NOT_TRIED, why)
    try:
        probe.run(Target(front, stacks))
    except NotTried as error:
        return Result(probe.id, front, Verdict.NOT_TRIED, str(error))
    except Differs as error:
        return Result(probe.id, front, Verdict.DIFFERS, str(error))
    except TimeoutError:
        return Result(probe.id, front, Verdict.DIFFERS, "no response in time")
    except (OSError, NotHttp) as error:
        text = str(error) if isinstance(error, NotHttp) else f"broken: {type(error).__name__}"
        return Result(probe.id, front, Verdict.DIFFERS, f"the connection: {text}")
    except Exception as error:  # anything may come from outside, and one probe must not end all
        text = f"a response that is not understood: {type(error).__name__}"
        return Result(probe.id, front, Verdict.DIFFERS, text)
    return Result(probe.id, front, Verdict.HOLDS)


def try_all(
    probes: Iterable[Probe],
    stacks: Stacks,
    slow: bool = False,
    tell: Callable[[Result], None] = lambda _: None,
) -> list[Result]:
    """Tries each on each of its fronts. `tell` hears each result as soon as it is known."""
    pairs = [(each, front) for each in probes for front in each.fronts]
    results: dict[tuple[str, str], Result] = {}

    def keep(pair: tuple[Probe, str]) -> None:
        found = attempt(*pair, stacks, slow)
        results[pair[0].id, pair[1]] = found
        tell(found)

    with ThreadPoolExecutor(AT_ONCE) as executor:
        list(executor.map(keep, [pair for pair in pairs if not pair[0].alone]))
    for pair in pairs:
        if pair[0].alone:
            keep(pair)
    return [results[each.id, front] for each, front in pairs]
