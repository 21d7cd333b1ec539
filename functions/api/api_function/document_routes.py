"""The OpenAPI document, made on request: most environments never need pydantic's schemas."""

from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from dashboard_http.front import json_response
from dashboard_http.paths import requested_path

PATH = "/api/v2/openapi.json"


def add_document_routes(router: Router) -> None:
    @router.get(PATH)
    def openapi() -> Response[Any]:
        from api_function.document import document

        return json_response(200, document(_server(router.current_event.raw_event)))


def _server(payload: dict[str, Any]) -> str:
    """Returns the stage or base path in front of the service: the fronts send it along."""
    requested = requested_path(payload).rstrip("/")
    if not requested.endswith(PATH):
        return "/"
    return requested.removesuffix(PATH) or "/"
