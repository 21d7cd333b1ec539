"""The routes of the stream function. Whatever can still be refused is decided here, before a byte.

A stream that cannot be opened for any other reason is 200 and its end (outage.py), never 500.
"""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import ApiGatewayResolver, Response
from aws_lambda_powertools.event_handler.exceptions import ServiceError
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit
from dashboard_data import Client, Configuration, Refusal, RefusalReason
from dashboard_http.front import NO_STORE, Routes, refuse
from dashboard_http.identity import Middleware, Principal, Verifier, authorize
from dashboard_http.outage import is_outage
from dashboard_http.requests import (
    TrustedProxy,
    address_of,
    anonymous_client,
    single_header,
    user_client,
)
from dashboard_setup.settings import Settings

from stream_function.life import Life
from stream_function.observer import Observer
from stream_function.outage import CANNOT_OPEN, TABLE_UNREADABLE, farewell
from stream_function.subscription import StreamDependencies, StreamStart, Subscription

HEADERS = {"X-Accel-Buffering": "no"}
EVENT_STREAM = "text/event-stream"
REFUSALS = {
    RefusalReason.FULL: (503, "Maximum connections reached"),
    RefusalReason.BUSY: (503, "Too many connections are opening at this moment"),
    RefusalReason.CLIENT_FULL: (429, "Too many connections from this client"),
    RefusalReason.LEFT: (410, "The client has closed this connection already"),
}
ANYONE = Principal("")
POSITION_PARAMETERS = ("last_event_id", "lastEventId")


def stream_routes(dependencies: StreamDependencies, verify: Verifier, settings: Settings) -> Routes:
    """`GET /api/v2/stream`, `GET /api/v2/configurations/<config_id>/stream`, and their close call.

    The API has the close call too: a page says goodbye to whichever front it streams from.
    """
    router = Routes()
    proxy = None
    if settings.proxy_secret:
        proxy = TrustedProxy(settings.proxy_address_header, settings.proxy_secret)
    authorized = authorize(verify, settings.trust_user_id)
    anyone = [_unavailable_for("global", dependencies)]
    protected = [_unavailable_for("configuration", dependencies), authorized]

    @router.post("/api/v2/stream/connections/<connection_id>/close")
    def close(connection_id: str) -> Response[Any]:
        # contract.md: the same response whether or not the stream exists.
        dependencies.slots.ask_to_close(connection_id)
        return Response(204, headers=NO_STORE)

    @router.head("/api/v2/stream")
    def global_headers() -> Response[Any]:
        return _headers_alone("no-cache")

    @router.head("/api/v2/configurations/<config_id>/stream", middlewares=[authorized])
    def configuration_headers(config_id: str) -> Response[Any]:
        principal: Principal = router.context["principal"]
        if dependencies.configurations.get(principal.user_id, config_id) is None:
            return refuse(404, "Configuration not found")
        return _headers_alone("no-store")

    @router.get("/api/v2/stream", middlewares=anyone)
    def global_stream() -> Response[Any]:
        return _open("global", ANYONE, None)

    @router.get("/api/v2/configurations/<config_id>/stream", middlewares=protected)
    def configuration_stream(config_id: str) -> Response[Any]:
        principal: Principal = router.context["principal"]
        configuration = dependencies.configurations.get(principal.user_id, config_id)
        if configuration is None:
            return refuse(404, "Configuration not found")
        return _open("configuration", principal, configuration)

    def _open(
        stream: str, principal: Principal, configuration: Configuration | None
    ) -> Response[Any]:
        request = router.current_event
        context = router.lambda_context
        now_s = dependencies.clock()
        client = _client(request, principal, proxy)
        last_event_id = _last_event_id(request)
        with dependencies.door.open():
            resumption = dependencies.feed.resume(last_event_id)
            lease = dependencies.slots.take(client, single_header(request, "x-connection-key"))
        if isinstance(lease, Refusal):
            return _refused(lease, stream, client.client_id, dependencies.logger)
        fields = {
            # Enough to find it by; the whole id ends the stream.
            "connection_id": lease.connection_id[:8],
            "client": client.client_id,
            "stream": stream,
            "cursor": None if resumption.reset else (last_event_id or "")[:64],
            "reset": resumption.reset,
            "request_id": context.aws_request_id,
        }
        start = StreamStart(
            resumption=resumption,
            lease=lease,
            life=Life.drawn(
                now_s,
                life_s=settings.stream_life_s,
                left_s=context.get_remaining_time_in_millis() / 1000,
                expires_at_s=principal.expires_at_s,
                uniform=dependencies.uniform,
            ),
            session=principal.session,
            configuration=configuration,
        )
        subscription = Subscription(
            dependencies,
            start,
            Observer(dependencies.logger, dependencies.clock, dependencies.meters, fields),
            heartbeat_s=settings.heartbeat_s,
        )
        headers = {
            **HEADERS,
            "Cache-Control": "no-store" if configuration else "no-cache",
            "X-Connection-Id": lease.connection_id,
        }
        return Response(200, EVENT_STREAM, subscription, headers)

    return router


def _headers_alone(caching: str) -> Response[Any]:
    """Makes the response to a HEAD request, which takes no slot and so is never refused one."""
    return Response(200, EVENT_STREAM, "", {**HEADERS, "Cache-Control": caching})


def _unavailable_for(stream: str, dependencies: StreamDependencies) -> Middleware:
    """Returns the middleware that makes an ended stream of whatever fails while one opens."""

    def middleware(app: ApiGatewayResolver, next_middleware: NextMiddleware) -> Response[Any]:
        try:
            return next_middleware(app)
        except ServiceError:
            raise
        except Exception as error:
            fields = {"stream": stream, "error": type(error).__name__}
            dependencies.logger.warning("stream.unavailable", extra=fields, exc_info=error)
            _count("StreamsUnavailable", stream=stream)
            why = TABLE_UNREADABLE if is_outage(error) else CANNOT_OPEN
            body = farewell(why, dependencies.uniform).decode()
            return Response(200, EVENT_STREAM, body, {**HEADERS, "Cache-Control": "no-store"})

    return middleware


def _count(metric: str, **dimensions: str) -> None:
    metrics = EphemeralMetrics()
    for name, value in dimensions.items():
        metrics.add_dimension(name, value)
    metrics.add_metric(metric, MetricUnit.Count, 1)
    metrics.flush_metrics()


def _refused(refusal: Refusal, stream: str, client_id: str, logger: Logger) -> Response[Any]:
    status, detail = REFUSALS[refusal.reason]
    fields = {"stream": stream, "client": client_id, "reason": refusal.reason}
    logger.warning("stream.refused", extra=fields)
    _count("StreamsRefused", stream=stream, reason=refusal.reason)
    if refusal.reason == RefusalReason.LEFT:
        return refuse(status, detail)
    retry_after_s = max(1, round(refusal.retry_after_s))
    more: dict[str, Any] = {"retry_after": retry_after_s}
    if status == 503:
        more = {"max_connections": refusal.limit, **more}
    return refuse(status, detail, {"Retry-After": str(retry_after_s)}, **more)


def _client(request: Any, principal: Principal, proxy: TrustedProxy | None) -> Client:
    """Returns the client whose shares a stream takes.

    Anonymous sessions cost nothing, so they do not multiply the share of an address. The address of
    a gateway that vouches for its users is not theirs, unless it says theirs, too.
    """
    address = address_of(request, proxy)
    if principal is ANYONE or principal.session:
        return anonymous_client(address, authenticated=principal is not ANYONE)
    if principal.by_gateway and proxy is None:
        return user_client(principal.user_id, None)
    return user_client(principal.user_id, address)


def _last_event_id(request: Any) -> str | None:
    """Returns the header, or else a query parameter.

    Clients that cannot set headers use a parameter: by the name in our documents, or by the one
    that EventSource polyfills use.
    """
    header = single_header(request, "last-event-id")
    if header is not None:
        return header
    query = request.query_string_parameters or {}
    for name in POSITION_PARAMETERS:
        if value := query.get(name):
            return str(value)
    return None
