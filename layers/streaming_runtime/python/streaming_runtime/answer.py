"""From what a handler returned to bytes: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html. Pure."""

import json
import re
from binascii import a2b_base64, b2a_base64
from collections import namedtuple
from importlib import import_module

CONTENT_TYPE = "application/vnd.awslambda.http-integration-response"
PRELUDE_LIMIT_BYTES = 16_000  # "the first 16 KB", says API Gateway, and not whether that is 16,000 or 16,384
ERROR_TYPE = "Lambda-Runtime-Function-Error-Type"
ERROR_BODY = "Lambda-Runtime-Function-Error-Body"
# Undocumented: a trailer block over 4,096 bytes destroys the answer. With this much JSON it stays under 4,000.
TRAILER_ERROR_LIMIT_BYTES = 2_790
# Lambda does the framing, and it undoes compression (with errors behind CloudFront), so that is undone here.
DECODERS = {"gzip": "gzip", "deflate": "zlib"}  # of whole bodies, in these modules
FORBIDDEN = {"connection", "content-encoding", "content-length", "keep-alive", "trailer", "transfer-encoding"}
Front = namedtuple("Front", "payload_format method streams")


def front_of(payload):
    """The Front whose HTTP request `payload` is; None when it is no such request."""
    context = payload.get("requestContext") if isinstance(payload, dict) else None
    if not isinstance(context, dict):
        return None
    if isinstance(http := context.get("http"), dict):  # an HTTP API has the payload of a Function URL, and buffers
        return Front("2.0", http.get("method"), ".execute-api." not in str(context.get("domainName")))
    if "httpMethod" not in payload:
        return None  # "version" is what an HTTP API adds to format 1.0
    return Front("1.0", payload["httpMethod"], "elb" not in context and "version" not in payload)


def prelude_fields(result, front):
    """`statusCode, headers, multiValueHeaders | cookies` for `front`. Raises ValueError for what is no HTTP head."""
    status = result["statusCode"]
    if isinstance(status, bool) or not re.fullmatch("[1-5][0-9][0-9]", str(status)):
        raise ValueError(f"statusCode must be a number from 100 to 599, not {status!r}")
    headers = {}
    for name, value in _headers(result):
        values = headers.setdefault(name.lower(), (name, []))[1]
        values += [] if value in values else [value]
    cookies = [_clean("cookies", cookie) for cookie in result.get("cookies") or []]
    cookies += headers.pop("set-cookie", ("", []))[1]
    headers = {name: values for key, (name, values) in headers.items() if key not in FORBIDDEN}
    fields = {"statusCode": int(status), "headers": {name: ", ".join(values) for name, values in headers.items()}}
    if front.payload_format == "2.0":
        return {**fields, "cookies": cookies} if cookies else fields
    several = {name: values for name, values in headers.items() if len(values) > 1}
    fields["headers"] = {name: text for name, text in fields["headers"].items() if name not in several}
    several |= {"Set-Cookie": cookies} if cookies else {}
    return {**fields, "multiValueHeaders": several} if several else fields


def as_text(content):
    """`body` and `isBase64Encoded` of a buffered answer."""
    try:
        return {"body": content.decode(), "isBase64Encoded": False}
    except UnicodeDecodeError:
        return {"body": b2a_base64(content, newline=False).decode(), "isBase64Encoded": True}


class Pieces:
    """The body of `result` as an iterable of `bytes`. Closing it closes what the handler returned."""

    def __init__(self, result, decode=True):
        self._result, self._decode = result, decode
        self._things = [result.get("body")]

    def __iter__(self):
        body = self._things[0]
        if isinstance(body, str) and self._result.get("isBase64Encoded"):
            body = a2b_base64(body, strict_mode=True)
        if isinstance(body, dict) or not (body is None or hasattr(body, "__iter__")):
            raise TypeError(f"body must be str, bytes or an iterator of them, not {type(body).__name__}")
        whole = body is None or isinstance(body, (str, bytes, bytearray, memoryview))
        encodings = {value.lower() for name, value in _headers(self._result) if name.lower() == "content-encoding"}
        for encoding in encodings - {"", "identity"} if self._decode else ():
            if not whole or encoding not in DECODERS:
                raise ValueError(f"cannot undo the Content-Encoding {encoding} of this body; leave it uncompressed")
            body = body and import_module(DECODERS[encoding]).decompress(body)
        source = iter([body or b""] if whole else body)
        self._things.insert(0, source)
        for piece in source:
            if not isinstance(piece, (str, bytes, bytearray, memoryview)):
                raise TypeError(f"a body yields bytes or str, not {type(piece).__name__}")
            yield piece.encode() if isinstance(piece, str) else bytes(piece)

    def close(self):
        things, self._things = self._things, ()
        for thing in things:
            if hasattr(thing, "close"):
                thing.close()


def _headers(result):
    for group in ("multiValueHeaders", "headers"):
        for name, value in (result.get(group) or {}).items():
            for one in value if isinstance(value, (list, tuple)) else [value]:
                yield _clean("header names", name), _clean(name, "" if one is None else one)


def _clean(name, value):
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if re.search(r"[\x00-\x08\x0a-\x1f\x7f]", text):
        raise ValueError(f"{name}: no line ends or control characters, please: {text[:100]!r}")
    return text


def prelude(fields):
    """`fields` (`statusCode, headers, multiValueHeaders, cookies`) as JSON, and the delimiter. ValueError: too long."""
    text = json.dumps(fields, separators=(",", ":")).encode() + bytes(8)
    if len(text) > PRELUDE_LIMIT_BYTES:
        raise ValueError(f"status, headers and cookies take {len(text)} bytes; Lambda accepts {PRELUDE_LIMIT_BYTES}")
    return text


def chunk(data):
    """`data` as one chunk; never call it with nothing, an empty chunk ends the body."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def last_chunk(error_type=None, error_json=b""):
    """The end of the body; with error trailers (at most TRAILER_ERROR_LIMIT_BYTES of JSON) when there is a type."""
    if error_type is None:
        return b"0\r\n\r\n"
    error_body = b2a_base64(error_json, newline=False).decode()
    return f"0\r\n{ERROR_TYPE}: {error_type}\r\n{ERROR_BODY}: {error_body}\r\n\r\n".encode()
