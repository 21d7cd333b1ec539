"""The OpenAPI document, made when somebody asks for it: most environments never need pydantic's schemas."""

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import Router
from dashboard_http.front import answer

PATH = "/api/v2/openapi.json"


def add_document_routes(router: Router) -> None:
    @router.get(PATH)
    def openapi() -> Response:
        from api_function.document import document

        return answer(200, document(_server(router.current_event.raw_event)))


def _server(payload: dict) -> str:
    """Behind a stage or a base path, that path: API Gateway tells it with the request."""
    asked_for = str(payload["requestContext"].get("path") or "")
    return asked_for.removesuffix(PATH) if asked_for.endswith(PATH) and asked_for != PATH else "/"
