"""Reads the routes of an OpenAPI definition.

A route is an operation with `x-amazon-apigateway-integration`; its `responseTransferMode` and
`timeoutInMillis` are used.
Page api-gateway-swagger-extensions-integration.html in
https://docs.aws.amazon.com/apigateway/latest/developerguide/
"""

from collections.abc import Callable, Mapping
from typing import Any

from local_lambda.application import Route
from local_lambda.template.cloudformation import TemplateError

INTEGRATION = "x-amazon-apigateway-integration"
ANY_METHOD = "x-amazon-apigateway-any-method"
_STREAMING_PATH = "/response-streaming-invocations"
_BUFFERED_PATH = "/invocations"
_METHODS = ("get", "head", "post", "put", "patch", "delete", "options")


def read_routes(
    body: dict[str, Any],
    functions: Mapping[str, str],
    binary_media_types: tuple[str, ...],
    warn: Callable[[str], None],
) -> list[Route]:
    """Reads the routes. `functions` are logical ids by ARN. Raises TemplateError."""
    own_types = tuple(body.get("x-amazon-apigateway-binary-media-types") or ())
    routes = []
    for path, item in (body.get("paths") or {}).items():
        for key, operation in item.items():
            if key not in (ANY_METHOD, *_METHODS) or not isinstance(operation, dict):
                continue
            method = "ANY" if key == ANY_METHOD else key.upper()
            integration = operation.get(INTEGRATION)
            if not isinstance(integration, dict) or not _is_lambda_proxy(integration):
                warn(f"{method} {path}: its integration is not emulated")
                continue
            where = f"{method} {path}"
            route = Route(
                method=method,
                path=path,
                function=_function(where, integration, functions),
                streaming=_streams(where, integration, warn),
                timeout_s=float(integration.get("timeoutInMillis", 29_000)) / 1000,
                binary_media_types=binary_media_types + own_types,
            )
            routes.append(route)
    return routes


def _is_lambda_proxy(integration: dict[str, Any]) -> bool:
    return str(integration.get("type", "")).lower() == "aws_proxy"


def _function(where: str, integration: dict[str, Any], functions: Mapping[str, str]) -> str:
    path = str(integration.get("uri", "")).partition("/functions/")[2]
    arn = path.removesuffix(_STREAMING_PATH).removesuffix(_BUFFERED_PATH)
    if arn not in functions:
        raise TemplateError(f"{where}: no function of this template has the ARN {arn!r}")
    return functions[arn]


def _streams(where: str, integration: dict[str, Any], warn: Callable[[str], None]) -> bool:
    mode = integration.get("responseTransferMode", "BUFFERED")
    if mode not in ("BUFFERED", "STREAM"):
        raise TemplateError(
            f"{where}: responseTransferMode {mode!r} is neither BUFFERED nor STREAM"
        )
    uri = str(integration.get("uri", ""))
    if (mode == "STREAM") != uri.endswith(_STREAMING_PATH):
        warn(
            f"{where}: responseTransferMode {mode} does not match its uri;"
            " AWS does not support this combination"
        )
    return mode == "STREAM"
