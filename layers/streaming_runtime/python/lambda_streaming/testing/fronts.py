"""What does each front make of what the runtime sent? The client gets that.

The emulator's own modules (`local_lambda.fronts`) say it. They need nothing but the standard
library.
"""

from __future__ import annotations

import json
from typing import Any

from streaming_runtime.plan import front_of

from local_lambda.fronts import payload_alb, payload_v1, payload_v2
from local_lambda.fronts.payload import ResultError
from local_lambda.http.messages import HttpResponse

FUNCTION_URL = "a Function URL"
REST_API = "a REST API"
HTTP_API = "an HTTP API"
HTTP_API_1_0 = "an HTTP API with format 1.0"
LOAD_BALANCER = "a load balancer"
OTHER = "this front"
_FAILED = {
    FUNCTION_URL: payload_v2.BAD_GATEWAY,
    REST_API: payload_v1.BAD_GATEWAY,
    HTTP_API: payload_v2.HTTP_API_FAILED,
    HTTP_API_1_0: payload_v2.HTTP_API_FAILED,
    LOAD_BALANCER: payload_alb.error_page(502),
    OTHER: payload_v1.BAD_GATEWAY,
}


def front_name(payload: Any) -> str:
    """Returns which front a payload comes from; an empty text for none."""
    context = payload.get("requestContext") if isinstance(payload, dict) else None
    if not isinstance(context, dict):
        return OTHER if front_of(payload) else ""  # VPC Lattice's first version
    if "elb" in context:
        return LOAD_BALANCER
    if "http" in context:
        front = front_of(payload)
        return FUNCTION_URL if front and front.streams else HTTP_API
    if "httpMethod" not in payload:
        return OTHER
    return HTTP_API_1_0 if "version" in payload else REST_API


def failed(name: str) -> HttpResponse:
    """Returns the response to an invocation that failed."""
    return _FAILED[name]


def rendered(name: str, payload: Any, body: bytes, content_type: str, *, streams: bool) -> Any:
    """Returns the HttpResponse that a front makes of a result that is not streamed.

    `streams`: the front expects a stream. Raises ResultError, with a sentence.
    """
    if name == FUNCTION_URL and streams:  # the result is the body, proxy JSON included
        return HttpResponse(200, (("Content-Type", content_type),), body)
    if name == REST_API:
        if streams:
            raise ResultError("the route streams, and its function responded with a whole result")
        return payload_v1.render(body, None, ("*/*",))
    if name == LOAD_BALANCER:
        return payload_alb.render(body, multi_value="multiValueHeaders" in payload)
    if name == HTTP_API_1_0:
        return payload_v1.render_for_http_api(body)
    default_type = "text/plain; charset=utf-8" if name == HTTP_API else "application/json"
    return payload_v2.render(body, default_type=default_type)


def of_prelude(prelude: bytes) -> HttpResponse:
    """Returns status and headers of a prelude, which the runtime made."""
    fields = json.loads(prelude)
    headers = [*fields.get("headers", {}).items()]
    for name, values in fields.get("multiValueHeaders", {}).items():
        headers += [(name, value) for value in values]
    headers += [("Set-Cookie", cookie) for cookie in fields.get("cookies", ())]
    return HttpResponse(fields["statusCode"], tuple(headers))
