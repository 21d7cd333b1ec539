"""Tests what clients see of Function URLs and the REST API.

Streaming as it happens, errors, limits and CORS.
"""

import http.client
import json
import re
import time
from urllib.parse import urlsplit

import pytest
import requests

from local_lambda import Emulator

pytestmark = pytest.mark.e2e


def get(url, **kwargs):
    return requests.get(url, timeout=20, **kwargs)


@pytest.mark.parametrize("front", ["url", "api"])
def test_every_piece_reaches_the_client_before_the_next_is_written(
    emulator, gate, front, open_stream
):
    url = emulator.url("raw") if front == "url" else emulator.dashboard_url
    connection, response = open_stream(url, "/stream?do=paced&n=3")
    assert (response.status, response.getheader("transfer-encoding")) == (200, "chunked")
    for index in range(3):
        (gate / str(index)).touch()
        assert response.readline() == b"piece %d\n" % index
    assert response.read() == b""
    connection.close()


def test_status_headers_and_cookies_come_from_the_prelude(emulator):
    response = get(emulator.url("raw") + "?do=headers")
    assert response.status_code == 201
    assert response.headers["x-amzn-remapped-content-length"] == "5"
    assert "content-length" not in response.headers
    assert response.raw.headers.getlist("x-many") == ["1", "2"]
    assert response.raw.headers.getlist("set-cookie") == ["a=1", "b=2; HttpOnly"]


@pytest.mark.parametrize(
    "target",
    [
        "{raw}?do=unauthorized",
        "{stock}?do=unauthorized",
        "{api}items/1?do=unauthorized",
        "{api}stream?do=unauthorized",
    ],
)
def test_the_challenge_of_a_401_reaches_the_client_under_another_name(emulator, target):
    urls = {
        "raw": emulator.url("raw"),
        "stock": emulator.url("stock"),
        "api": emulator.dashboard_url,
    }
    response = get(target.format(**urls))
    assert response.status_code == 401
    assert response.headers["x-amzn-remapped-www-authenticate"] == "Bearer"
    assert "www-authenticate" not in response.headers


def test_a_client_that_leaves_is_not_told_to_the_function(emulator, logged, open_stream):
    connection, response = open_stream(emulator.url("raw"), "/?do=endless&n=20")
    assert response.readline() == b"tick 0\n"
    response.close()
    connection.close()
    logged("client.gone")
    logged("endless finished 202")


def test_a_slow_client_slows_the_function(emulator, open_stream):
    before = emulator.log.count("written")
    pieces = 300  # 64 KiB each: more than all the buffers on the way hold
    connection, response = open_stream(emulator.url("raw"), f"/?do=big&n={pieces}")
    emulator.wait_for(lambda: emulator.log.count("written") > before)
    settled = emulator.wait_for(
        lambda: _unchanged(lambda: emulator.log.count("written") - before), timeout_s=2.5
    )
    assert settled < pieces
    assert len(response.read()) == pieces * 65536
    connection.close()


def _unchanged(count, for_s=0.3):
    """Returns the count if it does not move for a moment, else 0."""
    first = count()
    until_s = time.monotonic() + for_s
    while time.monotonic() < until_s:
        if count() != first:
            return 0
    return first


def test_trailers_end_the_stream_cleanly_for_the_client_and_are_logged(emulator, logged):
    assert get(emulator.url("raw") + "?do=trailers").text == "before\n"
    logged("invocation.failed_midway")


@pytest.mark.parametrize("do", ["crash-midway", "truncated", "stream-sleep"])
def test_a_stream_that_breaks_is_cut_for_the_client(emulator, do):
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        get(emulator.url("quick") + f"?do={do}")


@pytest.mark.parametrize("do", ["crash", "error", "bad-prelude"])
def test_a_failure_before_the_first_byte_is_502(emulator, do):
    response = get(emulator.url("raw") + f"?do={do}")
    assert (response.status_code, response.text) == (502, "Internal Server Error")
    response = get(emulator.dashboard_url + f"stream?do={do}")
    assert (response.status_code, response.json()) == (502, {"message": "Internal server error"})


def test_a_body_of_zero_bytes_is_a_loud_warning(emulator, logged):
    assert get(emulator.url("raw") + "?do=no-body").content == b""
    logged("clients of a real Function URL hang here")


def test_a_declared_empty_body_ends_at_once(emulator):
    response = get(emulator.url("raw") + "?do=declared-empty")
    assert response.headers["content-length"] == "0"


def test_a_head_request_goes_to_the_function_and_gets_no_body(emulator):
    response = requests.head(emulator.url("raw") + "?do=headers", timeout=10)
    assert (response.status_code, response.content) == (201, b"")


def test_a_stream_without_a_prelude_passes_as_it_is(emulator):
    response = get(emulator.url("raw") + "?do=raw")
    assert (response.headers["content-type"], response.content) == ("text/csv", b"a,b\n")


def test_the_payload_of_a_function_url_is_format_2(emulator):
    payload = requests.post(
        emulator.url("raw") + "a%20b/c?do=event&x=1&x=2",
        data=b"\x00\xff",
        headers={"Cookie": "k=v; l=w", "Content-Type": "image/png"},
        timeout=10,
    ).json()
    assert payload["version"] == "2.0"
    assert (payload["rawPath"], payload["rawQueryString"]) == ("/a%20b/c", "do=event&x=1&x=2")
    assert payload["queryStringParameters"] == {"do": "event", "x": "1,2"}
    assert payload["cookies"] == ["k=v", "l=w"]
    assert (payload["body"], payload["isBase64Encoded"]) == ("AP8=", True)
    assert payload["requestContext"]["http"]["method"] == "POST"
    assert payload["requestContext"]["http"]["sourceIp"] == "127.0.0.1"


def test_the_payload_of_the_rest_api_is_format_1(emulator):
    response = requests.post(
        emulator.dashboard_url + "dev/rest/a/b?x=1&x=2", data="text", timeout=10
    )
    payload = response.json()
    assert (payload["resource"], payload["path"]) == ("/rest/{proxy+}", "/rest/a/b")
    assert payload["pathParameters"] == {"proxy": "a/b"}
    assert payload["multiValueQueryStringParameters"] == {"x": ["1", "2"]}
    assert payload["queryStringParameters"] == {"x": "2"}
    assert (payload["body"], payload["isBase64Encoded"]) == ("text", False)
    assert payload["requestContext"]["path"] == "/dev/rest/a/b"
    assert payload["requestContext"]["stage"] == "dev"


def test_an_unknown_route_is_refused_as_api_gateway_does(emulator):
    response = get(emulator.dashboard_url + "nowhere")
    assert (response.status_code, response.json()) == (
        403,
        {"message": "Missing Authentication Token"},
    )


def test_a_fixed_route_goes_before_a_parameter(emulator):
    assert get(emulator.dashboard_url + "items/fixed").json()["resource"] == "/items/fixed"
    assert get(emulator.dashboard_url + "items/other").json()["pathParameters"] == {"id": "other"}


def test_buffered_results_are_rendered_by_each_front_in_its_own_way(emulator, logged):
    assert get(emulator.url("stock") + "?do=binary").content == b"\x89PNG"
    assert get(emulator.dashboard_url + "items/1?do=binary").content == b"iVBORw=="
    logged("BinaryMediaTypes")
    assert get(emulator.dashboard_url + "items/1?do=malformed").status_code == 502
    assert get(emulator.dashboard_url + "items/1?do=raise").status_code == 502
    assert get(emulator.url("stock") + "?do=raise").status_code == 502


def test_a_request_is_traced_as_its_caller_or_its_function_says(emulator):
    root = "1-00000001-" + "b" * 24
    sampled = {"X-Amzn-Trace-Id": f"Root={root};Sampled=1"}
    urls = [emulator.url("stock") + "?do=trace", emulator.dashboard_url + "items/1?do=trace"]

    for url in urls:
        header = get(url, headers=sampled).text
        assert re.fullmatch(f"Root={root};Parent=[0-9a-f]{{16}};Sampled=1", header)
        unsampled = sampled["X-Amzn-Trace-Id"].replace("Sampled=1", "Sampled=0")
        assert get(url, headers={"X-Amzn-Trace-Id": unsampled}).text.endswith("Sampled=0")


def test_a_route_that_buffers_loses_the_streamed_body(emulator, logged):
    response = get(emulator.dashboard_url + "stream-on-buffered?do=headers")
    assert (response.status_code, response.content) == (201, b"")
    logged("the streamed body is lost")


def test_a_route_that_streams_refuses_a_buffered_reply(emulator, logged):
    assert get(emulator.dashboard_url + "stock-on-stream").status_code == 502
    logged("the route streams, but its function replied whole")


def test_a_buffered_url_hands_out_a_stream_raw(emulator):
    response = get(emulator.url("raw_buffered"))
    assert response.content.startswith(b'{"statusCode": 200')
    assert response.content.endswith(b"piece 2\n")


def test_the_integrations_timeout_is_504_and_cuts_a_stream(emulator):
    response = get(emulator.dashboard_url + "stream-on-buffered?do=late")
    assert (response.status_code, response.json()) == (
        504,
        {"message": "Endpoint request timed out"},
    )
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        get(emulator.dashboard_url + "stream?do=endless&n=1000")


def test_a_function_url_with_cors_responds_to_preflights_itself(emulator):
    asked = {"Origin": "https://example.com", "Access-Control-Request-Method": "GET"}
    response = requests.options(emulator.url("raw"), headers=asked, timeout=5)
    assert response.headers["access-control-allow-origin"] == "https://example.com"
    assert response.headers["access-control-allow-headers"] == "x-a"
    assert response.headers["access-control-max-age"] == "5"
    response = get(emulator.url("raw"), headers={"Origin": "https://example.com"})
    assert response.raw.headers.getlist("access-control-allow-origin") == ["https://example.com"]
    response = get(emulator.url("raw"), headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in response.headers


@pytest.fixture(scope="module")
def strict(template_path, emulator):
    """Starts an emulator that is as strict as Lambda."""
    table = ["--dynamodb-endpoint", emulator.dynamodb_url]
    with Emulator(template_path, "--strict-empty-body", "--bandwidth", *table) as running:
        yield running


def test_a_strict_emulator_lets_an_empty_body_hang(strict):
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        get(strict.url("quick") + "?do=no-body")


def test_bandwidth_is_limited_after_the_burst_when_asked_for(strict):
    begun = time.monotonic()
    assert len(get(strict.url("raw") + "?do=big&n=128").content) == 8 * 1024 * 1024
    assert 0.5 < time.monotonic() - begun < 3


@pytest.mark.timed  # all twenty must start within the function's timeout of 3 s
def test_twenty_clients_at_once_are_served_by_twenty_environments(emulator, gate):
    connections = []
    for _ in range(20):
        connection = http.client.HTTPConnection(urlsplit(emulator.url("raw")).netloc, timeout=20)
        connection.request("GET", "/?do=paced&n=1")
        connections.append(connection)
    emulator.wait_for(
        lambda: sum(e["state"] == "busy" for e in emulator.environments("RawFunction")) >= 20
    )
    (gate / "0").touch()
    assert all(connection.getresponse().read() == b"piece 0\n" for connection in connections)


def test_json_is_the_default_type_of_a_buffered_result(emulator):
    assert json.loads(get(emulator.url("stock")).content)["version"] == "2.0"
