"""The table of operations as an OpenAPI document: https://spec.openapis.org/oas/v3.1.1.html"""

from collections.abc import Iterator
from typing import Any

from dashboard_http.events import EVENT_TYPES
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from api_function.operations import EVENT_STREAM, FAILED, JSON, OPERATIONS, Given, Operation, Parameter

BEARER = "bearer"
RENAMED = {"WWW-Authenticate"}  # by the fronts, so that clients may miss it
ABOUT = """Items and metrics over Server-Sent Events, and what is needed beside them.

Errors are `{"detail": ...}`. A `Last-Event-ID` that means nothing is answered with a `reset` event, never with
an error. A path that is asked with a method it does not have: 405, with `Allow`.
Besides what is named here, the platform may answer for the service with 403, 413, 429, 502, 503 or 504 of its own."""


def document(server: str = "/") -> dict[str, Any]:
    """The whole document. `server`: the address of the service, as far as it is more than the origin."""
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
            "securitySchemes": {
                BEARER: {"type": "http", "scheme": "bearer", "description": "Of an anonymous session, or an issuer's."}
            },
        },
    }


def _operation(operation: Operation) -> dict[str, Any]:
    answers = dict(sorted((operation.answers | {500: FAILED}).items()))
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "responses": {str(status): _answer(given) for status, given in answers.items()},
        "security": [{BEARER: []}] if operation.protected else [],
    }
    if operation.parameters:
        described["parameters"] = [_parameter(each) for each in operation.parameters]
    if operation.body:
        described["requestBody"] = {"required": True, "content": {JSON: {"schema": _reference(operation.body)}}}
    return described


def _answer(given: Given) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": given.description}
    if given.headers:
        answer["headers"] = {
            name: {"description": about, "required": name not in RENAMED, "schema": {"type": "string"}}
            for name, about in given.headers.items()
        }
    if given.model:
        answer["content"] = {JSON: {"schema": _reference(given.model)}}
    elif given.media:
        answer["content"] = {kind: _body_of(kind) for kind in given.media}
    return answer


def _body_of(kind: str) -> dict[str, Any]:
    if kind == EVENT_STREAM:  # 3.1 has no word for what the events of a stream are
        events = {name: _reference(model) for model, name in EVENT_TYPES.items()}
        return {"schema": {"type": "string"}, "x-events": events}
    return {"schema": {"type": "object" if kind == JSON else "string"}}


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
    sent = {operation.body for operation in OPERATIONS if operation.body}
    models = [*((each, "validation") for each in sent), *((each, "serialization") for each in _given())]
    _, schemas = models_json_schema(sorted(models, key=_by_name), ref_template="#/components/schemas/{model}")
    return schemas["$defs"]


def _given() -> Iterator[type[BaseModel]]:
    answers = [given for operation in OPERATIONS for given in operation.answers.values()]
    return iter({given.model for given in answers if given.model} | set(EVENT_TYPES))


def _by_name(model: tuple[type[BaseModel], str]) -> str:
    return model[0].__name__
