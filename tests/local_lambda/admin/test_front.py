"""Tests the calls of the admin address over HTTP, on a running emulator."""

import json

import boto3
import pytest
import requests
from botocore.config import Config

pytestmark = pytest.mark.e2e


@pytest.fixture
def post(emulator):
    def post(path, body, **headers):
        return requests.post(emulator.admin_url + path, data=body, headers=headers, timeout=20)

    return post


def test_the_page_is_served_with_a_policy_that_lets_nothing_else_in(emulator):
    response = requests.get(emulator.admin_url, headers={"Accept": "text/html"}, timeout=5)
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("path", ["page/../front.py", "page/%2e%2e/front.py", "page/none", "page/"])
def test_nothing_but_the_files_of_the_page_is_served(emulator, path):
    request = requests.Request("GET", emulator.admin_url).prepare()
    request.url = emulator.admin_url + path
    with requests.Session() as session:
        assert session.send(request, timeout=5).status_code == 404


@pytest.mark.parametrize("path", ["2015-03-31/functions/StockFunction/invocations", "cut", "block"])
def test_another_sites_page_executes_nothing(emulator, post, path):
    assert post(path, "{}", Origin="https://evil.example").status_code == 403
    assert post(path, "{}", Host="evil.example").status_code == 403


def test_another_site_reads_nothing_under_a_name_of_its_own(emulator):
    for path in ("", "functions", "live"):
        url = emulator.admin_url + path
        assert requests.get(url, headers={"Host": "evil.example"}, timeout=5).status_code == 403


def test_boto3_goes_on_to_invoke(emulator):
    client = boto3.client(
        "lambda",
        endpoint_url=emulator.admin_url,
        region_name="us-east-1",
        aws_access_key_id="x",
        aws_secret_access_key="x",
        config=Config(retries={"total_max_attempts": 1}),
    )
    result = client.invoke(FunctionName="StockFunction", Payload=b'{"a": 1}')
    assert json.loads(json.loads(result["Payload"].read())["body"]) == {"a": 1}


@pytest.mark.parametrize(
    ("path", "body", "sentence"),
    [
        ("cut", "{}", "path_prefix must be text"),
        ("cut", "[]", "the body must be a JSON object"),
        ("cut", "x", "the body is not JSON"),
        pytest.param("cut", "[" * 100_000, "the body is not JSON", id="deep"),
        ("cut", b"\xff", "the body is not JSON"),
        ("invoke/StockFunction", "{", "the body is not JSON"),
        ("cut", '{"number": "1"}', "number must be a whole number, at least 1"),
        (
            "block",
            '{"path_prefix": "/", "status": 99}',
            "status must be a whole number, 200",
        ),
        ("block", '{"path_prefix": "/", "status": "x"}', "status must be a whole number"),
        ("delay", '{"path_prefix": "/"}', "ms must be a whole number, 0 to 900000"),
        ("delay", '{"path_prefix": "/", "ms": true}', "ms must be a whole number"),
        ("throttle", '{"function": "None"}', "there is no function None"),
        ("throttle", '{"function": "StockFunction", "limit": -1}', "limit must be a whole number"),
    ],
)
def test_a_call_that_cannot_be_understood_gets_a_sentence(post, path, body, sentence):
    response = post(path, body)
    assert response.status_code == 400
    assert sentence in response.json()["Message"]


def test_an_unknown_pid_or_function_is_named(post):
    assert "no environment has pid x" in post("environments/x/kill", "{}").json()["Message"]
    assert "there is no function none" in post("invoke/none", "{}").json()["Message"]


def test_functions_are_listed_with_urls_and_routes(emulator):
    found = {each["logical_id"]: each for each in emulator.functions()}
    raw = found["RawFunction"]
    assert (raw["url"], raw["streams"]) == (emulator.url("raw"), True)
    assert ("/stream", True) in [(each["path"], each["streams"]) for each in raw["routes"]]
    assert found["StockFunction"]["handler"] == "stock_function.handler"
    assert found["ProvidedFunction"]["url"] is None


def test_a_throttled_function_gets_429_until_it_is_lifted(emulator):
    emulator.throttle("StockFunction")
    try:
        assert emulator.invoke("StockFunction", {}).status == 429
        assert requests.get(emulator.url("stock"), timeout=10).status_code == 429
        assert emulator.faults()["throttles"] == [{"function": "StockFunction", "limit": 0}]
    finally:
        emulator.throttle("StockFunction", None)
    assert emulator.invoke("StockFunction", {}).status == 200
    assert emulator.faults()["throttles"] == []


def test_a_delayed_route_waits_and_others_do_not(emulator):
    emulator.delay("/items/slow", 300)
    try:
        slow = requests.get(emulator.dashboard_url + "items/slow", timeout=10)
        assert emulator.faults()["delays"] == [{"path_prefix": "/items/slow", "ms": 300}]
    finally:
        emulator.delay("/items/slow", 0)
    assert slow.elapsed.total_seconds() > 0.3
    assert emulator.faults()["delays"] == []


def test_an_open_stream_is_listed_with_its_bytes_and_can_be_cut_alone(emulator, tmp_path):
    for entry in emulator.gate.iterdir():
        entry.unlink()
    url = emulator.dashboard_url + "stream?do=paced&n=2"
    with requests.get(url, stream=True, timeout=10) as response:
        (emulator.gate / "0").touch()
        assert response.raw.readline() == b"piece 0\n"
        (shown,) = [each for each in emulator.requests() if each["path"].startswith("/stream")]
        assert (shown["function"], shown["method"]) == ("RawFunction", "GET")
        assert (shown["streaming"], shown["sent_bytes"]) == (True, 8)
        answer = requests.post(
            emulator.admin_url + "cut", json={"number": shown["number"]}, timeout=5
        )
        assert answer.json() == {"cut": 1}
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            response.content  # noqa: B018
    emulator.wait_for(lambda: not emulator.requests())


def test_the_page_gets_each_piece_as_the_function_writes_it(emulator, post):
    for entry in emulator.gate.iterdir():
        entry.unlink()
    payload = {"queryStringParameters": {"do": "paced", "n": "2"}}
    with requests.post(
        emulator.admin_url + "invoke/RawFunction", json=payload, stream=True, timeout=10
    ) as response:
        lines = map(json.loads, response.iter_lines())
        assert "request_id" in next(lines)
        (emulator.gate / "0").touch()
        for line in lines:
            if "piece 0\n" in line.get("piece", ""):
                break
        (emulator.gate / "1").touch()
        (last,) = [line for line in lines if "end" in line]
    assert last["end"] == "complete"
    assert last["record"]["response_bytes"] > len("piece 0\npiece 1\n")


def test_the_page_is_told_of_a_functions_error(post):
    response = post("invoke/StockFunction", '{"do": "raise"}')
    lines = [json.loads(line) for line in response.text.splitlines()]
    (last,) = [line for line in lines if "end" in line]
    assert last["end"] == "error"
    assert json.loads(last["error"])["errorMessage"] == "asked to"
    log = [line["log"] for line in lines if "log" in line]
    assert any("ValueError: asked to" in line for line in log)
    assert any(line.startswith("START RequestId: ") for line in log)
