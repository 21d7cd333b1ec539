"""One set of routes behind both fronts: API Gateway (payload format 1.0) and Function URL (2.0)."""

import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NamedTuple

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import ApiGatewayResolver, Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.exceptions import NotFoundError, ServiceError
from aws_lambda_powertools.utilities.data_classes import (
    APIGatewayProxyEvent,
    LambdaFunctionUrlEvent,
)

from dashboard_http.compression import Compression
from dashboard_http.cors import Cors
from dashboard_http.observing import count_failure, log_request
from dashboard_http.outage import is_outage
from dashboard_http.paths import routed_path
from dashboard_http.resolvers import FunctionUrlResolver, Resolvers, RestApiResolver
from dashboard_http.results import with_headers
from dashboard_http.shape import is_http_request

JSON = "application/json"
NO_STORE = {"Cache-Control": "no-store"}
# On every response. A page on another origin that CORS admits may read them all the same.
# https://www.rfc-editor.org/rfc/rfc6797
# https://fetch.spec.whatwg.org/#cross-origin-resource-policy-header
SECURITY = {
    "Strict-Transport-Security": "max-age=31536000",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
OUTAGE = "The table cannot be read at the moment"
OUTAGE_RETRY_S = 5
UNKNOWN_ROUTE = "none"
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
        _pattern(rule)  # compiled now, before the first request
        return super().route(rule, method, *args, **kwargs)

    def at(self, path: str) -> dict[str, str]:
        """Returns the rules that match this path, by method."""
        return {method: rule for method, rule in self.known if _pattern(rule).fullmatch(path)}

    def methods_at(self, path: str) -> list[str]:
        """Returns the methods that this path has. Where there is a GET, there is a HEAD."""
        found = set(self.at(path))
        if "GET" in found:
            found.add("HEAD")
        return sorted(found)


@cache
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
    routes: Callable[[], Routes],
    cors: Cors,
    logger: Logger,
    *,
    timer: Callable[[], float],
    base_path: str = "",
    compression: Compression | None = None,
) -> Handler:
    """Makes the Lambda handler for the routes that `routes` builds, once for each front.

    It is safe with several invocations at once. `timer`: seconds since any moment, for the log.
    `base_path`: what stands before each path on the Function URL. `compression`: of bodies that are
    texts; without it none is compressed.
    """
    fronts = _Fronts(routes, logger)

    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        started_s = timer()
        if not is_http_request(event):  # somebody tries the function, or the platform calls it
            logger.info("request.not_http")
            return NOT_HTTP
        request = event["requestContext"]
        headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
        method = str(event.get("httpMethod") or request.get("http", {}).get("method")).upper()
        asked = _Request(event, method, routed_path(event, base_path))
        result = cors.preflight(method, headers) or fronts.resolve(asked, context)
        if compression:
            result = compression.applied(event, result)
        log_request(
            logger,
            event,
            method=method,
            route=fronts.route_of(asked),
            status=result["statusCode"],
            duration_s=timer() - started_s,
        )
        return with_headers(result, {**SECURITY, **cors.headers(headers)})

    return handler


class _Request(NamedTuple):
    """A request as it came, and what the routes see of it."""

    payload: dict[str, Any]
    method: str
    path: str

    @property
    def is_on_function_url(self) -> bool:
        return "http" in self.payload["requestContext"]

    def routed(self, method: str) -> dict[str, Any]:
        """Returns the payload with this method, and the path below stage and base path."""
        if not self.is_on_function_url:
            return {**self.payload, "path": self.path, "httpMethod": method}
        context = self.payload["requestContext"]
        http = {**context["http"], "method": method}
        return {
            **self.payload,
            "rawPath": self.path,
            "requestContext": {**context, "stage": "$default", "http": http},
        }


class _Fronts:
    """The routes behind both fronts, and a pool of resolvers for each. Safe with threads."""

    def __init__(self, routes: Callable[[], Routes], logger: Logger) -> None:
        self._build = routes
        self._logger = logger
        self._routes = routes()  # for looking up rules alone
        self._rest_api = Resolvers(lambda: self._with_routes(RestApiResolver()))
        self._function_url = Resolvers(lambda: self._with_routes(FunctionUrlResolver()))

    def _with_routes(self, resolver: ApiGatewayResolver) -> ApiGatewayResolver:
        routes = self._build()
        resolver.include_router(routes)
        _add_error_responses(resolver, routes, self._logger)
        return resolver

    def resolve(self, asked: _Request, context: Any) -> dict[str, Any]:
        """Returns the response. Without a route of its own, HEAD has the response of GET.

        That includes the body. HTTP forbids to send it, so the front drops it, and can state its
        length. https://www.rfc-editor.org/rfc/rfc9110#section-9.3.2
        """
        method = asked.method
        if method == "HEAD" and "HEAD" not in self._routes.at(asked.path):
            method = "GET"
        payload = asked.routed(method)
        if asked.is_on_function_url:
            return self._function_url.resolve(LambdaFunctionUrlEvent(payload), context)
        return self._rest_api.resolve(APIGatewayProxyEvent(payload), context)

    def route_of(self, asked: _Request) -> str:
        """Returns the rule of the route, or of another method's at this path: never the path."""
        rules = self._routes.at(asked.path)
        return rules.get(asked.method) or next(iter(rules.values()), UNKNOWN_ROUTE)


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
        outage = is_outage(error)
        logger.error("request.failed", error=type(error).__name__, outage=outage, exc_info=error)
        count_failure(outage=outage)
        if outage:
            return refuse(503, OUTAGE, {"Retry-After": str(OUTAGE_RETRY_S)})
        return refuse(500, "Internal error")
