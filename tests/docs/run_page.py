"""Runs the Python of one page in a process of its own: it may replace modules, and set variables.

python -m tests.docs.run_page docs/sse.md, with `[[NAME, CODE], ...]` as standard input.
"""

import json
import re
import sys

from lambda_streaming.testing import call, function_url

from tests.docs import stubs

HANDLER = re.compile(r"^(async )?def handler|^handler =", re.MULTILINE)


def run(page: str, blocks: list[list[str]]) -> None:
    """Runs the blocks in their order, and calls each handler that one defines."""
    namespace = {"__name__": "a_page"}
    exec(stubs.BEFORE.get(page, ""), namespace)
    payloads = iter(stubs.PAYLOADS.get(page, []))
    for name, code in blocks:
        exec(compile(code, name, "exec"), namespace)
        if HANDLER.search(code):
            payload = next(payloads, function_url())
            reply = call(namespace["handler"], payload, raise_errors=True)
            assert (reply.status, bool(reply.pieces)) == (200, True), f"{name}: {reply}"


if __name__ == "__main__":
    run(sys.argv[1], json.load(sys.stdin))
