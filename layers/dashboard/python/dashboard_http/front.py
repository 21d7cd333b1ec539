"""One set of routes behind both fronts: API Gateway (payload format 1.0) and Function URL (2.0)."""

import json
import re
from collections.abc import Callable, Mapping
from threading import local
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import (
    ApiGatewayResolver,
    APIGatewayRestResolver,
    LambdaFunctionUrlResolver,
    Response,
)
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.exceptions import NotFoundError, ServiceError
from aws_lambda_powertools.utilities.data_classes import (
    APIGatewayProxyEvent,
    LambdaFunctionUrlEvent,
)

from dashboard_http.cors import Cors

JSON = "application/json"
NO_STORE = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
NOT_HTTP = {
    "statusCode": 400,
    "headers": {"Content-Type": JSON},
    "body": '{"detail":"Not an HTTP request"}',
}
Handler = Callable[[dict[str, Any], Any], dict[str, Any]]


class Routes(Router):
    """Routes that are listed, so that a known path with another method is not an unknown path."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.known: list[tuple[str, str]] = []  # method and rule

    def route(self, rule: str, method: Any, *args: Any, **kwargs: Any) -> Any:
        self.known.append((method, rule))
        return super().route(rule, method, *args, **kwargs)

    def methods_at(self, path: str) -> list[str]:
        """Returns the methods of the routes that match this path."""
        found = {method for method, rule in self.known if _pattern(rule).fullmatch(path)}
        return sorted(found)


def _pattern(rule: str) -> re.Pattern[str]:
    return re.compile(re.sub("<[^>]+>", "[^/]+", rule))


def json_response(
    status: int, body: Any, headers: Mapping[str, str] | None = None
) -> Response[Any]:
    """Makes a JSON response that is not cached."""
    text = json.dumps(body, separators=(",", ":"))
    return Response(status, JSON, text, {**NO_STORE, **(headers or {})})


def refuse(
    status: int, detail: str, headers: Mapping[str, str] | None = None, **more: Any
) -> Response[Any]:
    """Makes an error as docs/contract.md has it: `{"detail": ...}` and, where it says so, more."""
    return json_response(status, {"detail": detail, **more}, headers)


def make_handler(
    routes: Callable[[], Routes], cors: Cors, logger: Logger, **resolver_options: Any
) -> Handler:
    """Makes the Lambda handler for the routes that `routes` builds, once for each front.

    It is safe with several invocations at once.
    """
    fronts = _Fronts(routes, logger, resolver_options)

    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        request = event.get("requestContext") if isinstance(event, dict) else None
        if not isinstance(request, dict):  # somebody tries the function, or the platform calls it
            logger.info("request.not_http")
            return NOT_HTTP
        headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
        method = str(event.get("httpMethod") or request.get("http", {}).get("method")).upper()
        if preflight := cors.preflight(method, headers):
            return _with_headers(preflight, cors.headers(headers))
        payload_format = "2.0" if "http" in request else "1.0"
        result = fronts.resolve(payload_format, event, context)
        return _with_headers(result, cors.headers(headers))

    return handler


class _Fronts(local):
    """The resolvers of one thread; each thread has its own.

    Powertools keeps the current request in attributes of a class, where threads would find each
    other's. An attribute of the resolver with the same name hides that one.
    """

    def __init__(
        self, routes: Callable[[], Routes], logger: Logger, options: dict[str, Any]
    ) -> None:
        self._resolvers = {
            "1.0": (APIGatewayRestResolver(**options), APIGatewayProxyEvent),
            "2.0": (LambdaFunctionUrlResolver(**options), LambdaFunctionUrlEvent),
        }
        for resolver, _ in self._resolvers.values():
            resolver.include_router(own := routes())
            _add_error_responses(resolver, own, logger)

    def resolve(self, payload_format: str, event: dict[str, Any], context: Any) -> dict[str, Any]:
        resolver, request = self._resolvers[payload_format]
        resolver.current_event = request(event)
        resolver.lambda_context = context
        return resolver.resolve(event, context)


def _add_error_responses(resolver: ApiGatewayResolver, routes: Routes, logger: Logger) -> None:
    @resolver.not_found
    def not_found(_error: NotFoundError) -> Response[Any]:
        request = resolver.current_event
        methods = routes.methods_at(request.path)
        if methods and request.http_method not in methods:
            return refuse(405, "Method not allowed", {"Allow": ", ".join(methods)})
        return refuse(404, "Not found")

    @resolver.exception_handler(ServiceError)
    def service_error(error: ServiceError) -> Response[Any]:
        return refuse(error.status_code, str(error.msg))

    @resolver.exception_handler(Exception)
    def unexpected(error: Exception) -> Response[Any]:
        logger.error("request.failed", error=type(error).__name__, exc_info=error)
        return refuse(500, "Internal error")


def _with_headers(result: dict[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
    """Adds single-valued `headers`, in whichever of the two forms `result` has its own."""
    if "multiValueHeaders" in result:
        added = {name: [value] for name, value in headers.items()}
        return {**result, "multiValueHeaders": {**result["multiValueHeaders"], **added}}
    return {**result, "headers": {**result.get("headers", {}), **headers}}
