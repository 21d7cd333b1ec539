"""A target of the page: its parser of event streams, in Node, beside the one in Python."""

import base64
import json
import subprocess
from collections.abc import Iterator

from event_stream import Decoder

from tests.fuzz.event_targets import stream_of
from tests.fuzz.source import Source
from tests.fuzz.target import Check, Registry
from tests.support.paths import ROOT
from tests.support.tools import node

TARGETS = Registry()
PARSER = ROOT / "functions/api/api_function/static/event_stream.js"


@TARGETS.target(
    "page_parser",
    "Any bytes, in any pieces, to the page's parser: it throws nothing, and has the events, the "
    "last event id and the reconnection time that the decoder in Python has",
)
def page_parser() -> Iterator[Check]:
    command = [node(), "--no-warnings", str(ROOT / "tests/fuzz/parser.mjs"), str(PARSER)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None

        def check(data: bytes) -> None:
            source = Source(data)
            pieces = source.cuts(stream_of(source))
            sent = json.dumps([base64.b64encode(piece).decode() for piece in pieces])
            process.stdin.write(sent.encode() + b"\n")
            process.stdin.flush()
            said = json.loads(process.stdout.readline())
            decoder = Decoder(last_event_id="before")
            events = [list(event) for piece in pieces for event in decoder.feed(piece)]
            assert said == [events, decoder.last_event_id, decoder.retry_ms], pieces

        yield check
        process.stdin.close()
