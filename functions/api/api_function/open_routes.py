"""What anyone may ask: health, the current metrics, the state of the streams, a session of one's own."""

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import Router
from dashboard_data import FeedEntry, scopes_of, utc_text
from dashboard_http.front import NO_STORE, answer
from dashboard_http.identity import bearer_token
from dashboard_http.requests import single_header

from api_function.parts import Parts

RECENT = 20


def add_open_routes(router: Router, parts: Parts) -> None:
    @router.get("/health")
    def health() -> Response:
        try:
            parts.feed.head()
        except Exception as error:
            return answer(503, {"status": "unhealthy", "table": type(error).__name__, "timestamp": _now(parts)})
        return answer(200, {"status": "healthy", "table": "ok", "timestamp": _now(parts)})

    @router.get("/api/v2/metrics")
    def metrics() -> Response:
        head = parts.feed.head()  # position first, then data: as a stream starts
        window = parts.metrics.window(head.epoch, scopes_of(None))
        recent = [_shown(entry) for entry in parts.feed.recent(head.cursor, RECENT)]
        now = parts.clock()
        return answer(200, {**window.snapshot(now), "recent_items": recent, "items_by_minute": window.by_minute(now)})

    @router.get("/api/v2/stream/status")
    def status() -> Response:
        connections = parts.connections.open_count()
        limit = parts.connections.limit
        return answer(
            200,
            {
                "connections": connections,
                "max_connections": limit,
                "available": max(0, limit - connections),
                "uptime_seconds": round(parts.clock() - parts.started_at, 3),
            },
        )

    @router.post("/api/v2/stream/connections/<connection_id>/close")
    def close(connection_id: str) -> Response:
        parts.connections.ask_to_close(connection_id)  # whether there is such a stream is nobody's business
        return Response(204, headers=NO_STORE)

    @router.post("/api/v2/auth/anonymous")
    def anonymous() -> Response:
        created = parts.sessions.create_anonymous()
        body = {"token": created.token, "user_id": created.user_id, "expires_at": utc_text(created.expires_at)}
        return answer(201, body)

    @router.delete("/api/v2/auth/anonymous")
    def sign_out() -> Response:
        if token := bearer_token(single_header(router.current_event, "authorization")):
            parts.sessions.revoke(token)
        return Response(204, headers=NO_STORE)


def _shown(entry: FeedEntry) -> dict:
    return entry.item.data()


def _now(parts: Parts) -> str:
    return utc_text(parts.clock())
