"""Tests that a response counts only if it is what the table sent."""

import json
from binascii import crc32
from types import SimpleNamespace

import pytest
from botocore.awsrequest import AWSResponse, HeadersDict
from dashboard_setup.clients import client_of
from dashboard_setup.garbled import GarbledResponse

ITEM = json.dumps({"Item": {"PK": {"S": "p"}}}).encode()
BAD = {
    "another checksum": (ITEM, {"x-amz-crc32": "1"}),
    "a checksum that is no number": (ITEM, {"x-amz-crc32": "none"}),
    "half of it": (ITEM[:9], {"x-amz-crc32": str(crc32(ITEM))}),
    "half of it, unchecked": (ITEM[:9], {}),
    "nothing": (b"", {}),
    "HTML": (b"<html></html>", {}),
    "a list": (b"[1]", {}),
}


@pytest.fixture
def get(monkeypatch):
    """Returns `get(responses)`, which reads a record and gets these, one for each attempt."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "none")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")

    def run(*responses):
        left = [*responses]
        client = client_of(connect_timeout_s=1, read_timeout_s=1, attempts=len(responses))

        def instead_of_sending(request, **_):
            body, headers = left.pop(0)
            raw = SimpleNamespace(stream=lambda *_args, **_options: [body])
            return AWSResponse(request.url, 200, HeadersDict(headers), raw)

        client.meta.events.register_first("before-send.dynamodb", instead_of_sending)
        return client.get_item(TableName="t", Key={"PK": {"S": "p"}})

    return run


@pytest.mark.parametrize("response", BAD.values(), ids=BAD)
def test_what_is_damaged_or_somebody_elses_is_an_error_and_not_a_missing_record(get, response):
    with pytest.raises(GarbledResponse, match="The response to GetItem is damaged"):
        get(response)


@pytest.mark.parametrize("headers", [{}, {"X-Amz-Crc32": str(crc32(ITEM))}])
def test_a_response_that_is_whole_counts_with_and_without_a_checksum(get, headers):
    assert get((ITEM, headers))["Item"] == {"PK": {"S": "p"}}


def test_another_attempt_may_bring_the_response_whole(get):
    assert get(BAD["another checksum"], (ITEM, {}))["Item"] == {"PK": {"S": "p"}}
