"""Tests what may be a body, and how its base64 and its compression are undone, piece by piece."""

import base64
import contextlib
import gzip
import io
import itertools
import json
import random
import subprocess
import sys
import tarfile
import tempfile
import warnings
import zipfile
import zlib

import pytest
import requests
from botocore.response import StreamingBody
from hypothesis import given
from hypothesis import strategies as st
from streaming_runtime.body import BLOCK_BYTES, Pieces
from urllib3 import HTTPResponse

from tests.streaming_runtime.handlers import first_then_fine
from tests.support.fake_runtime_api import api_request, url_request

NOISE = random.Random(1).randbytes(1_000_000)
TEXT = "zwölf Zeilen\n" * 40_000


def returning(result):
    return lambda event, context: result


def body_of(serve, body, **more):
    """Returns the pieces that a Function URL's client gets."""
    (post,) = serve(returning({"statusCode": 200, "body": body, **more}), url_request())
    assert post.complete
    assert post.kind == "response", post.error
    return post.pieces[1:]


# --- files


def binary_file(data):
    file = tempfile.TemporaryFile()  # noqa: SIM115  (the runtime closes it)
    file.write(data)
    file.seek(0)
    return file


def text_file(text):
    file = tempfile.TemporaryFile("w+", encoding="utf-16")  # noqa: SIM115  (the runtime closes it)
    file.write(text)
    file.seek(0)
    return file


def spooled(data):
    file = tempfile.SpooledTemporaryFile(max_size=100)  # noqa: SIM115  (the runtime closes it)
    file.write(data)
    file.seek(0)
    return file


def in_zip(data):
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w") as archive:
        archive.writestr("a", data)
    return zipfile.ZipFile(stored).open("a")


def in_tar(data):
    stored = io.BytesIO()
    with tarfile.open(fileobj=stored, mode="w") as archive:
        info = tarfile.TarInfo("a")
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
    stored.seek(0)
    return tarfile.open(fileobj=stored).extractfile("a")


def requests_response(data):
    response = requests.Response()
    response.raw = HTTPResponse(io.BytesIO(data), preload_content=False)
    return response


class OnlyRead:
    """Has the least that a file can have."""

    def __init__(self, data):
        self._data = data

    def read(self, size):
        block = self._data[:size]
        self._data = self._data[size:]
        return block


FILES = {
    "BytesIO": io.BytesIO,
    "file": binary_file,
    "file without a buffer": lambda data: binary_file(data).detach(),
    "file in memory until it is large": spooled,
    "zip": in_zip,
    "tar": in_tar,
    "gzip": lambda data: gzip.GzipFile(fileobj=io.BytesIO(gzip.compress(data, 1))),
    "botocore": lambda data: StreamingBody(io.BytesIO(data), len(data)),
    "urllib3": lambda data: HTTPResponse(io.BytesIO(data), preload_content=False),
    "requests": requests_response,
    "read alone": OnlyRead,
}


@pytest.mark.parametrize("kind", FILES)
def test_a_file_is_read_in_blocks_whatever_is_in_it(serve, kind):
    pieces = body_of(serve, FILES[kind](NOISE))

    assert b"".join(pieces) == NOISE
    assert max(map(len, pieces)) <= BLOCK_BYTES
    assert len(pieces) < 200  # by lines it were 4,000


@pytest.mark.parametrize("kind", [text_file, io.StringIO])
def test_a_file_of_text_is_sent_as_utf_8(serve, kind):
    pieces = body_of(serve, kind(TEXT))

    assert b"".join(pieces).decode() == TEXT
    assert len(pieces) < 20


def test_a_file_is_read_from_where_it_stands(serve):
    file = io.BytesIO(b"abcdef")
    file.seek(2)

    assert body_of(serve, file) == [b"cdef"]


@pytest.mark.parametrize("text", [False, True])
def test_what_a_pipe_gives_is_sent_as_it_comes(text):
    program = "import sys\nfor line in sys.stdin: print(line, end='', flush=True)"
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=text,
    )
    pieces = Pieces(process.stdout)
    with process, pieces:
        for number, piece in enumerate(asking(process.stdin, pieces, text)):
            assert bytes(piece) == b"line %d\n" % number
            if number == 2:
                break
        process.stdin.close()


def asking(stdin, pieces, text):
    """Yields the pieces, and writes a line before it asks for each."""
    pieces = iter(pieces)
    number = 0
    while True:
        line = f"line {number}\n"
        stdin.write(line if text else line.encode())
        stdin.flush()
        yield next(pieces)
        number += 1


# --- context managers


class Managed:
    def __init__(self, pieces, kept):
        self._pieces = pieces
        self._kept = kept

    def __enter__(self):
        self._kept.append("entered")
        return self._pieces

    def __exit__(self, kind, *_):
        self._kept.append(kind)


def test_a_context_manager_is_entered_for_its_pieces_and_exited_after_them(serve):
    kept = []

    assert body_of(serve, Managed(iter([b"a", b"b"]), kept)) == [b"a", b"b"]
    assert kept == ["entered", None]


def test_a_context_manager_around_a_file_works_too(serve):
    assert body_of(serve, Managed(io.BytesIO(NOISE), []))[0] == NOISE[:BLOCK_BYTES]


def test_a_context_manager_sees_how_its_pieces_ended(serve):
    kept = []

    def fails():
        yield b"half"
        raise LookupError("no such thing")

    def endless():
        while True:
            yield b"x"

    bodies = [Managed(endless(), kept), Managed(fails(), kept)]
    bad, late = serve(
        lambda event, context: {"statusCode": 200, "body": bodies.pop()},
        url_request(),
        {**url_request(), "timeout_ms": 300},
    )

    assert kept == ["entered", LookupError, "entered", GeneratorExit]
    assert bad.content == b"half"
    assert late.trailers["lambda-runtime-function-error-type"] == "Runtime.DeadlineExceeded"


def test_a_context_manager_that_nobody_reads_is_not_entered(serve):
    kept = []
    (post,) = serve(
        returning({"statusCode": 200, "body": Managed([b"a"], kept)}), url_request("HEAD")
    )

    assert post.content == b""
    assert kept == []


# --- read before its time


def ended_generator():
    generator = (piece for piece in [b"a"])
    list(generator)
    return generator


def closed_file():
    file = io.BytesIO(b"abc")
    file.close()
    return file


def file_at_its_end():
    file = io.BytesIO()
    file.write(b"abc")
    return file


def read_streaming_body():
    body = StreamingBody(io.BytesIO(b"abc"), 3)
    body.read()
    return body


async def one():
    yield b"a"


def ended_async_generator():
    generator = one()

    async def read():
        return [piece async for piece in generator]

    with contextlib.suppress(StopIteration):
        read().send(None)
    return generator


READ = [
    ended_generator,
    closed_file,
    file_at_its_end,
    read_streaming_body,
    ended_async_generator,
]


@pytest.mark.parametrize("read", READ, ids=lambda read: read.__name__)
@pytest.mark.parametrize("request_of", [url_request, api_request, lambda: {"body": b"1"}])
def test_a_body_that_was_read_before_its_first_pull_is_an_error_and_never_an_empty_200(
    serve, read, request_of
):
    bad, good = serve(
        first_then_fine(lambda: {"statusCode": 200, "body": read()}), request_of(), url_request()
    )

    assert bad.error["errorType"] == "Runtime.BodyAlreadyRead"
    assert "around the handler" in bad.error["errorMessage"]
    assert good.content == b"fine"


def test_the_same_holds_for_a_bare_generator_and_for_buffered_fronts(serve):
    elb = {"httpMethod": "GET", "requestContext": {"elb": {}}}
    posts = serve(
        lambda event, context: ended_generator() if not event else {"body": ended_generator()},
        {"body": b"{}"},
        {"body": json.dumps(elb).encode()},
    )

    assert {post.error["errorType"] for post in posts} == {"Runtime.BodyAlreadyRead"}


def test_a_generator_that_was_merely_primed_and_an_empty_one_are_no_error(serve):
    primed = (piece for piece in [b"first", b"second"])
    next(primed)

    assert body_of(serve, primed) == [b"second"]
    assert body_of(serve, (piece for piece in [])) == [b"\n"]
    assert body_of(serve, io.BytesIO()) == [b"\n"]


# --- base64

PNG = b"\x89PNG\r\n\x1a\n" + NOISE[:300]


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview, bytes.decode])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.encodebytes])
@pytest.mark.parametrize("request_of", [url_request, api_request])
def test_base64_of_any_type_with_line_ends_or_without_becomes_the_image(
    serve, kind, encode, request_of
):
    result = {"statusCode": 200, "isBase64Encoded": True, "body": kind(encode(PNG))}
    (post,) = serve(returning(result), request_of())

    assert post.content == PNG


@given(data=st.binary(max_size=200), cuts=st.lists(st.integers(0, 300), max_size=6))
def test_base64_may_be_cut_anywhere(data, cuts):
    encoded = base64.encodebytes(data)
    pieces = cut(encoded, cuts)

    assert b"".join(Pieces(iter(pieces), is_base64=True)) == data
    assert b"".join(Pieces(encoded, is_base64=True)) == data


def cut(data, cuts):
    places = [0, *sorted(min(each, len(data)) for each in cuts), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(places)]


@pytest.mark.parametrize(
    "body",
    ["no base64!", "YQ", "YQ=", "YQ==YQ==", "_-8=", "Ä", b"\xff\xff\xff\xff", ["YQ==", "YQ=="]],
)
def test_what_is_no_base64_is_an_error_that_names_the_field_and_the_handler(serve, body):
    result = {"statusCode": 200, "isBase64Encoded": True, "body": body}
    (post,) = serve(returning(result), url_request(), environ={"_HANDLER": "app.handler"})

    told = base64.b64decode(post.trailers[BODY]) if post.trailers else post.body
    message = json.loads(told)["errorMessage"]
    assert message.startswith("app.handler: isBase64Encoded is true, and the body is no base64: ")
    assert (post.kind == "error") == (not isinstance(body, list))


BODY = "lambda-runtime-function-error-body"


# --- compression


def raw_deflate(data):
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(data) + compressor.flush()


COMPRESS = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "GZIP": gzip.compress,
    "gzip of members": lambda data: gzip.compress(data[:9]) + gzip.compress(data[9:]) + bytes(5),
    "deflate": zlib.compress,
    "deflate without a header": raw_deflate,
}


@given(
    data=st.binary(max_size=500) | st.binary(max_size=50).map(lambda data: data * 100_000),
    cuts=st.lists(st.integers(0, 600), max_size=6),
    kind=st.sampled_from([*COMPRESS]),
)
def test_compression_may_be_cut_anywhere(data, cuts, kind):
    compressed = COMPRESS[kind](data)
    name = kind.partition(" ")[0].lower()

    whole = Pieces(compressed, compressions=[name])
    pieces = [*Pieces(iter(cut(compressed, cuts)), compressions=[name])]
    assert b"".join(whole) == b"".join(pieces) == data
    assert max(map(len, pieces), default=0) <= 1 << 20


@given(
    data=st.binary(min_size=1, max_size=100),
    kept=st.floats(0, 0.99),
    kind=st.sampled_from(["gzip", "deflate"]),
)
def test_compression_that_is_cut_short_is_an_error(data, kept, kind):
    compressed = COMPRESS[kind](data)
    short = compressed[: max(1, int(len(compressed) * kept))]

    for body in (short, iter([short])):
        with pytest.raises(ValueError, match="Content-Encoding"):
            b"".join(Pieces(body, compressions=[kind]))


@pytest.mark.parametrize("iterate", [False, True])
def test_what_follows_the_end_of_deflate_is_left_out(iterate):
    compressed = [zlib.compress(b"plain"), b"more", b"", b"and more"]
    body = iter(compressed) if iterate else b"".join(compressed)

    assert b"".join(Pieces(body, compressions=["deflate"])) == b"plain"


@pytest.mark.parametrize("iterate", [False, True])
def test_what_follows_the_end_of_gzip_and_is_no_member_is_an_error(iterate):
    compressed = [gzip.compress(b"plain"), b"more"]
    body = iter(compressed) if iterate else b"".join(compressed)

    with pytest.raises(ValueError, match="Content-Encoding gzip"):
        b"".join(Pieces(body, compressions=["gzip"]))


@pytest.mark.parametrize("kind", ["gzip", "deflate"])
def test_each_piece_that_a_compressing_middleware_flushes_arrives_when_it_was_yielded(kind):
    """As Starlette's and Flask's middleware write it: one stream, flushed for each piece."""
    yielded = []

    def body():
        compressor = zlib.compressobj(wbits=31 if kind == "gzip" else 15)
        for number in range(5):
            yielded.append(b"data: %d\n\n" % number)
            yield compressor.compress(yielded[-1]) + compressor.flush(zlib.Z_SYNC_FLUSH)
        yield compressor.flush()

    seen = b""
    for piece in Pieces(body(), compressions=[kind]):
        seen += piece
        assert seen == b"".join(yielded)
    assert len(yielded) == 5


def test_an_iterator_in_gzip_is_streamed_uncompressed(serve):
    def body():
        buffer = io.BytesIO()
        with gzip.GzipFile(fileobj=buffer, mode="wb") as file:
            for word in (b"one ", b"two ", b"three"):
                file.write(word)
                file.flush()
                yield buffer.getvalue()
                buffer.seek(0)
                buffer.truncate()
        yield buffer.getvalue()

    headers = {"Content-Encoding": "gzip", "Content-Type": "text/plain", "Vary": "Accept-Encoding"}
    (post,) = serve(
        returning({"statusCode": 200, "headers": headers, "body": body()}), url_request()
    )

    assert post.pieces[1:] == [b"one ", b"two ", b"three"]
    assert post.prelude["headers"] == {"Content-Type": "text/plain", "Vary": "Accept-Encoding"}


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, br", "aes128gcm"])
@pytest.mark.parametrize("iterate", [False, True])
@pytest.mark.parametrize("request_of", [url_request, api_request])
def test_other_encodings_are_handed_through_with_their_header(serve, encoding, iterate, request_of):
    body = iter([b"\x0b\x02", b"\x80"]) if iterate else b"\x0b\x02\x80"
    headers = {"Content-Encoding": encoding, "Content-Type": "text/plain"}
    (post,) = serve(returning({"statusCode": 200, "headers": headers, "body": body}), request_of())

    assert post.content == b"\x0b\x02\x80"
    assert post.prelude["headers"] == headers | {"Content-Encoding": encoding}


def test_of_several_encodings_the_outer_ones_are_undone(serve):
    headers = {"content-encoding": "br, deflate, gzip", "Content-Type": "text/plain"}
    body = gzip.compress(zlib.compress(b"brotli"))
    (post,) = serve(returning({"statusCode": 200, "headers": headers, "body": body}), url_request())

    assert post.content == b"brotli"
    assert post.prelude["headers"] == headers | {"content-encoding": "br"}


def test_base64_of_compressed_pieces_is_undone_in_this_order(serve):
    body = iter(cut(base64.encodebytes(gzip.compress(PNG)), [7, 50]))
    headers = {"Content-Encoding": "gzip"}
    assert b"".join(body_of(serve, body, headers=headers, isBase64Encoded=True)) == PNG


@pytest.mark.parametrize(
    "more", [{"isBase64Encoded": True}, {"headers": {"Content-Encoding": "gzip"}}, {}]
)
def test_an_error_of_the_iterators_own_stays_what_it_is(serve, more):
    class Own(ValueError):
        pass

    def fails():
        raise Own("mine")
        yield

    class Fails:
        def __iter__(self):
            raise TypeError("mine, too")

    bodies = [Fails(), fails()]
    own, type_error = serve(
        lambda event, context: {"statusCode": 200, "body": bodies.pop(), **more},
        url_request(),
        url_request(),
    )

    assert (own.error["errorType"], own.error["errorMessage"]) == ("Own", "mine")
    assert type_error.error["errorMessage"] == "mine, too"
    assert "in __iter__" in str(type_error.error["stackTrace"])


# --- fields


def test_no_coroutine_is_left_that_nobody_awaited(serve):
    async def body():
        return b"x"

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (post,) = serve(returning({"statusCode": 200, "body": body()}), url_request())

    assert "await is missing" in post.error["errorMessage"]
