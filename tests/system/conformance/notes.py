"""Says what happened where a server failed a check, in sentences that somebody has verified.

The page has these sentences rather than the kit's evidence, which holds random ids and times. Where
nobody has looked yet, it has the evidence without them.
"""

import re

SAYS_NO_RETRY = "no `retry` is sent; each client waits as long as it likes."
ONE_RETRY = (
    "every connection gets the same `retry`, 2000 ms, so that all clients come back at once."
)
NO_HISTORY = (
    "ids are sent, but the library keeps no history: after `Last-Event-ID` nothing of what was "
    "missed comes, and nothing says so."
)
NO_IDS = "events have no ids, so a client cannot say where it was."
NO_ACCEL = "`X-Accel-Buffering` is not sent; an nginx that buffers holds the events back."
SILENT = "nothing is sent between events; the connection is silent for as long as there is none."
HEAD_405 = "HEAD gets 405, GET 200."
HEAD_HANGS = "HEAD gets no response: Node sends the head with the body's end, which never comes."
HEAD_LIKE_GET = "HEAD gets no response, GET 200."
HEADER_ALONE = "a position in the query is ignored; only the header counts."

NOTES: dict[tuple[str, str], str] = {
    ("FastAPI", "empty-messages"): "the heartbeat `: ping` ends in an empty line.",
    ("FastAPI", "retry"): SAYS_NO_RETRY,
    ("FastAPI", "resume-query"): HEADER_ALONE,
    ("FastAPI", "odd-ids"): (
        "an id that is no number gets 422, after which an `EventSource` does not come back: the "
        "header is declared as `int | None`, as in the tutorial."
    ),
    ("FastAPI", "head-status"): HEAD_405,
    ("sse-starlette", "empty-messages"): "the heartbeat `: ping` ends in an empty line.",
    ("sse-starlette", "retry"): SAYS_NO_RETRY,
    ("sse-starlette", "resume"): NO_HISTORY,
    ("Litestar", "ids-present"): NO_IDS,
    ("Litestar", "retry"): SAYS_NO_RETRY,
    ("Litestar", "heartbeat"): SILENT,
    ("Litestar", "head-status"): HEAD_405,
    ("better-sse", "empty-messages"): (
        "the opening `retry`, and each heartbeat, stands in a block of its own."
    ),
    ("better-sse", "retry-varies"): ONE_RETRY,
    ("better-sse", "resume"): NO_HISTORY,
    ("better-sse", "head"): HEAD_HANGS,
    ("better-sse", "head-status"): HEAD_LIKE_GET,
    ("@fastify/sse", "empty-messages"): "the heartbeat `: heartbeat` ends in an empty line.",
    ("@fastify/sse", "retry"): SAYS_NO_RETRY,
    ("@fastify/sse", "resume-query"): HEADER_ALONE,
    ("@fastify/sse", "head"): HEAD_HANGS,
    ("@fastify/sse", "head-status"): HEAD_LIKE_GET,
    ("Hono", "accel-buffering"): NO_ACCEL,
    ("Hono", "retry"): SAYS_NO_RETRY,
    ("Hono", "heartbeat"): SILENT,
    ("Hono", "resume"): NO_HISTORY,
    ("sse-channel", "accel-buffering"): NO_ACCEL,
    ("sse-channel", "empty-messages"): "the opening comment `:ok` ends in an empty line.",
    ("sse-channel", "retry-varies"): ONE_RETRY,
    ("sse-channel", "resume-query"): (
        "`?lastEventId=` is understood, `?last_event_id=` is ignored."
    ),
    ("sse-channel", "head"): HEAD_HANGS,
    ("sse-channel", "head-status"): HEAD_LIKE_GET,
    ("Node alone", "accel-buffering"): NO_ACCEL,
    ("Node alone", "ids-present"): NO_IDS,
    ("Node alone", "retry"): SAYS_NO_RETRY,
    ("Node alone", "heartbeat"): SILENT,
    (
        "Node alone",
        "head",
    ): "the response to HEAD never ends, so its connection cannot be used again.",
}

# Why a check of ours was not tried.
NO_CREDENTIAL = "it needs no credential"
ONE_START = "tried on the other streams, by the same code"
NO_LIMIT = "the layer has no limit of its own"
CREDENTIALS = ("auth-required", "auth-garbage", "auth-echo", "auth-url")
LIMITS = ("limit", "limit-freed")
ENDS = ("rotation", "rotation-resume", "clean-end", "whole-at-end")
NOT_TRIED: dict[str, dict[str, tuple[str, ...]]] = {
    "this service, Function URL": {NO_CREDENTIAL: CREDENTIALS},
    "this service, REST API": {NO_CREDENTIAL: CREDENTIALS},
    "this service, a configuration's stream": {ONE_START: (*ENDS, *LIMITS)},
    "the layer alone": {NO_CREDENTIAL: CREDENTIALS, NO_LIMIT: LIMITS},
}


# Not compared with the page for other servers: these depend on how busy the machine is.
NOT_COMPARED = {
    "first-byte": "it is a time, and the machine may be busy",
    "heartbeat": "it is a time between comments, and the kit waits for few of them",
    "slow-reader": "it compares the silence of two clients, which a busy machine lengthens",
    "reconnects": "it depends on which connection an item meets",
    "retry-varies": "a number is drawn, and two may be alike",
}


def reason_not_tried(column: str, check: str) -> str:
    """Returns the listed reason, or an empty text."""
    for reason, checks in NOT_TRIED.get(column, {}).items():
        if check in checks:
            return reason
    return ""


THE_KIT_SAYS = "the kit says:"
_RANDOM = re.compile(r"(?<![\w-])(?=[\w-]*\d)[\w-]{8,}(?![\w-])")
_NUMBER = re.compile(r"(?<![\w.])\d{4,}(?![\w])")
_TIME = re.compile(r"\b\d+(?:\.\d+)? (?=m?s\b)")
_ESCAPED = {"|": "/", "`": "'", "<": "&lt;", "[": "(", "]": ")", "*": "\\*", "_": "\\_"}
_LONGEST_WORD = 60


def said_by_kit(evidence: str) -> str:
    """Returns evidence for the page: without random ids, times, and what Markdown understands."""
    text = _RANDOM.sub("...", evidence)
    text = _NUMBER.sub("...", _TIME.sub("some ", text))
    text = "".join(_ESCAPED.get(each, each if each.isprintable() else " ") for each in text)
    words = [each if len(each) <= _LONGEST_WORD else "..." for each in text.split()]
    return f"{THE_KIT_SAYS} {' '.join(words) or 'nothing'}."
