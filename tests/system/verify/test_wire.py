"""The client that tells a whole body from one that was cut, and keeps the times of pieces."""

import contextlib
import socket
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from verify_aws.wire import Address, Connection, Ending, NotHttp, written

HEAD = b"HTTP/1.1 200 OK\r\nX-A: 1\r\nx-a: 2\r\nTransfer-Encoding: chunked\r\n\r\n"
CHUNKED = HEAD + b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nx-trailer: 1\r\n\r\n"
SIZED = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde"


@contextlib.contextmanager
def serving(*pieces, stays=False):
    """Sends these bytes to whoever connects, then closes; or stays until the block ends."""
    done = threading.Event()

    def serve():
        connection, _ = listener.accept()
        with connection:
            connection.recv(65_536)
            for piece in pieces:
                connection.sendall(piece)
            if stays:
                done.wait(10)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield Address.parse(f"http://127.0.0.1:{listener.getsockname()[1]}")
        done.set()
        thread.join(5)


def read(*pieces, stays=False, within_s=5, method="GET", **options):
    with serving(*pieces, stays=stays) as address, Connection(address) as connection:
        connection.send(written(address, "/", method))
        return connection.read(within_s, method, **options)


def test_a_chunked_body_that_ends_is_whole():
    reply = read(CHUNKED)

    assert (reply.status, reply.body, reply.ending) == (200, b"abcde", Ending.WHOLE)
    assert reply.values("x-a") == ["1", "2"]


@settings(max_examples=25)
@given(st.integers(len(HEAD), len(CHUNKED) - 1))
def test_a_chunked_body_that_is_cut_anywhere_is_cut(at):
    assert read(CHUNKED[:at]).ending is Ending.CUT


@pytest.mark.parametrize(("response", "ending"), [(SIZED, Ending.WHOLE), (SIZED[:-1], Ending.CUT)])
def test_a_body_of_a_stated_length_ends_there(response, ending):
    assert read(response).ending is ending


def test_a_body_that_goes_on_is_open_when_the_time_is_up():
    reply = read(HEAD + b"3\r\nabc\r\n", stays=True, within_s=0.3)

    assert (reply.body, reply.ending) == (b"abc", Ending.OPEN)


def test_reading_ends_where_the_caller_says():
    pieces = (HEAD, b"3\r\nabc\r\n", b"2\r\nde\r\n")
    reply = read(*pieces, stays=True, until=lambda reply: b"c" in reply.body)

    assert (reply.body, reply.ending) == (b"abc", Ending.OPEN)


def test_a_response_to_head_has_no_body():
    assert read(SIZED[:-5], method="HEAD").ending is Ending.WHOLE


def test_a_response_that_does_not_come_is_a_timeout():
    with pytest.raises(TimeoutError):
        read(stays=True, within_s=0.2)


@settings(max_examples=25)
@given(st.binary(max_size=200))
def test_garbage_raises_nothing_else_than_what_is_promised(garbage):
    with contextlib.suppress(NotHttp, OSError, EOFError):
        read(garbage, within_s=1)


def test_a_hundred_continue_is_not_the_response():
    assert read(b"HTTP/1.1 100 Continue\r\n\r\n", SIZED).status == 200


@pytest.mark.parametrize("url", ["", "nonsense", "ftp://x", "http://", "https://x:port/"])
def test_what_is_no_address_is_refused(url):
    with pytest.raises(ValueError, match=r".+"):
        Address.parse(url)


def test_an_address_keeps_its_stage_and_leaves_out_the_usual_port():
    address = Address.parse("https://x.example/live/")

    assert written(address, "/health").startswith(b"GET /live/health HTTP/1.1\r\n")
    assert b"Host: x.example\r\n" in written(address, "/")
    assert b"Host: x.example:8443\r\n" in written(Address.parse("https://x.example:8443"), "/")
