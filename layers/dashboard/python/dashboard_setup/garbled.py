"""Is a response what the table sent, whole and unchanged? Asked of every response that says "done".

botocore compares DynamoDB's checksum only to decide whether to try again. The response to the last
try it takes as it comes, and reads what is not JSON as a response without fields: as if there were
no such record, or as if a write had been done.
"""

from binascii import crc32
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import HTTPClientError

CHECKSUM = "x-amz-crc32"  # optional for others who speak the protocol


class GarbledResponse(HTTPClientError):  # type: ignore[misc]  # botocore has no types
    """A response is not the one that the table sent. A write may or may not have happened."""

    fmt = "The response to {operation} is damaged, or not DynamoDB's"


def refuse_garbled(client: Any) -> None:
    """Has `client`, of DynamoDB, raise GarbledResponse rather than return such a response.

    It does so after the last try: whether to try again is botocore's to decide.
    """
    client.meta.events.register("before-parse.dynamodb", _empty)
    client.meta.events.register("after-call.dynamodb", _refuse)


def _empty(response_dict: dict[str, Any], **_: Any) -> None:
    """Hands an empty body to botocore's parser, which stumbles over lists."""
    if _is_garbled(response_dict["status_code"], response_dict["headers"], response_dict["body"]):
        response_dict["body"] = b"{}"


def _refuse(http_response: Any, model: Any, **_: Any) -> None:
    if _is_garbled(http_response.status_code, http_response.headers, http_response.content):
        raise GarbledResponse(operation=model.name)


def _is_garbled(status: int, headers: Mapping[str, str], body: bytes) -> bool:
    if status >= 300:
        return False  # an error, whatever its body
    checksum = headers.get(CHECKSUM)
    if checksum is not None:
        return checksum != str(crc32(body))
    return body.lstrip()[:1] != b"{" or body.rstrip()[-1:] != b"}"
