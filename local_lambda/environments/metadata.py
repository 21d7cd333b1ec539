"""Lambda's metadata endpoint, which tells a function its Availability Zone: an invented one here.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-metadata-endpoint.html
"""

import hmac
import json
import secrets

from local_lambda.http.messages import HttpResponse, json_response

TARGET = "/2026-01-15/metadata/execution-environment"
# Functions of one emulator may read each other's, which says nothing.
TOKEN = secrets.token_hex(16)
_ZONE = json.dumps({"AvailabilityZoneID": "use1-az1"})
_CACHE_CONTROL = "private, max-age=43200, immutable"


def response(method: str, authorization: str) -> HttpResponse:
    """Returns the zone to a GET with the token; `authorization` is the header of that name."""
    if method != "GET":
        return json_response(405, json.dumps({"message": "Method Not Allowed"}))
    if not hmac.compare_digest(authorization.encode(), f"Bearer {TOKEN}".encode()):
        return json_response(401, json.dumps({"message": "Unauthorized"}))
    return json_response(200, _ZONE).with_headers((("Cache-Control", _CACHE_CONTROL),))
