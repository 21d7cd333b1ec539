"""Makes random requests and random responses. The same number makes the same pair, everywhere."""

import functools
import random
import string
from dataclasses import dataclass
from urllib.parse import quote

METHODS = (
    "GET",
    "GET",
    "HEAD",
    "POST",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "OPTIONS",
    "PURGE",
    "X-1",
)
SEGMENTS = ("", "a", "items", "%2F", "%2e%2e", ".", "..", "a;b=c", "$&'()*+,;=:@", "%00", "%FF%fe")
QUERIES = ("", "a", "a=", "a=1&a=2&a", "a=%26&b=+", "?", "a==b", "%FF", "&&", "a[]=1", "q=%C3%A9&;")
TOKENS = string.ascii_letters + string.digits + "-_.!#$%&'*+^`|~"
VISIBLE = "".join(map(chr, range(0x21, 0x7F))) + "\xe9\xff\xa0" + " \t"
TYPES = ("text/plain", "application/json; charset=utf-8", "application/octet-stream", "image/png")
STATUSES = (200, 200, 200, 201, 202, 204, 206, 304, 302, 400, 404, 418, 429, 500, 503, 599)
# Headers that mean something to a server or a front, and so are made on purpose or not at all.
RESERVED = {
    "connection",
    "content-encoding",
    "content-length",
    "cookie",
    "date",
    "expect",
    "host",
    "keep-alive",
    "server",
    "set-cookie",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-number",
}
ENDINGS = (
    *["whole"] * 12,
    "raises at once",
    "raises after the start",
    "raises after the pieces",
    "returns at once",
    "returns after the start",
    "returns after the pieces",
    "longer than it said",
    "shorter than it said",
    "two starts",
    "a body first",
    "a message more",
)


@dataclass
class Wanted:
    """A response as the application is to send it. `ending` is one of ENDINGS."""

    status: int
    headers: list
    pieces: list
    ending: str
    reads: bool


@dataclass
class Asked:
    method: str
    target: str
    headers: list
    body: bytes


@functools.lru_cache(maxsize=100)
def pair(number):
    chance = random.Random(number)
    return _asked(chance, number), _wanted(chance)


def _asked(chance, number):
    method = chance.choice(METHODS)
    headers = [*_headers(chance, ["content-type", "accept", "range", "origin", "x-forwarded-host"])]
    headers += [
        ("cookie", f"{_token(chance)}={_token(chance)}")
        for _ in range(chance.choice((0, 0, 0, 1, 2)))
    ]
    headers.append(("x-number", str(number)))
    body = b""
    if method not in ("GET", "HEAD") or chance.random() < 0.05:
        body = _bytes(chance)
    return Asked(method, _target(chance), headers, body)


def _target(chance):
    segments = []
    for _ in range(chance.randrange(5)):
        segment = chance.choice(SEGMENTS)
        if chance.random() < 0.4:
            segment = quote("".join(chance.choices("abé☃ /?#%+~", k=chance.randrange(6))), safe="+")
        segments.append(segment)
    query = chance.choice(QUERIES)
    if chance.random() < 0.3:
        query = quote("".join(chance.choices("a=&é+/ ?", k=chance.randrange(12))), safe="=&+/?")
    mark = "?" if query or chance.random() < 0.1 else ""
    return "/" + "/".join(segments) + mark + query


def _wanted(chance):
    headers = [*_headers(chance, ["content-type", "cache-control", "location", "vary", "etag"])]
    headers += [
        ("set-cookie", f"{_token(chance)}={_token(chance)}; Path=/; HttpOnly")
        for _ in range(chance.choice((0, 0, 0, 1, 2)))
    ]
    status = chance.choice(STATUSES)
    pieces = [_bytes(chance) for _ in range(chance.choice((0, 1, 1, 2, 3, 9)))]
    ending = chance.choice(ENDINGS)
    length = sum(map(len, pieces))
    if ending == "longer than it said" and length:
        headers.append(("content-length", str(chance.randrange(length))))
    elif ending == "shorter than it said":
        headers.append(("content-length", str(length + chance.randrange(1, 9))))
    elif chance.random() < 0.4:
        headers.append(("content-length", str(length)))
    return Wanted(status, headers, pieces, ending, reads=chance.random() < 0.9)


def _headers(chance, known):
    for _ in range(chance.randrange(5)):
        name = chance.choice(known)
        if chance.random() < 0.4:
            name = _token(chance)
        if name.lower() in RESERVED:
            continue
        value = chance.choice(TYPES)
        if chance.random() < 0.6:
            value = "".join(chance.choices(VISIBLE, k=chance.randrange(20))).strip(" \t\xa0")
        for _ in range(chance.choice((1, 1, 1, 2))):
            yield name, value


def _token(chance):
    return "".join(chance.choices(TOKENS, k=chance.randrange(1, 12)))


def _bytes(chance):
    size = chance.choice((0, 1, 5, 40, 40, 300, 5_000))
    if chance.random() < 0.5:
        return chance.randbytes(size)
    return "".join(chance.choices("plain text, é☃\n", k=size)).encode()
