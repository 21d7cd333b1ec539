"""Tests the header names that a client gets."""

from local_lambda.fronts.replies import public_headers


def test_headers_that_the_front_owns_are_remapped():
    headers = (
        ("Content-Length", "5"),
        ("Date", "x"),
        ("Transfer-Encoding", "chunked"),
        ("Content-Type", "a/b"),
    )
    assert public_headers(401, (*headers, ("WWW-Authenticate", "Bearer")), ("c=d",)) == (
        ("x-amzn-remapped-content-length", "5"),
        ("x-amzn-remapped-date", "x"),
        ("Content-Type", "a/b"),
        ("x-amzn-remapped-www-authenticate", "Bearer"),
        ("Set-Cookie", "c=d"),
    )
    assert ("content-length", "0") in public_headers(200, (("content-length", "0"),))
    assert ("Content-Type", "application/octet-stream") in public_headers(200, ())
