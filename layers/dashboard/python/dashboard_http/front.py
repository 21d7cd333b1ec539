"""One set of routes behind both fronts: API Gateway (payload format 1.0) and Function URLs (2.0)."""

import json
import re
from collections.abc import Callable, Mapping
from threading import local
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, LambdaFunctionUrlResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError, ServiceError
from aws_lambda_powertools.event_handler.router import Router
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent, LambdaFunctionUrlEvent

from dashboard_http.cors import Cors

JSON = "application/json"
NO_STORE = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
Handler = Callable[[dict[str, Any], Any], dict[str, Any]]


class Routes(Router):
    """Routes that know what they are, so that a known path with another method is not taken for an unknown one."""

    def __init__(self) -> None:
        super().__init__()
        self.known: list[tuple[str, str]] = []  # method and rule

    def route(self, rule: str, method: str, *args: Any, **kwargs: Any) -> Any:
        self.known.append((method, rule))
        return super().route(rule, method, *args, **kwargs)

    def methods_at(self, path: str) -> list[str]:
        return sorted({method for method, rule in self.known if re.fullmatch(re.sub("<[^>]+>", "[^/]+", rule), path)})


def answer(status: int, body: Any, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer that nobody caches."""
    return Response(status, JSON, json.dumps(body, separators=(",", ":")), {**NO_STORE, **(headers or {})})


def refuse(status: int, detail: str, headers: Mapping[str, str] | None = None, **more: Any) -> Response:
    """An error as the contract words it: `{"detail": ...}` and, where it says so, more."""
    return answer(status, {"detail": detail, **more}, headers)


def make_handler(routes: Callable[[], Routes], cors: Cors, logger: Logger, **resolver_options: Any) -> Handler:
    """The Lambda handler for what `routes` builds, once for each front. Safe with several invocations at once."""
    fronts = _Fronts(routes, logger, resolver_options)

    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        request = event.get("requestContext") if isinstance(event, dict) else None
        if not isinstance(request, dict):  # not HTTP: somebody tries the function, or the platform tells something
            logger.info("request.not_http")
            return {"statusCode": 400, "headers": {"Content-Type": JSON}, "body": '{"detail":"Not an HTTP request"}'}
        headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
        method = str(event.get("httpMethod") or request.get("http", {}).get("method")).upper()
        if preflight := cors.preflight(method, headers):
            return _with_headers(preflight, cors.headers(headers))
        result = fronts.resolve("2.0" if "http" in request else "1.0", event, context)
        return _with_headers(result, cors.headers(headers))

    return handler


class _Fronts(local):
    """The resolvers of one thread, each thread's own.

    Powertools keeps the current request in attributes of a class, where threads would find each other's. Put into the
    resolver as well it hides that one.
    """

    def __init__(self, routes: Callable[[], Routes], logger: Logger, options: dict[str, Any]) -> None:
        self._resolvers = {
            "1.0": (APIGatewayRestResolver(**options), APIGatewayProxyEvent),
            "2.0": (LambdaFunctionUrlResolver(**options), LambdaFunctionUrlEvent),
        }
        for resolver, _ in self._resolvers.values():
            resolver.include_router(own := routes())
            _tell_errors(resolver, own, logger)

    def resolve(self, version: str, event: dict[str, Any], context: Any) -> dict[str, Any]:
        resolver, request = self._resolvers[version]
        resolver.current_event, resolver.lambda_context = request(event), context
        return resolver.resolve(event, context)


def _tell_errors(resolver: APIGatewayRestResolver | LambdaFunctionUrlResolver, routes: Routes, logger: Logger) -> None:
    @resolver.not_found
    def not_found(_error: NotFoundError) -> Response:
        request = resolver.current_event
        methods = routes.methods_at(request.path)
        if methods and request.http_method not in methods:
            return refuse(405, "Method not allowed", {"Allow": ", ".join(methods)})
        return refuse(404, "Not found")

    @resolver.exception_handler(ServiceError)
    def service_error(error: ServiceError) -> Response:
        return refuse(error.status_code, str(error.msg))

    @resolver.exception_handler(Exception)
    def unexpected(error: Exception) -> Response:
        logger.error("request.failed", error=type(error).__name__, exc_info=error)
        return refuse(500, "Internal error")


def _with_headers(result: dict[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
    """`result` with single-valued `headers`, in whichever of the two forms it carries its own."""
    if "multiValueHeaders" in result:
        return {**result, "multiValueHeaders": {**result["multiValueHeaders"], **{k: [v] for k, v in headers.items()}}}
    return {**result, "headers": {**result.get("headers", {}), **headers}}
