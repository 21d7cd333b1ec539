"""Wsgi does all that PEP 3333 demands of a server, point by point."""

import io
import logging
from wsgiref.validate import validator

import pytest
from lambda_streaming import Wsgi
from lambda_streaming.buffered import forget_what_was_said

from local_lambda.http.messages import HttpRequest as Sent
from tests.lambda_streaming.emulated import FRONTS, function_url, rest_api
from tests.lambda_streaming.wsgi_serving import Context, ours

GET = Sent("GET", "/", headers=(("host", "shop.example"),))
HEAD = Sent("HEAD", "/", headers=(("host", "shop.example"),))
TEXT = [("Content-Type", "text/plain")]


class Pieces:
    """An iterable with `close` that writes down what happens to it."""

    def __init__(self, *pieces, close=None):
        self.pieces = iter(pieces)
        self.happened = []
        self._close = close

    def __iter__(self):
        return self

    def __next__(self):
        piece = next(self.pieces)
        self.happened.append(piece)
        if isinstance(piece, BaseException):
            raise piece
        if callable(piece):
            return piece()
        return piece

    def close(self):
        self.happened.append("close")
        if self._close:
            raise self._close


def app_with(pieces, status="200 OK", headers=TEXT):
    def app(environ, start_response):
        start_response(status, list(headers))
        return pieces

    return app


def handled(app, request=GET, **options):
    return Wsgi(app, **options)(function_url(request), Context())


def test_each_piece_goes_out_before_the_next_one_is_made():
    pieces = Pieces(b"one", b"two", b"three")
    body = handled(app_with(pieces))["body"]
    assert next(body) == b"one"
    assert pieces.happened == [b"one"]
    assert next(body) == b"two"
    assert pieces.happened == [b"one", b"two"]
    body.close()
    assert pieces.happened == [b"one", b"two", "close"]


def test_empty_pieces_reach_the_runtime_as_its_ticks():
    body = handled(app_with(Pieces(b"one", b"", b"", b"two")))["body"]
    assert [*body] == [b"one", b"", b"", b"two"]


def test_what_the_application_gets_passes_the_standard_librarys_validator(recwarn):
    def app(environ, start_response):
        start_response("200 OK", list(TEXT))
        environ["wsgi.input"].read(3)
        environ["wsgi.errors"].flush()
        return [b"one", b"two"]

    for name, front in FRONTS.items():
        payload = front(Sent("POST", "/a%20b?c=d", (("host", "h"), ("x-a", "1")), b"body"))
        result = Wsgi(validator(app))(payload, Context())
        body = result["body"]
        assert b"".join(body) == b"onetwo", name
        body.close()
        assert result["statusCode"] == 200
    assert [str(each.message) for each in recwarn] == []


def test_start_response_may_be_called_with_the_first_piece():
    def app(environ, start_response):
        yield b""
        start_response("201 Created", list(TEXT))
        yield b"late"

    found = ours(app, GET)
    assert (found.status, found.body) == (201, b"late")


def test_start_response_may_change_its_mind_before_the_first_piece():
    def app(environ, start_response):
        start_response("200 OK", list(TEXT))
        yield b""
        try:
            raise KeyError("no such item")
        except KeyError as error:
            start_response("404 Not Found", [("X-A", "1")], (KeyError, error, None))
        yield b"gone"

    found = ours(app, GET)
    assert (found.status, found.headers, found.body) == (404, [("x-a", "1")], b"gone")


def test_start_response_raises_the_error_again_when_the_headers_were_sent():
    def app(environ, start_response):
        start_response("200 OK", list(TEXT))
        yield b"one"
        error = KeyError("no such item")
        start_response("404 Not Found", [], (KeyError, error, None))
        yield b"never"

    body = handled(app)["body"]
    assert next(body) == b"one"
    with pytest.raises(KeyError, match="no such item"):
        next(body)
    assert [*body] == []


def test_pieces_that_are_written_go_out_in_order_before_those_of_the_iterable():
    def app(environ, start_response):
        write = start_response("200 OK", list(TEXT))
        write(b"one")
        write(b"")
        write(b"two")
        return [b"three"]

    assert ours(app, GET).pieces == [b"one", b"two", b"three"]


def test_what_is_raised_after_a_piece_was_written_ends_the_body():
    def app(environ, start_response):
        write = start_response("200 OK", list(TEXT))
        write(b"one")
        raise KeyError("too late")

    body = handled(app)["body"]
    assert next(body) == b"one"
    with pytest.raises(KeyError, match="too late"):
        next(body)


def test_a_stray_stop_iteration_after_a_piece_was_written_is_no_end_of_the_body():
    def app(environ, start_response):
        write = start_response("200 OK", list(TEXT))
        write(b"one")
        raise StopIteration

    body = handled(app)["body"]
    assert next(body) == b"one"
    with pytest.raises(RuntimeError, match="StopIteration"):
        next(body)


def test_write_is_refused_once_the_application_has_returned():
    kept = []

    def app(environ, start_response):
        kept.append(start_response("200 OK", list(TEXT)))
        return [b"one", b"two"]

    body = handled(app)["body"]
    assert next(body) == b"one"
    with pytest.raises(AssertionError, match="returned"):
        kept[0](b"no")


@pytest.mark.parametrize(
    ("pieces", "takes"),
    [
        ([b"one", b"two"], 9),
        ([], 9),
        ([b""], 9),
        ([b"one", b"two"], 1),
        ([b"one", KeyError("midway")], 9),
        ([b"one", "text"], 9),
        ([KeyError("at once")], 9),
        (["text"], 9),
    ],
)
def test_what_the_application_returned_is_closed_once_however_it_ends(pieces, takes):
    pieces = Pieces(*pieces)
    body = handled(app_with(pieces))["body"]
    try:
        for _ in range(takes):
            next(body, None)
    except (KeyError, TypeError):
        pass
    body.close()
    body.close()
    assert pieces.happened.count("close") == 1
    assert pieces.happened[-1] == "close"


@pytest.mark.parametrize("interruption", [GeneratorExit, SystemExit, KeyboardInterrupt])
@pytest.mark.parametrize("first", [[], [b"one"]])
def test_it_is_closed_after_an_interruption_that_goes_on_to_the_runtime(interruption, first):
    pieces = Pieces(*first, interruption())
    with pytest.raises(interruption):
        [*handled(app_with(pieces))["body"]]
    assert pieces.happened.count("close") == 1


@pytest.mark.parametrize(
    ("request_", "status"), [(HEAD, "200 OK"), (GET, "204 No Content"), (GET, "304 Not Modified")]
)
def test_where_http_allows_no_body_there_is_none_and_it_is_closed(request_, status):
    pieces = Pieces(b"one", b"two")
    headers = [("X-A", "1"), ("Content-Length", "6")]
    found = ours(app_with(pieces, status, headers), request_)
    assert (found.status, found.body, found.ended_well) == (int(status[:3]), b"", True)
    assert ("x-a", "1") in found.headers
    assert pieces.happened.count("close") == 1


def test_what_closing_raises_is_the_streams_error():
    pieces = Pieces(b"one", close=KeyError("closing"))
    body = handled(app_with(pieces))["body"]
    assert next(body) == b"one"
    with pytest.raises(KeyError, match="closing"):
        next(body)


def test_the_first_error_counts_and_that_of_closing_is_logged(caplog):
    pieces = Pieces(b"one", KeyError("midway"), close=ValueError("closing"))
    body = handled(app_with(pieces))["body"]
    assert next(body) == b"one"
    with pytest.raises(KeyError, match="midway"):
        next(body)
    assert "wsgi.close_failed after KeyError" in caplog.text


def raising(environ, start_response):
    raise KeyError("at once")


def raising_after_start(environ, start_response):
    start_response("200 OK", list(TEXT))
    raise KeyError("at once")


def raising_first(environ, start_response):
    start_response("200 OK", [("Set-Cookie", "a=1")])
    yield b""
    raise KeyError("at once")


def silent(environ, start_response):
    return [b"no start_response"]


def silent_and_empty(environ, start_response):
    return []


def none(environ, start_response):
    start_response("200 OK", list(TEXT))


def twice(environ, start_response):
    start_response("200 OK", list(TEXT))
    start_response("200 OK", list(TEXT))
    return [b"x"]


@pytest.mark.parametrize(
    ("app", "said"),
    [
        (raising, "at once"),
        (raising_after_start, "at once"),
        (raising_first, "at once"),
        (silent, "did not call start_response"),
        (silent_and_empty, "did not call start_response"),
        (none, "returned NoneType"),
        (twice, "second time"),
        (app_with("text"), "returned str"),
        (app_with(b"bytes"), "not int"),
        (app_with(["text"]), "bytes, not str"),
        (app_with([b"x"], 200), "must be a str"),
        (app_with([b"x"], b"200 OK"), "not bytes"),
        (app_with([b"x"], "OK"), "200 OK"),
        (app_with([b"x"], "200OK"), "200 OK"),
        (app_with([b"x"], "200 O\nK"), "200 OK"),
        (app_with([b"x"], "101 Switching Protocols"), "200 to 599"),
        (app_with([b"x"], "600 Odd"), "200 to 599"),
        (app_with([b"x"], headers=["ab"]), "tuple of name and value"),
        (app_with([b"x"], headers=[("X-A", 1)]), "must be str"),
        (app_with([b"x"], headers=[(b"X-A", "1")]), "must be str"),
        (app_with([b"x"], headers=[("X A", "1")]), "cannot be the name"),
        (app_with([b"x"], headers=[("X-A", "1\r\nX-B: 2")]), "control character"),
        (app_with([b"x"], headers=[("X-A", "\u20ac")]), "Latin-1"),
        (app_with([b"x"], headers=[("Content-Length", "one")]), "number of bytes"),
        (app_with([], headers=[("Content-Length", "1")]), "after 0 bytes"),
    ],
)
def test_what_fails_before_the_first_piece_is_a_logged_status_500(app, said, caplog):
    found = ours(app, GET)
    assert (found.status, found.body) == (500, b"Internal Server Error")
    assert found.headers == [("content-type", "text/plain; charset=utf-8")]
    assert "wsgi.failed GET /" in caplog.text
    assert said in caplog.text


def test_headers_of_the_connection_are_left_out_and_the_log_says_so_once(caplog):
    """Many applications that send events set them, and gunicorn leaves them out as well."""
    forget_what_was_said()
    headers = [("Connection", "keep-alive"), ("transfer-encoding", "chunked"), ("X-A", "1")]
    for _ in range(2):
        found = ours(app_with([b"x"], headers=headers), GET)
        assert (found.status, found.headers, found.body) == (200, [("x-a", "1")], b"x")
    said = [each for each in caplog.messages if each.startswith("wsgi.header_left_out")]
    assert [each.split()[1] for each in said] == ["Connection", "transfer-encoding"]


def test_what_fails_midway_comes_out_of_the_body():
    body = handled(app_with(Pieces(b"one", KeyError("midway"))))["body"]
    assert next(body) == b"one"
    with pytest.raises(KeyError, match="midway"):
        next(body)
    assert next(body, None) is None


def test_a_body_shorter_than_its_content_length_fails():
    body = handled(app_with([b"one", b"two"], headers=[("Content-Length", "7")]))["body"]
    assert [next(body), next(body)] == [b"one", b"two"]
    with pytest.raises(ValueError, match="ended after 6 bytes, and its Content-Length says 7"):
        next(body)


@pytest.mark.parametrize(("length", "sent"), [(4, b"onet"), (3, b"one"), (0, b"")])
def test_a_body_longer_than_its_content_length_is_cut_and_the_log_says_so(length, sent, caplog):
    pieces = Pieces(b"one", b"two", b"three")
    found = ours(app_with(pieces, headers=[("Content-Length", str(length))]), GET)
    assert (found.body, found.ended_well) == (sent, True)
    assert "wsgi.body_too_long" in caplog.text
    assert b"three" not in pieces.happened
    assert pieces.happened.count("close") == 1


def test_all_of_an_application_runs_whose_body_has_its_content_length():
    done = []

    def app(environ, start_response):
        start_response("200 OK", [("Content-Length", "3")])
        yield b"one"
        done.append("after the last piece")

    assert ours(app, GET).body == b"one"
    assert done == ["after the last piece"]


def environ(request=GET, front=function_url, **options):
    found = {}

    def app(environ, start_response):
        found.update(environ)
        assert type(environ) is dict
        start_response("204 No Content", [])
        return []

    Wsgi(app, **options)(front(request), "the context")
    return found


def test_the_environ_has_what_pep_3333_names():
    request = Sent(
        "POST",
        "/caf%C3%A9/%FF?q=%C3%A9",
        (("host", "shop.example:8443"), ("content-type", "text/plain"), ("cookie", "a=1")),
        "ü".encode(),
        source_ip="203.0.113.7",
    )
    found = environ(request)
    assert found["PATH_INFO"].encode("latin-1") == b"/caf\xc3\xa9/\xff"
    assert found["wsgi.input"].read() == "ü".encode()
    expected = {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "QUERY_STRING": "q=%C3%A9",
        "REQUEST_URI": "/caf%C3%A9/%FF?q=%C3%A9",
        "CONTENT_TYPE": "text/plain",
        "CONTENT_LENGTH": "2",
        "SERVER_NAME": "shop.example",
        "SERVER_PORT": "8443",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "203.0.113.7",
        "HTTP_HOST": "shop.example:8443",
        "HTTP_COOKIE": "a=1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.multithread": False,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "aws.event": function_url(request),
        "aws.context": "the context",
    }
    assert {name: found.get(name) for name in expected} == expected
    assert not {"HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH"} & found.keys()


@pytest.mark.parametrize(
    ("front", "options", "script_name"),
    [(rest_api, {}, "/prod"), (function_url, {"base_path": "/api"}, "/api")],
)
@pytest.mark.parametrize(("path", "path_info"), [("/", "/"), ("/x/", "/x/"), ("//x", "/x")])
def test_the_script_name_is_the_stage_or_the_base_path(
    front, options, script_name, path, path_info
):
    found = environ(Sent("GET", path), front, **options)
    assert (found["SCRIPT_NAME"], found["PATH_INFO"]) == (script_name, path_info)


def test_a_header_with_an_underscore_cannot_pretend_to_be_another():
    headers = (("x-user", "alice"), ("x_user", "mallory"), ("content_length", "9"))
    found = environ(Sent("GET", "/", headers))
    assert found["HTTP_X_USER"] == "alice"
    assert "CONTENT_LENGTH" not in found


def test_the_runtime_says_whether_the_application_runs_in_several_threads():
    seen = []

    def app(environ, start_response):
        seen.append(environ["wsgi.multithread"])
        start_response("204 No Content", [])
        return []

    handler = Wsgi(app)
    for concurrent in (True, False):
        handler.lambda_start(concurrent=concurrent)
        handler(function_url(GET), Context())
    assert seen == [True, False]


def test_wsgi_errors_is_the_log(capsys):
    def app(environ, start_response):
        environ["wsgi.errors"].writelines(["something ", "odd\n"])
        print("and more", file=environ["wsgi.errors"])
        environ["wsgi.errors"].flush()
        start_response("204 No Content", [])
        return []

    ours(app, GET)
    assert capsys.readouterr().err == "something odd\nand more\n"


def test_the_file_wrapper_gives_the_blocks_of_a_file_and_closes_it(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"x" * 200_000)
    files = [path.open("rb"), io.BytesIO(b"y" * 200_000)]
    for file in files:
        wrapped = []

        def app(environ, start_response, file=file, wrapped=wrapped):
            start_response("200 OK", list(TEXT))
            wrapped.append(environ["wsgi.file_wrapper"](file, 8192))
            return wrapped[0]

        found = ours(app, GET)
        assert len(found.body) == 200_000
        assert len(found.pieces) <= 5
        assert file.closed


def test_a_file_wrapper_takes_anything_that_can_be_read():
    class Readable:
        def __init__(self):
            self.blocks = [b"one", b"two", b""]

        def read(self, size):
            return self.blocks.pop(0)

    def app(environ, start_response):
        start_response("200 OK", list(TEXT))
        return environ["wsgi.file_wrapper"](Readable())

    assert ours(app, GET).pieces == [b"one", b"two"]


def test_cookies_and_repeated_headers_are_kept():
    headers = [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("Vary", "a"), ("Vary", "b")]
    found = ours(app_with([b"x"], headers=headers), GET)
    assert found.headers == [
        ("set-cookie", "a=1"),
        ("set-cookie", "b=2"),
        ("vary", "a, b"),
    ]


def test_an_object_that_is_no_application_is_refused_at_once():
    with pytest.raises(TypeError, match="Wsgi takes a WSGI application, and str is not callable"):
        Wsgi("app")


class LittleTime:
    """A handler's context in which each look at the clock takes 100 ms of 1 s."""

    def __init__(self):
        self.left_ms = 1100

    def get_remaining_time_in_millis(self):
        self.left_ms -= 100
        return max(0, self.left_ms)


def test_an_application_with_empty_pieces_only_is_left_to_the_runtime_at_the_deadline():
    """Else the handler would never return, and Lambda would kill the environment."""

    def app(environ, start_response):
        start_response("200 OK", list(TEXT))
        while True:
            yield b""

    result = Wsgi(app)(function_url(GET), LittleTime())
    assert result["statusCode"] == 200
    assert next(result["body"]) == b""


def test_a_client_does_not_see_why_the_application_failed(caplog):
    caplog.set_level(logging.CRITICAL)
    assert b"at once" not in ours(raising, GET).body
