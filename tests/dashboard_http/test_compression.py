"""Tests when bodies are compressed: by what the client takes, and what the front can carry."""

import base64
import gzip
import json

import pytest
from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import Response
from dashboard_http.compression import WORTHWHILE_BYTES, Compression, least_bytes
from dashboard_http.cors import Cors
from dashboard_http.front import Routes, json_response, make_handler
from hypothesis import given
from hypothesis import strategies as st

ORIGIN = "https://other.example"
LONG = {"text": "é" * WORTHWHILE_BYTES}
PAYLOADS = {
    "rest api": {"httpMethod": "GET", "requestContext": {}},
    "http api 1.0": {"version": "1.0", "httpMethod": "GET", "requestContext": {}},
    "2.0": {"version": "2.0", "requestContext": {"http": {"method": "GET"}, "stage": "$default"}},
}


def called(front, path, compression, method="GET", **headers):
    def routes():
        router = Routes()
        router.get("/long")(lambda: json_response(200, LONG))
        router.get("/short")(lambda: json_response(200, {}))
        router.get("/bytes")(lambda: Response(200, "image/png", b"\x89" * 2000))
        router.get("/nothing")(lambda: Response(204))
        return router

    handler = make_handler(
        routes,
        Cors((ORIGIN,)),
        Logger(service="test", stream=None),
        timer=float,
        compression=compression,
    )
    payload = json.loads(json.dumps(PAYLOADS[front]))
    dashed = {name.replace("_", "-"): value for name, value in headers.items()}
    payload |= {"path": path, "rawPath": path, "headers": dashed}
    if "httpMethod" in payload:
        payload["httpMethod"] = method
        payload["multiValueHeaders"] = {name: [value] for name, value in dashed.items()}
    else:
        payload["requestContext"]["http"]["method"] = method
    response = handler(payload, None)
    several = response.get("multiValueHeaders")
    found = {name: ", ".join(each) for name, each in several.items()} if several else None
    return response, found or response["headers"]


@pytest.mark.parametrize(
    ("accept_encoding", "least"),
    [
        ("gzip", WORTHWHILE_BYTES),
        ("GZip", WORTHWHILE_BYTES),
        ("x-gzip", WORTHWHILE_BYTES),
        ("gzip, deflate, br, zstd", WORTHWHILE_BYTES),
        ("br;q=1.0, gzip;q=0.8, *;q=0.1", WORTHWHILE_BYTES),
        ("*", WORTHWHILE_BYTES),
        ("gzip ; q=0.001", WORTHWHILE_BYTES),
        (" ,gzip,, ", WORTHWHILE_BYTES),
        ("identity;q=0.5, gzip;q=0.5", WORTHWHILE_BYTES),
        ("gzip, identity;q=0", 0),
        ("gzip, *;q=0", 0),
        ("*, identity;q=0", 0),
        ("gzip;q=0, *", None),
        ("gzip;q=0.0", None),
        ("identity", None),
        ("identity, gzip;q=0.5", None),
        ("*;q=0", None),
        ("br", None),
        ("", None),
        ("gzip;q=2", None),
        ("gzip;q=-1", None),
        ("gzip;q=", None),
        ("gzip;level=9", None),
        ("not gzip", None),
        ("gzip;q=0, gzip", None),
        ("gzip\x00", None),
    ],
)
def test_gzip_is_for_clients_that_take_it_and_do_not_prefer_a_plain_body(accept_encoding, least):
    assert least_bytes(accept_encoding) == least


@given(st.text() | st.lists(st.sampled_from(["gzip", "*", ";", "q=", "0.5", ",", " ", "x-"])))
def test_no_header_is_an_error(header):
    assert least_bytes("".join(header)) in (None, 0, WORTHWHILE_BYTES)


@pytest.mark.parametrize(
    ("front", "on_rest_api", "compressed"),
    [
        ("2.0", False, True),
        ("http api 1.0", False, True),
        ("rest api", True, True),
        ("rest api", False, False),
    ],
)
def test_a_rest_api_gets_compressed_bodies_only_if_it_is_said_to_decode_them(
    front, on_rest_api, compressed
):
    compression = Compression(on_rest_api=on_rest_api)
    response, headers = called(front, "/long", compression, accept_encoding="gzip")

    assert response["isBase64Encoded"] == compressed
    assert (headers.get("Content-Encoding") == "gzip") == compressed
    assert ("Accept-Encoding" in headers["Vary"]) == compressed
    body = response["body"]
    if compressed:
        body = gzip.decompress(base64.b64decode(body))
    assert json.loads(body) == LONG


@pytest.mark.parametrize("front", PAYLOADS)
def test_short_and_plain_bodies_say_that_they_might_have_been_compressed(front):
    compression = Compression(on_rest_api=True)
    for path, accepted in (("/short", "gzip"), ("/long", "identity"), ("/unknown", "gzip")):
        response, headers = called(front, path, compression, accept_encoding=accepted)
        assert not response["isBase64Encoded"]
        assert "Content-Encoding" not in headers
        assert headers["Vary"] == "Accept-Encoding, Origin"


@pytest.mark.parametrize("front", PAYLOADS)
def test_bytes_an_empty_body_and_a_preflight_are_left_alone(front):
    compression = Compression(on_rest_api=True)
    response, headers = called(front, "/bytes", compression, accept_encoding="gzip")
    assert base64.b64decode(response["body"]) == b"\x89" * 2000
    assert "Content-Encoding" not in headers

    response, headers = called(front, "/nothing", compression, accept_encoding="gzip, *;q=0")
    assert (response["statusCode"], bool(response["body"])) == (204, False)
    assert "Content-Encoding" not in headers

    preflight = {
        "origin": ORIGIN,
        "access-control-request-method": "GET",
        "accept-encoding": "gzip, *;q=0",
    }
    response, headers = called(front, "/long", compression, "OPTIONS", **preflight)
    assert (response["statusCode"], response["body"]) == (204, "")
    assert headers["Access-Control-Allow-Origin"] == ORIGIN
    assert (headers["Vary"], "Content-Encoding" in headers) == ("Origin", False)


@pytest.mark.parametrize("front", PAYLOADS)
def test_head_has_the_very_response_of_get(front):
    compression = Compression(on_rest_api=True)
    get, head = (
        called(front, "/long", compression, method, accept_encoding="gzip")
        for method in ("GET", "HEAD")
    )

    assert get == head
    assert head[1]["Content-Encoding"] == "gzip"


def test_a_header_that_comes_in_several_lines_counts_as_a_whole():
    payload = PAYLOADS["http api 1.0"] | {
        "headers": {"Accept-Encoding": "br"},
        "multiValueHeaders": {"Accept-Encoding": ["gzip", "br"]},
    }
    compression = Compression()

    assert compression.least_bytes(payload) == WORTHWHILE_BYTES
    assert compression.least_bytes({**payload, "multiValueHeaders": None}) is None
    assert compression.least_bytes({**PAYLOADS["2.0"], "headers": None}) is None
