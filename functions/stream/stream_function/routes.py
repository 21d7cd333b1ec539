"""The two stream routes: everything that can still be refused is decided here, before the first byte."""

import secrets
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit
from dashboard_data import BUSY, CLIENT_FULL, FULL, LEFT, Configuration, DynamoDbConfigurations, Refusal
from dashboard_http.front import Routes, refuse
from dashboard_http.identity import Principal, Verifier, authorize
from dashboard_http.requests import client_at, client_who_is, single_header
from dashboard_setup.settings import Settings

from stream_function.life import Life
from stream_function.observer import Observer
from stream_function.subscription import Opened, Sources, Subscription

HEADERS = {"X-Accel-Buffering": "no", "X-Content-Type-Options": "nosniff"}
REFUSALS = {
    FULL: (503, "Maximum connections reached"),
    BUSY: (503, "Too many connections are opening at this moment"),
    CLIENT_FULL: (429, "Too many connections from this client"),
    LEFT: (410, "The client has closed this connection already"),
}
ANYONE = Principal("")


def stream_routes(
    sources: Sources, configurations: DynamoDbConfigurations, verify: Verifier, settings: Settings, logger: Logger
) -> Routes:
    """`GET /api/v2/stream` and `GET /api/v2/configurations/<config_id>/stream`."""
    router = Routes()

    @router.get("/api/v2/stream")
    def global_stream() -> Response:
        return _open("global", ANYONE, None)

    @router.get("/api/v2/configurations/<config_id>/stream", middlewares=[authorize(verify, settings.trust_user_id)])
    def configuration_stream(config_id: str) -> Response:
        principal: Principal = router.context["principal"]
        configuration = configurations.get(principal.user_id, config_id)
        if configuration is None:
            return refuse(404, "Configuration not found")
        return _open("configuration", principal, configuration)

    def _open(stream: str, principal: Principal, configuration: Configuration | None) -> Response:
        request, context, now = router.current_event, router.lambda_context, sources.clock()
        client = _client(request, principal)
        asked = _last_event_id(request)
        resumption = sources.feed.resume(asked)
        lease = sources.connections.take(client, single_header(request, "x-connection-key"))
        if isinstance(lease, Refusal):
            return _refused(lease, stream, client)
        left_s = context.get_remaining_time_in_millis() / 1000
        fields = {
            "connection_id": lease.connection_id[:8],  # enough to find it by; the whole id ends the stream
            "client": client,
            "stream": stream,
            "cursor": (asked or "")[:64] if not resumption.reset else None,
            "reset": resumption.reset,
            "request_id": context.aws_request_id,
        }
        life = Life.drawn(now, settings.stream_life_s, left_s, principal.expires_at, sources.uniform)
        opened = Opened(resumption, lease, life, principal.session, configuration)
        observer = Observer(logger, sources.clock, fields)
        frames = Subscription(sources, opened, observer, secrets.token_hex(4)).frames()
        caching = {"Cache-Control": "no-store" if configuration else "no-cache"}
        headers = {**HEADERS, **caching, "X-Connection-Id": lease.connection_id}
        return Response(200, "text/event-stream", frames, headers)

    def _refused(refusal: Refusal, stream: str, client: str) -> Response:
        status, detail = REFUSALS[refusal.reason]
        logger.warning("stream.refused", extra={"stream": stream, "client": client, "reason": refusal.reason})
        metrics = EphemeralMetrics()
        metrics.add_dimension("stream", stream)
        metrics.add_dimension("reason", refusal.reason)
        metrics.add_metric("StreamsRefused", MetricUnit.Count, 1)
        metrics.flush_metrics()
        if refusal.reason == LEFT:
            return refuse(status, detail)
        more: dict[str, Any] = {"max_connections": refusal.limit} if status == 503 else {}
        retry_after_s = max(1, round(refusal.retry_after_s))
        return refuse(status, detail, {"Retry-After": str(retry_after_s)}, **more, retry_after=retry_after_s)

    return router


def _client(request: Any, principal: Principal) -> str:
    """Whose share a stream takes. Anonymous sessions cost nothing, so they do not multiply what an address has."""
    anonymous = principal is ANYONE or principal.session
    return client_at(request) if anonymous else client_who_is(principal.user_id)


def _last_event_id(request: Any) -> str | None:
    """The header, or the query parameter for a first connect of clients that cannot set headers."""
    header = single_header(request, "last-event-id")
    return (request.query_string_parameters or {}).get("last_event_id") or None if header is None else header
