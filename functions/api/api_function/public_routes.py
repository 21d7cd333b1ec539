"""The routes that need no token: health, metrics, the state of the streams, sessions."""

import re
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.exceptions import BadRequestError
from aws_lambda_powertools.utilities.data_classes.common import BaseProxyEvent
from dashboard_data import newest_of, scopes_of, utc_text
from dashboard_http.front import NO_STORE, json_response
from dashboard_http.identity import bearer_token
from dashboard_http.requests import query_values, single_header

from api_function.dependencies import ApiDependencies

RECENT = 20
MOST_TICKERS = 5  # as in a configuration: each costs a query
_TICKER = re.compile(r"[A-Za-z]{1,5}")


def add_public_routes(router: Router, dependencies: ApiDependencies) -> None:
    @router.get("/health")
    def health() -> Response[Any]:
        try:
            dependencies.feed.head()
        except Exception as error:
            return _health(503, "unhealthy", type(error).__name__)
        return _health(200, "healthy", "ok")

    def _health(status: int, state: str, table: str) -> Response[Any]:
        timestamp = utc_text(dependencies.clock())
        body = {"status": state, "table": table, "timestamp": timestamp}
        return json_response(status, body)

    @router.get("/api/v2/metrics")
    def metrics() -> Response[Any]:
        scopes = scopes_of(_tickers_asked_for(router.current_event))
        head = dependencies.feed.head()  # position first, then data: as a stream starts
        window = dependencies.metrics.window(head.epoch, scopes)
        newest = newest_of(dependencies.feed, head, window, RECENT)
        recent = [entry.item.data() for entry in newest]
        now_s = dependencies.clock()
        return json_response(
            200,
            {
                **window.snapshot(now_s),
                "recent_items": recent,
                "items_by_minute": window.by_minute(now_s),
            },
        )

    @router.get("/api/v2/tickers")
    def tickers() -> Response[Any]:
        return json_response(200, dependencies.tickers.get())

    @router.get("/api/v2/stream/status")
    def status() -> Response[Any]:
        connections = dependencies.slots.open_count()
        limit = dependencies.slots.limit
        return json_response(
            200,
            {
                "connections": connections,
                "max_connections": limit,
                "available": max(0, limit - connections),
                "uptime_seconds": round(dependencies.clock() - dependencies.started_at_s, 3),
            },
        )

    @router.post("/api/v2/stream/connections/<connection_id>/close")
    def close(connection_id: str) -> Response[Any]:
        # contract.md: the same response whether or not the stream exists.
        dependencies.slots.ask_to_close(connection_id)
        return Response(204, headers=NO_STORE)

    @router.post("/api/v2/auth/anonymous")
    def anonymous() -> Response[Any]:
        created = dependencies.sessions.create_anonymous()
        body = {
            "token": created.token,
            "user_id": created.user_id,
            "expires_at": utc_text(created.expires_at_s),
        }
        return json_response(201, body)

    @router.delete("/api/v2/auth/anonymous")
    def sign_out() -> Response[Any]:
        if token := bearer_token(single_header(router.current_event, "authorization")):
            dependencies.sessions.revoke(token)
        return Response(204, headers=NO_STORE)


def _tickers_asked_for(request: BaseProxyEvent) -> list[str] | None:
    """Returns the tickers that the query names, in upper case; None if it names none.

    They may come in parameters of their own, or separated by commas. Raises BadRequestError.
    """
    values = query_values(request, "ticker")
    if values is None:
        return None
    named = ",".join(values).split(",")
    tickers = list(dict.fromkeys(each.upper() for each in named))
    if len(tickers) > MOST_TICKERS or not all(map(_TICKER.fullmatch, named)):
        raise BadRequestError(f"ticker: 1 to {MOST_TICKERS} of them, each of 1 to 5 letters")
    return tickers
