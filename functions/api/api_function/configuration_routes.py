"""A user's own configurations. Another user's look as if they did not exist."""

import json
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.exceptions import BadRequestError, ServiceError
from dashboard_data import TooManyConfigurations
from dashboard_data.users.drafts import ConfigurationDraft, detail
from dashboard_http.front import NO_STORE, json_response, refuse
from dashboard_http.identity import Principal, authorize
from pydantic import ValidationError

from api_function.dependencies import ApiDependencies

COLLECTION = "/api/v2/configurations"
ONE = f"{COLLECTION}/<config_id>"
LONGEST_BODY = 10_000


def add_configuration_routes(router: Router, dependencies: ApiDependencies) -> None:
    protected = [authorize(dependencies.verify, dependencies.trust_user_id)]

    @router.get(COLLECTION, middlewares=protected)
    def list_all() -> Response[Any]:
        found = dependencies.configurations.list_all(_principal(router).user_id)
        return json_response(200, {"configurations": [each.data() for each in found]})

    @router.post(COLLECTION, middlewares=protected)
    def create() -> Response[Any]:
        principal = _principal(router)
        draft = _draft(router)
        expires_at_s = principal.expires_at_s if principal.session else None
        try:
            created = dependencies.configurations.create(
                principal.user_id, draft.name, draft.symbols, expires_at_s=expires_at_s
            )
        except TooManyConfigurations as error:
            return refuse(409, f"configurations: {error}")
        return json_response(201, created.data())

    @router.get(ONE, middlewares=protected)
    def read(config_id: str) -> Response[Any]:
        found = dependencies.configurations.get(_principal(router).user_id, config_id)
        return json_response(200, found.data()) if found else _not_found()

    @router.put(ONE, middlewares=protected)
    def change(config_id: str) -> Response[Any]:
        principal = _principal(router)
        draft = _draft(router)
        changed = dependencies.configurations.update(
            principal.user_id, config_id, name=draft.name, tickers=draft.symbols
        )
        return json_response(200, changed.data()) if changed else _not_found()

    @router.delete(ONE, middlewares=protected)
    def delete(config_id: str) -> Response[Any]:
        deleted = dependencies.configurations.delete(_principal(router).user_id, config_id)
        return Response(204, headers=NO_STORE) if deleted else _not_found()


def _principal(router: Router) -> Principal:
    principal: Principal = router.context["principal"]
    return principal


def _not_found() -> Response[Any]:
    return refuse(404, "Configuration not found")


def _draft(router: Router) -> ConfigurationDraft:
    try:
        text = router.current_event.decoded_body or ""
    except ValueError:
        raise BadRequestError("body: not a text in UTF-8") from None
    if len(text) > LONGEST_BODY:
        raise ServiceError(413, f"body: longer than {LONGEST_BODY} characters")
    try:
        sent = json.loads(text)
    except (ValueError, RecursionError):
        raise BadRequestError("body: not JSON") from None
    try:
        return ConfigurationDraft.model_validate(sent)
    except ValidationError as error:
        raise ServiceError(422, detail(error)) from None
