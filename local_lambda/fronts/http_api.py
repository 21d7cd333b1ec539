"""Serves HTTP APIs.

Pages http-api-develop-routes.html and http-api-develop-integrations-lambda.html in
https://docs.aws.amazon.com/apigateway/latest/developerguide/
"""

import asyncio
import logging
from dataclasses import dataclass, replace
from typing import Any

from local_lambda.application import Api
from local_lambda.environments.invocation import Buffered, Failed, Invocation, Streamed, collect
from local_lambda.fronts import cors, payload_v1, payload_v2
from local_lambda.fronts.authorizers import HTTP, Authorizers
from local_lambda.fronts.fronts import BAD_REQUEST, Call, Front, FrontHost, Refused, fixed_response
from local_lambda.fronts.payload import RequestContext, ResultError
from local_lambda.fronts.payload_v2 import decoded_path
from local_lambda.fronts.replies import prelude_response
from local_lambda.fronts.routing import HttpRouteTable, RouteMatch
from local_lambda.http.messages import HttpResponse, json_response

_log = logging.getLogger(__name__)
_NOT_FOUND = json_response(404, '{"message":"Not Found"}')
_UNAVAILABLE = json_response(503, '{"message":"Service Unavailable"}')
# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
_MAX_TIMEOUT_S = 30.0
_BODY_LIMIT_BYTES = 10 * 1024 * 1024


@dataclass(frozen=True)
class _Routed:
    """A call and its route. `path` is decoded and begins with the stage, if that has a name."""

    call: Call
    match: RouteMatch
    path: str

    def payload(self, version: str, context: RequestContext) -> dict[str, Any]:
        build = payload_v1.build_for_http_api if version == "1.0" else payload_v2.build_for_http_api
        return build(self.call.request, self.match, context, self.path)


class HttpApiFront(Front):
    """Serves one HTTP API with its stage. A stage with a name stands before every path."""

    body_limit_bytes = _BODY_LIMIT_BYTES
    throttled = _UNAVAILABLE
    failed = payload_v2.HTTP_API_FAILED
    id_names = ("apigw-requestid",)

    def __init__(self, api: Api, host: FrontHost) -> None:
        stage = api.stage or "$default"
        api_id = api.logical_id.lower()
        name = f"http-api-{api.logical_id}"
        super().__init__(name, host, api_id=api_id, stage=stage, cors_rules=api.cors)
        self._api = api
        self._routes = HttpRouteTable(api.routes)
        self._authorizers = Authorizers(host, HTTP)

    async def serve(self, call: Call) -> None:
        if self._api.cors and (
            response := cors.preflight_of_http_api(self._api.cors, call.request)
        ):
            await replace(call, cors_headers=()).send(response)
            return
        routed = self._route(call)
        route = routed.match.route
        context = replace(call.context, stage_variables=self._api.stage_variables)
        if route.authorizer:
            fields = routed.payload(route.authorizer.payload_format, context)
            context = await self._authorizers.authorize(
                call.request, routed.match, context, fields=fields
            )
        if route.fixed is not None:
            await call.send(fixed_response(route.fixed))
            return
        payload = routed.payload(route.payload_format, context)
        invocation = await self.invoke(call, route.function, payload, route.qualifier)
        await self._reply(routed, invocation)

    def _route(self, call: Call) -> _Routed:
        """Raises Refused."""
        path = decoded_path(call.request.raw_path)
        if path is None:
            raise Refused(BAD_REQUEST)
        within = self._without_stage(path)
        match = None
        if within is not None:
            match = self._routes.match(call.request.method, within)
        elif self._routes.match(call.request.method, path):
            text = "route.without_stage %s paths of this API begin with /%s"
            _log.warning(text, path, self.stage)
        if match is None:
            raise Refused(_NOT_FOUND)
        return _Routed(call, match, path)

    def _without_stage(self, path: str) -> str | None:
        """Returns the path for the routes, or None if it does not begin with the stage."""
        if self.stage == "$default":
            return path
        prefix = f"/{self.stage}"
        if path != prefix and not path.startswith(prefix + "/"):
            return None
        return path.removeprefix(prefix) or "/"

    async def _reply(self, routed: _Routed, invocation: Invocation) -> None:
        """Sends the reply within the timeout of the route's integration: 30 s at most."""
        route = routed.match.route
        timeout_s = min(route.timeout_s, _MAX_TIMEOUT_S)
        try:
            async with asyncio.timeout(invocation.limit_s(timeout_s)):
                reply = await asyncio.shield(invocation.reply)
                result = await collect(reply)
        except TimeoutError:
            _log.warning("integration.timed_out %s after %g s", route.path, timeout_s)
            invocation.abandon()
            await routed.call.send(_UNAVAILABLE)
            return
        if isinstance(result, Failed):
            await routed.call.send(self.failed)
            return
        if isinstance(reply, Streamed):
            _log.error(
                "api.stream_on_http_api %s HTTP APIs do not stream: the streamed body is lost",
                route.path,
            )
        try:
            response = _render(result, is_stream=isinstance(reply, Streamed), routed=routed)
        except ResultError as error:
            _log.error("api.malformed_result %s %s", route.path, error)
            response = self.failed
        if self._api.cors:
            # The API's own headers replace the function's.
            response = replace(response, headers=cors.without_cors(response.headers))
        await routed.call.respond(response)


def _render(result: Buffered, is_stream: bool, routed: _Routed) -> HttpResponse:
    """Raises ResultError."""
    if is_stream:
        return prelude_response(result)
    if routed.match.route.payload_format == "1.0":
        return payload_v1.render_for_http_api(result.body)
    return payload_v2.render(result.body, default_type="text/plain; charset=utf-8")
