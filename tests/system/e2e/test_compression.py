"""Tests that the page and the API come compressed through a real REST API, and only if asked for.

These tests run against a deployed address too (--base-url).
"""

import gzip
import json
import re
from http.client import HTTPConnection, HTTPSConnection
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest

pytestmark = pytest.mark.e2e
BROWSER = {"Accept": "*/*", "Accept-Encoding": "gzip, deflate, br, zstd"}
METRICS = "api/v2/metrics"


@pytest.fixture
def fetch(service):
    """Returns `fetch(path, method, **headers)`: a response as it is on the wire."""
    base = urlsplit(f"{service.base_url}/")
    connect = HTTPSConnection if base.scheme == "https" else HTTPConnection

    def send(path, method="GET", body=None, **headers):
        connection = connect(base.netloc, timeout=20)
        dashed = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, base.path + path, body, dashed)
        response = connection.getresponse()
        found = {name.lower(): value for name, value in response.getheaders()}
        data = response.read()
        connection.close()
        return SimpleNamespace(status=response.status, headers=found, body=data)

    return send


@pytest.fixture
def files(fetch):
    """The page and the files that it names."""
    page = fetch("").body.decode()
    return ["", *dict.fromkeys(re.findall(r'"(static/[^"]+)"', page))]


def test_the_page_its_files_and_the_metrics_are_the_same_compressed_and_plain(fetch, files):
    transferred = 0
    for path in files:
        plain, compressed = fetch(path, Accept="*/*"), fetch(path, **BROWSER)
        transferred += len(compressed.body)
        assert (plain.status, compressed.status) == (200, 200)
        assert "content-encoding" not in plain.headers
        if "content-encoding" in compressed.headers:
            assert compressed.headers["content-encoding"] == "gzip"
            assert gzip.decompress(compressed.body) == plain.body
            assert plain.headers["etag"] != compressed.headers["etag"]
        else:
            assert len(plain.body) < 1024
        assert "Accept-Encoding" in plain.headers["vary"]
        assert "Accept-Encoding" in compressed.headers["vary"]
    metrics = fetch(METRICS, Accept_Encoding="gzip;q=0.5, identity;q=0")
    assert metrics.headers["content-encoding"] == "gzip"
    assert json.loads(gzip.decompress(metrics.body))["total"] >= 0
    assert 5_000 < transferred + len(metrics.body) < 45_000


@pytest.mark.parametrize(
    "accepted", [None, "", "identity", "br", "gzip;q=0", "*;q=0", "gzip;q=x, \x7f;;=,", "q=1"]
)
def test_who_does_not_take_gzip_gets_plain_bodies(fetch, files, accepted):
    headers = {} if accepted is None else {"Accept-Encoding": accepted}
    for path in files[:3]:
        response = fetch(path, **headers)
        assert (response.status, response.headers.get("content-encoding")) == (200, None)
        assert response.body.decode()


def test_head_has_the_headers_of_get_and_no_body(fetch, files):
    for path in (*files, METRICS):
        get, head = (fetch(path, method, **BROWSER) for method in ("GET", "HEAD"))
        assert (head.status, head.body) == (200, b"")
        for name in ("content-type", "content-encoding", "etag", "vary", "cache-control"):
            assert head.headers.get(name) == get.headers.get(name)
        if path != METRICS:
            assert head.headers["content-length"] == get.headers["content-length"]


def test_what_the_client_has_in_this_coding_is_not_sent_again(fetch, files):
    for path in files:
        tag = fetch(path, **BROWSER).headers["etag"]
        again = fetch(path, If_None_Match=tag, **BROWSER)
        assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)


def test_bodies_of_requests_arrive_whatever_their_type(fetch):
    """They come as base64 through an API that treats all types as binary."""
    token = json.loads(fetch("api/v2/auth/anonymous", "POST", b"").body)["token"]
    signed_in = {"Authorization": f"Bearer {token}"}
    configuration = json.dumps({"name": "Größe 📈", "tickers": ["AAPL"]}).encode()
    for kind in ("application/json", "text/plain", "application/octet-stream", ""):
        typed = signed_in | ({"Content-Type": kind} if kind else {})
        created = fetch("api/v2/configurations", "POST", configuration, **typed, **BROWSER)
        assert (created.status, json.loads(created.body)["name"]) == (201, "Größe 📈")
    for body in (b"", b"\xff\xfe", b"[", b"e30"):
        refused = fetch("api/v2/configurations", "POST", body, **signed_in, **BROWSER)
        assert refused.status in (400, 422)
        assert json.loads(refused.body)["detail"].startswith("body")
    closed = fetch(f"api/v2/stream/connections/{'k' * 22}/close", "POST", b"\xff", **BROWSER)
    assert (closed.status, closed.body) == (204, b"")


def test_errors_are_readable_and_streams_are_plain(fetch, service):
    for path in ("static/none.js", "api/v2/none", "static/a/b/c"):
        response = fetch(path, **BROWSER)
        assert response.status == 404
        assert json.loads(response.body) == {"detail": "Not found"}
    head = fetch("api/v2/stream", "HEAD", **BROWSER)
    assert (head.status, head.headers.get("content-encoding")) == (200, None)
