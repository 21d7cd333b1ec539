"""What must a conforming client make of these bytes? Plain data, for a parser in any language.

Each vector holds the whole body, the events dispatched, the last event ID, and the reconnection
time (None if it is not set). There are three sources:

- "html": the examples of https://html.spec.whatwg.org/multipage/server-sent-events.html
- "wpt": the cases of the same name in
  https://github.com/web-platform-tests/wpt/tree/master/eventsource
- "own": rules that neither of these shows
"""


def _event(data: str, type: str = "message", id: str = "") -> dict[str, str]:
    return {"type": type, "data": data, "id": id}


def _vector(
    source: str,
    name: str,
    body: bytes,
    *events: dict[str, str],
    last_event_id: str = "",
    retry_ms: int | None = None,
) -> dict:
    return {
        "source": source,
        "name": name,
        "bytes": body,
        "events": list(events),
        "last_event_id": last_event_id,
        "retry_ms": retry_ms,
    }


_EURO = "\u20ac".encode()
_BOM = "\ufeff".encode()

_HTML = [
    _vector(
        "html",
        "three messages",
        b"data: This is the first message.\n\n"
        b"data: This is the second message, it\ndata: has two lines.\n\n"
        b"data: This is the third message.\n\n",
        _event("This is the first message."),
        _event("This is the second message, it\nhas two lines."),
        _event("This is the third message."),
    ),
    _vector(
        "html",
        "event types",
        b"event: add\ndata: 73857293\n\nevent: remove\ndata: 2153\n\nevent: add\ndata: 113411\n\n",
        _event("73857293", "add"),
        _event("2153", "remove"),
        _event("113411", "add"),
    ),
    _vector("html", "stock ticker", b"data: YHOO\ndata: +2\ndata: 10\n\n", _event("YHOO\n+2\n10")),
    _vector(
        "html",
        "four blocks: comment, id, id cleared, one leading space kept; the last is not ended",
        b": test stream\n\ndata: first event\nid: 1\n\n"
        b"data:second event\nid\n\ndata:  third event\n",
        _event("first event", id="1"),
        _event("second event"),
    ),
    _vector(
        "html",
        "four blocks, ended",
        b": test stream\n\ndata: first event\nid: 1\n\n"
        b"data:second event\nid\n\ndata:  third event\n\n",
        _event("first event", id="1"),
        _event("second event"),
        _event(" third event"),
    ),
    _vector(
        "html",
        "empty data, then two empty lines, then not ended",
        b"data\n\ndata\ndata\n\ndata:",
        _event(""),
        _event("\n"),
    ),
    _vector(
        "html",
        "space after the colon",
        b"data:test\n\ndata: test\n\n",
        _event("test"),
        _event("test"),
    ),
]

_WPT = [
    _vector(
        "wpt",
        "format-bom",
        _BOM + b"data:1\n\n" + _BOM + b"data:2\n\ndata:3\n\n\n",
        _event("1"),
        _event("3"),
    ),
    _vector(
        "wpt",
        "format-bom-2",
        _BOM + _BOM + b"data:1\n\ndata:2\n\ndata:3\n\n\n",
        _event("2"),
        _event("3"),
    ),
    _vector(
        "wpt",
        "format-comments",
        b"data:1\r:\0\n:\r\ndata:2\n:"
        + b"x" * 100
        + b"\rdata:3\n:data:fail\r:"
        + b"x" * 100
        + b"\ndata:4\n\n",
        _event("1\n2\n3\n4"),
    ),
    _vector(
        "wpt",
        "format-data-before-final-empty-line",
        b"retry:1000\ndata:test1\n\nid:test\ndata:test2\n",
        _event("test1"),
        retry_ms=1000,
    ),
    _vector(
        "wpt",
        "format-field-data",
        b"data:\n\ndata\ndata\n\ndata:test\n\n\n",
        _event(""),
        _event("\n"),
        _event("test"),
    ),
    _vector(
        "wpt",
        "format-field-event",
        b"event:test\ndata:x\n\ndata:x\n\n\n",
        _event("x", "test"),
        _event("x"),
    ),
    _vector("wpt", "format-field-event-empty", b"event: \ndata:data\n\n\n", _event("data")),
    _vector(
        "wpt",
        "format-field-id",
        "id: \u2026\nretry: 200\ndata: hello\n\n".encode(),
        _event("hello", id="\u2026"),
        last_event_id="\u2026",
        retry_ms=200,
    ),
    _vector(
        "wpt",
        "format-field-id-3: persists",
        b"id: 1\ndata: 1\n\ndata: 2\n\n",
        _event("1", id="1"),
        _event("2", id="1"),
        last_event_id="1",
    ),
    _vector(
        "wpt",
        "format-field-id-3: changes and persists",
        b"id: 1\ndata: 1\n\nid: 2\ndata: 2\n\ndata: 3\n\n",
        _event("1", id="1"),
        _event("2", id="2"),
        _event("3", id="2"),
        last_event_id="2",
    ),
    _vector(
        "wpt",
        "format-field-id-3: resets",
        b"id: 1\ndata: 1\n\nid:\ndata: 2\n\ndata: 3\n\n",
        _event("1", id="1"),
        _event("2"),
        _event("3"),
    ),
    *[
        _vector(
            "wpt",
            f"format-field-id-null {value!r}",
            b"id: " + value + b"\ndata: hello\n\n",
            _event("hello"),
        )
        for value in (b"\0\0", b"x\0", b"\0x", b"x\0x", b" \0")
    ],
    _vector(
        "wpt",
        "format-field-parsing",
        b"data:\0\ndata:  2\rData:1\ndata\0:2\ndata:1\r\0data:4\n"
        b"da-ta:3\rdata_5\ndata:3\rdata:\r\n data:32\ndata:4\n\n",
        _event("\0\n 2\n1\n3\n\n4"),
    ),
    _vector("wpt", "format-field-retry", b"retry:03000\ndata:x\n\n\n", _event("x"), retry_ms=3000),
    _vector(
        "wpt",
        "format-field-retry-bogus",
        b"retry:3000\nretry:1000x\ndata:x\n\n\n",
        _event("x"),
        retry_ms=3000,
    ),
    _vector("wpt", "format-field-retry-empty", b"retry\ndata:test\n\n\n", _event("test")),
    _vector(
        "wpt",
        "format-field-unknown",
        b"data:test\n data\ndata\nfoobar:xxx\njustsometext\n:thisisacommentyay\ndata:test\n\n\n",
        _event("test\n\ntest"),
    ),
    _vector(
        "wpt",
        "format-leading-space",
        b"data:\ttest\rdata: \ndata:test\n\n\n",
        _event("\ttest\n\ntest"),
    ),
    _vector(
        "wpt", "format-newlines", b"data:test\r\ndata\ndata:test\r\n\r\n", _event("test\n\ntest")
    ),
    _vector("wpt", "format-null-character", b"data:\0\n\n\n\n\n", _event("\0")),
    _vector("wpt", "format-utf-8", "data:ok\u2026\n\n\n".encode(), _event("ok\u2026")),
    _vector(
        "wpt",
        "event-data",
        b"data:msg\ndata: msg\n\n:\nfalsefield:msg\n\n"
        b"falsefield:msg\nData:data\n\ndata\n\ndata:end\n\n",
        _event("msg\nmsg"),
        _event(""),
        _event("end"),
    ),
]

_OWN = [
    _vector("own", "nothing", b""),
    _vector("own", "a BOM alone", _BOM),
    _vector("own", "a BOM before a blank line", _BOM + b"\n\ndata: x\n\n", _event("x")),
    _vector("own", "a BOM cut short is no BOM", b"\xef\xbb\ndata: x\n\n", _event("x")),
    _vector("own", "a BOM inside a value is text", b"data: " + _BOM + b"x\n\n", _event("\ufeffx")),
    _vector(
        "own", "CR ends lines", b"data: a\rdata: b\r\rdata: c\r\r", _event("a\nb"), _event("c")
    ),
    _vector(
        "own",
        "CRLF ends lines",
        b"data: a\r\ndata: b\r\n\r\ndata: c\r\n\r\n",
        _event("a\nb"),
        _event("c"),
    ),
    _vector("own", "the last blank line may be a lone CR", b"data: a\n\r", _event("a")),
    _vector("own", "LF CR is two line ends", b"data: a\n\rdata: b\n\r", _event("a"), _event("b")),
    _vector(
        "own", "CR CRLF is two line ends", b"data: a\r\r\ndata: b\r\r\n", _event("a"), _event("b")
    ),
    _vector(
        "own",
        "no other character ends a line",
        "data: a\x0bb\x0cc\x1cd\x1de\x1ef\x85g\u2028h\u2029i\n\n".encode(),
        _event("a\x0bb\x0cc\x1cd\x1de\x1ef\x85g\u2028h\u2029i"),
    ),
    _vector("own", "a line not ended is discarded, its retry too", b"id: 1\nretry: 5"),
    _vector("own", "an event not ended is discarded, its id too", b"data: a\nid: 1\n"),
    _vector("own", "an id without data moves the last event ID", b"id: 7\n\n", last_event_id="7"),
    _vector(
        "own",
        "an id without data counts for later events",
        b"id: 7\n\ndata: x\n\n",
        _event("x", id="7"),
        last_event_id="7",
    ),
    _vector(
        "own", "an id counts only from its blank line on", b"id: 1\n\nid: 2\n", last_event_id="1"
    ),
    _vector(
        "own",
        "the last id of a block counts",
        b"id: 1\nid: 2\ndata: x\n\n",
        _event("x", id="2"),
        last_event_id="2",
    ),
    _vector(
        "own",
        "an id keeps further spaces",
        b"id:  a \ndata: x\n\n",
        _event("x", id=" a "),
        last_event_id=" a ",
    ),
    _vector(
        "own", "an event type without data is forgotten", b"event: lost\n\ndata: x\n\n", _event("x")
    ),
    _vector(
        "own",
        "the last event type of a block counts",
        b"event: a\nevent: b\ndata: x\n\n",
        _event("x", "b"),
    ),
    _vector(
        "own",
        "an empty event type resets an earlier one",
        b"event: a\nevent\ndata: x\n\n",
        _event("x"),
    ),
    _vector(
        "own",
        "a comment line does not end a block",
        b"event: a\n: hb\ndata: x\n\n",
        _event("x", "a"),
    ),
    _vector("own", "only the first colon separates", b"data: a: b:c\n\n", _event("a: b:c")),
    _vector(
        "own",
        "field names know case",
        b"DATA: x\nId: 1\nRETRY: 5\nEvent: e\ndata: y\n\n",
        _event("y"),
    ),
    _vector("own", "no space before the colon", b"data : x\ndata: y\n\n", _event("y")),
    _vector("own", "retry takes effect without a blank line", b"retry: 15\n", retry_ms=15),
    _vector(
        "own",
        "retry and a comment without a blank line",
        b"retry: 15\n: why\n",
        retry_ms=15,
    ),
    _vector(
        "own",
        "lone comment lines before a block",
        b":\n: why\n:\nretry: 15\nevent: e\ndata: x\nid: 1\n\n:\nevent: f\ndata: y\n\n:\n",
        _event("x", "e", "1"),
        _event("y", "f", "1"),
        last_event_id="1",
        retry_ms=15,
    ),
    _vector("own", "retry zero", b"retry: 0\n\n", retry_ms=0),
    *[
        _vector(
            "own",
            f"retry {value!r} is ignored",
            b"retry: 15\nretry:" + value + b"\n\n",
            retry_ms=15,
        )
        for value in (
            b"",
            b" ",
            b"-5",
            b"+5",
            b"5 ",
            b"  5",
            b"1.5",
            b"1e3",
            b"0x10",
            b"1_000",
            "\u0665".encode(),
        )
    ],
    _vector(
        "own",
        "UTF-8: an overlong form is two errors",
        b"data: \xc0\x80\n\n",
        _event("\ufffd\ufffd"),
    ),
    _vector(
        "own",
        "UTF-8: a surrogate is three errors",
        b"data: \xed\xa0\x80\n\n",
        _event("\ufffd\ufffd\ufffd"),
    ),
    _vector(
        "own", "UTF-8: a sequence cut by text is one", b"data: \xf0\x9f\x98x\n\n", _event("\ufffdx")
    ),
    _vector(
        "own",
        "UTF-8: a sequence cut by a line end is one",
        b"data: " + _EURO[:2] + b"\n\n",
        _event("\ufffd"),
    ),
    _vector(
        "own",
        "UTF-8: no sequence spans a line end",
        b"data: \xe2\ndata: \x82\xac\n\n",
        _event("\ufffd\n\ufffd\ufffd"),
    ),
    _vector(
        "own",
        "UTF-8: errors in event type and id",
        b"event: \xff\nid: \xff\ndata: x\n\n",
        _event("x", "\ufffd", "\ufffd"),
        last_event_id="\ufffd",
    ),
    _vector(
        "own",
        "UTF-8: a field name with an error is unknown",
        b"data\xff: x\n\xffdata: y\ndata: z\n\n",
        _event("z"),
    ),
    _vector(
        "own",
        "one to four bytes a character",
        "data: a\u00e9\u20ac\U0001f600\n\n".encode(),
        _event("a\u00e9\u20ac\U0001f600"),
    ),
]

VECTORS = [*_HTML, *_WPT, *_OWN]
