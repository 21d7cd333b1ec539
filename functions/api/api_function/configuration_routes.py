"""A user's own configurations. Anybody else's look just like none."""

import json

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.exceptions import BadRequestError, ServiceError
from aws_lambda_powertools.event_handler.router import Router
from dashboard_data import TooManyConfigurations
from dashboard_data.users.drafts import ConfigurationDraft, detail
from dashboard_http.front import NO_STORE, answer, refuse
from dashboard_http.identity import Principal, authorize
from pydantic import ValidationError

from api_function.parts import Parts

COLLECTION = "/api/v2/configurations"
ONE = f"{COLLECTION}/<config_id>"
LONGEST_BODY = 10_000


def add_configuration_routes(router: Router, parts: Parts) -> None:
    protected = [authorize(parts.verify, parts.trust_user_id)]

    @router.get(COLLECTION, middlewares=protected)
    def list_all() -> Response:
        found = parts.configurations.list(_principal(router).user_id)
        return answer(200, {"configurations": [each.data() for each in found]})

    @router.post(COLLECTION, middlewares=protected)
    def create() -> Response:
        principal, draft = _principal(router), _draft(router)
        try:
            created = parts.configurations.create(
                principal.user_id, draft.name, draft.tickers, expires_at=principal.session and principal.expires_at
            )
        except TooManyConfigurations as error:
            return refuse(409, f"configurations: {error}")
        return answer(201, created.data())

    @router.get(ONE, middlewares=protected)
    def read(config_id: str) -> Response:
        found = parts.configurations.get(_principal(router).user_id, config_id)
        return answer(200, found.data()) if found else _not_found()

    @router.put(ONE, middlewares=protected)
    def change(config_id: str) -> Response:
        principal, draft = _principal(router), _draft(router)
        changed = parts.configurations.update(principal.user_id, config_id, draft.name, draft.tickers)
        return answer(200, changed.data()) if changed else _not_found()

    @router.delete(ONE, middlewares=protected)
    def delete(config_id: str) -> Response:
        deleted = parts.configurations.delete(_principal(router).user_id, config_id)
        return Response(204, headers=NO_STORE) if deleted else _not_found()


def _principal(router: Router) -> Principal:
    return router.context["principal"]


def _not_found() -> Response:
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
