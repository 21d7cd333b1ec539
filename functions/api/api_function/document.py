"""The table of operations as an OpenAPI document.

https://spec.openapis.org/oas/v3.1.1.html
"""

from typing import Any

from dashboard_http.events import EVENT_TYPES
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from api_function.operations import (
    EVENT_STREAM,
    FAILED,
    JSON,
    OPERATIONS,
    OUTAGE,
    DocumentedResponse,
    Operation,
    Parameter,
)

BEARER = "bearer"
BEARER_SCHEME = {
    "type": "http",
    "scheme": "bearer",
    "description": "The token of an anonymous session, or of an OpenID issuer.",
}
RENAMED = {"WWW-Authenticate"}  # by the fronts, so that clients may miss it
ABOUT = """Items and metrics over Server-Sent Events, with sessions and configurations.

Errors are `{"detail": ...}`. A `Last-Event-ID` without a meaning leads to a `reset` event, never to
an error. A path with a method that it does not have: 405, with `Allow`. HEAD works where GET does.
The platform may also respond for the service, with a 403, 413, 429, 502, 503 or 504 of its own."""


def document(server: str = "/") -> dict[str, Any]:
    """Returns the document. `server`: the path of the service, where it is more than the origin."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.1",
        "info": {"title": "lambda-sse", "version": "2", "description": ABOUT},
        "servers": [{"url": server}],
        "paths": paths,
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {BEARER: BEARER_SCHEME},
        },
    }


def _is_a_stream(operation: Operation) -> bool:
    return operation.method == "GET" and EVENT_STREAM in operation.responses[200].media


def _operation(operation: Operation) -> dict[str, Any]:
    own = dict(operation.responses)
    if not _is_a_stream(operation):  # contract.md: a stream is never answered with 500
        own[500] = FAILED
    if operation.uses_table:
        own.setdefault(503, OUTAGE)
    responses = dict(sorted(own.items()))
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "responses": {str(status): _response(each) for status, each in responses.items()},
        "security": [{BEARER: []}] if operation.protected else [],
    }
    if operation.parameters:
        described["parameters"] = [_parameter(each) for each in operation.parameters]
    if operation.body:
        described["requestBody"] = {
            "required": True,
            "content": {JSON: {"schema": _reference(operation.body)}},
        }
    return described


def _response(documented: DocumentedResponse) -> dict[str, Any]:
    response: dict[str, Any] = {"description": documented.description}
    if documented.headers:
        response["headers"] = {
            name: _header(name, about) for name, about in documented.headers.items()
        }
    if documented.model:
        response["content"] = {JSON: {"schema": _reference(documented.model)}}
    elif documented.media:
        response["content"] = {kind: _body_of(kind) for kind in documented.media}
    return response


def _header(name: str, about: str) -> dict[str, Any]:
    return {
        "description": about,
        "required": name not in RENAMED,
        "schema": {"type": "string"},
    }


def _body_of(kind: str) -> dict[str, Any]:
    if kind == EVENT_STREAM:  # 3.1 has no word for what the events of a stream are
        events = {name: _reference(model) for model, name in EVENT_TYPES.items()}
        return {"schema": {"type": "string"}, "x-events": events}
    schema = "object" if kind == JSON else "string"
    return {"schema": {"type": schema}}


def _parameter(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": parameter.place,
        "description": parameter.description,
        "required": parameter.place == "path",
        "schema": dict(parameter.schema),
    }


def _reference(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{model.__name__}"}


def _schemas() -> dict[str, Any]:
    received = {operation.body for operation in OPERATIONS if operation.body}
    models: list[tuple[type[BaseModel], JsonSchemaMode]] = []
    models += [(each, "validation") for each in received]
    models += [(each, "serialization") for each in _sent_models()]
    _, schemas = models_json_schema(
        sorted(models, key=_by_name), ref_template="#/components/schemas/{model}"
    )
    definitions: dict[str, Any] = schemas["$defs"]
    return definitions


def _sent_models() -> set[type[BaseModel]]:
    responses = [each for operation in OPERATIONS for each in operation.responses.values()]
    return {each.model for each in responses if each.model} | set(EVENT_TYPES)


def _by_name(model: tuple[type, JsonSchemaMode]) -> str:
    return model[0].__name__
