"""Probes of streams: pieces, ends, clients that leave or do not read."""

import json
import secrets
import threading
import time
from itertools import pairwise

from verify_aws.trying import WITHIN_S, Differs, NotTried, Target, expect, probe
from verify_aws.wire import Connection, Ending, Reply, written

# Pieces that are made 0.4 s apart arrive so far apart at least.
APART_S = 0.15
PIECES_TRIES = 3
ENDS_WITHIN_S = 5.0
PAUSE_S = 6.0
LEFT_WITHIN_S = 15.0
SILENCE_S = 70.0
FLOOD_PIECE_BYTES = 65_536


def arrivals(reply: Reply) -> list[float]:
    """Returns when each line of a body had arrived, in seconds."""
    return [at_s for at_s, data in reply.pieces for _ in range(data.count(b"\n"))]


@probe("pieces-are-not-held", "url", "rest")
def piecewise(target: Target) -> None:
    # A busy network may join two pieces once; a front that holds them does it every time.
    held = 4
    for _ in range(PIECES_TRIES):
        held = min(held, _held(target))
        if held == 0:
            return
    raise Differs(f"{held} of 4 pieces arrive with the one before")


def _held(target: Target) -> int:
    """Returns how many of the pieces arrive with the one before."""
    times = arrivals(target.ask(target.path("pieces")))
    expect(len(times) == 5, f"{len(times)} pieces")
    return sum(later - sooner < APART_S for sooner, later in pairwise(times))


@probe("first-event-while-open", "service-rest", "service-url")
def first_event(target: Target) -> None:
    path = "/api/v2/stream"
    reply = target.ask(path, within_s=10, until=lambda reply: b"\n\n" in reply.body)
    expect(reply.status == 200, f"status {reply.status}")
    expect(b"\n\n" in reply.body, "no event within 10 s")
    expect(reply.ending is Ending.OPEN, "the stream has ended with it")


@probe("error-trailers-end-cleanly", "url", "rest")
def clean_end(target: Target) -> None:
    reply = target.ask(target.path("fail"))
    expect(reply.ending is Ending.WHOLE, f"the body is {reply.ending}")
    expect(reply.body == b"one\ntwo\n", f"{len(reply.body)} bytes arrive instead of 8")


@probe("crashed-stream-is-cut", "url", "rest")
def crash(target: Target) -> None:
    is_cut(target.ask(target.path("crash")))


def is_cut(reply: Reply) -> None:
    expect(reply.ending is Ending.CUT, f"the body is {reply.ending}, with status {reply.status}")


@probe("trailers-over-4-kib", "url")
def long_trailers(target: Target) -> None:
    short = target.ask(target.path("trailers", bytes=2_000))
    expect(short.ending is Ending.WHOLE, f"with 2,000 bytes the body is {short.ending} already")
    is_cut(target.ask(target.path("trailers", bytes=8_000)))


@probe("reset-response-is-cut", "url")
def reset(target: Target) -> None:
    is_cut(target.ask(target.path("reset"), within_s=10))
    target.echo()


@probe("unread-stream-blocks", "url", alone=True)
def unread(target: Target) -> None:
    with target.connection() as connection:
        connection.send(written(target.address, target.path("flood")))
        time.sleep(PAUSE_S)
        reply = connection.read(within_s=60)
    body = reply.body
    starts = range(0, len(body) - FLOOD_PIECE_BYTES + 1, FLOOD_PIECE_BYTES)
    made = [float(body[at : at + 20]) for at in starts]
    expect(len(made) > 1, f"{len(body)} bytes arrive")
    pause_s = max(later - sooner for sooner, later in pairwise(made))
    expect(pause_s > PAUSE_S / 2, f"the longest pause of the function is {pause_s:.1f} s")


@probe("leaving-is-not-told", "url", alone=True)
def leaving(target: Target) -> None:
    key = secrets.token_hex(8)
    target.ask(target.path("leave", key=key), until=lambda reply: bool(reply.body))
    made = eventually_left(target, key)
    expect(made == 30, f"the body ends after {made} of 30 pieces")


def eventually_left(target: Target, key: str) -> int:
    """Returns how many pieces were made. Raises NotTried if that environment does not answer."""
    end = time.monotonic() + LEFT_WITHIN_S
    while time.monotonic() < end:
        found = json.loads(target.ask(target.path("left", key=key)).body)
        if found is not None:
            return int(found)
        threading.Event().wait(0.5)
    raise NotTried("the environment that streamed did not serve the next requests")


def ends(target: Target, path: str, method: str, status: int) -> None:
    """A response without a body comes in time, and nothing of it stands before the next one."""
    with target.connection() as connection:
        connection.send(written(target.address, path, method))
        reply = connection.read(WITHIN_S, method)
        expect(reply.status == status, f"status {reply.status}")
        expect(reply.duration_s < ENDS_WITHIN_S, f"it takes {reply.duration_s:.0f} s")
        follows(connection, target)


def follows(connection: Connection, target: Target) -> None:
    """The connection serves the next request, unless the server closes it."""
    path = target.path() if target.front.is_probe else "/health"
    connection.send(written(target.address, path))
    try:
        reply = connection.read(WITHIN_S)
    except EOFError:
        return
    # The service's Function URL has no such path, and says so: 404.
    expect(reply.status in (200, 404), f"the next response has status {reply.status}")


@probe("head-of-stream-ends", "url", "rest", "service-url")
def head(target: Target) -> None:
    path = target.path("plain") if target.front.is_probe else "/api/v2/stream"
    ends(target, path, "HEAD", status=200)


@probe("status-204-ends", "url", "rest")
def no_content(target: Target) -> None:
    ends(target, target.path("status", code=204), "GET", status=204)


@probe("status-304-ends", "url", "rest")
def not_modified(target: Target) -> None:
    ends(target, target.path("status", code=304), "GET", status=304)


@probe("prelude-of-16000-bytes", "url", "rest")
def long_prelude(target: Target) -> None:
    reply = target.ask(target.path("long-head"))
    expect(reply.status == 200, f"status {reply.status}")
    arrived = [reply.value(f"x-long-{number}") for number in range(4)]
    expect(arrived == ["x" * 3_900] * 4, "not all of its headers arrive")


@probe("compressed-stream-is-undone", "url", unlike_emulator=True)
def compressed(target: Target) -> None:
    reply = target.ask(target.path("gzip"), headers=(("Accept-Encoding", "gzip"),))
    expect(not reply.value("content-encoding"), "Content-Encoding arrives")
    expect(reply.body == b"compressed", f"{len(reply.body)} bytes of something else")


@probe("silence-of-70-s", "url", "rest", is_slow=True)
def silence(target: Target) -> None:
    path = target.path("silence", seconds=SILENCE_S)
    reply = target.ask(path, within_s=SILENCE_S + WITHIN_S)
    expect(reply.body == b"before\nafter\n", f"it is {reply.ending} after {reply.duration_s:.0f} s")


@probe("no-http-2", "service-url")
def http_2(target: Target) -> None:
    if not target.address.is_tls:
        raise NotTried("needs an address with https")
    with Connection(target.address, protocols=("h2", "http/1.1")) as connection:
        expect(connection.protocol != "h2", "it chooses HTTP/2")
