"""Routes of an OpenAPI definition: `x-amazon-apigateway-integration` with `responseTransferMode` and `timeoutInMillis`.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-integration.html
"""

from collections.abc import Callable, Mapping
from typing import Any

from local_lambda.application import Route
from local_lambda.template.cloudformation import TemplateError

INTEGRATION = "x-amazon-apigateway-integration"
ANY_METHOD = "x-amazon-apigateway-any-method"
_STREAMING_PATH, _PLAIN_PATH = "/response-streaming-invocations", "/invocations"
_METHODS = ("get", "head", "post", "put", "patch", "delete", "options")


def read_routes(
    body: dict[str, Any],
    functions: Mapping[str, str],
    binary_media_types: tuple[str, ...],
    warn: Callable[[str], None],
) -> list[Route]:
    """`functions` are logical ids by ARN. Raises TemplateError."""
    own_types = tuple(body.get("x-amazon-apigateway-binary-media-types") or ())
    routes = []
    for path, item in (body.get("paths") or {}).items():
        for key, operation in item.items():
            method = "ANY" if key == ANY_METHOD else key.upper()
            if key not in (ANY_METHOD, *_METHODS) or not isinstance(operation, dict):
                continue
            types = binary_media_types + own_types
            route = _route(method, path, operation.get(INTEGRATION), functions, types, warn)
            if route is None:
                warn(f"{method} {path}: its integration is not emulated")
            else:
                routes.append(route)
    return routes


def _route(method: str, path: str, integration: Any, functions, types, warn) -> Route | None:
    if not isinstance(integration, dict) or str(integration.get("type", "")).lower() != "aws_proxy":
        return None
    uri, mode = str(integration.get("uri", "")), integration.get("responseTransferMode", "BUFFERED")
    if mode not in ("BUFFERED", "STREAM"):
        raise TemplateError(
            f"{method} {path}: responseTransferMode {mode!r} is neither BUFFERED nor STREAM"
        )
    if (mode == "STREAM") != uri.endswith(_STREAMING_PATH):
        warn(
            f"{method} {path}: responseTransferMode {mode} does not go with its uri; AWS does not support that"
        )
    arn = uri.partition("/functions/")[2].removesuffix(_STREAMING_PATH).removesuffix(_PLAIN_PATH)
    if arn not in functions:
        raise TemplateError(f"{method} {path}: no function of this template has the ARN {arn!r}")
    timeout_s = float(integration.get("timeoutInMillis", 29_000)) / 1000
    return Route(method, path, functions[arn], mode == "STREAM", timeout_s, types)
