"""Serves REST APIs.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode.html
"""

import asyncio
import json
import logging
from dataclasses import dataclass, replace

from local_lambda.application import Api, Route
from local_lambda.environments.invocation import Buffered, Failed, Invocation, Streamed, collect
from local_lambda.fronts import bandwidth, payload_v1
from local_lambda.fronts.authorizers import REST, Authorizers
from local_lambda.fronts.fronts import Call, Front, FrontHost, Refused, fixed_response
from local_lambda.fronts.payload import ResultError, decoded_query, typed_error
from local_lambda.fronts.replies import StreamRules, prelude_response, send_stream
from local_lambda.fronts.routing import RouteMatch, RouteTable
from local_lambda.http.messages import HttpRequest, HttpResponse

_log = logging.getLogger(__name__)
_BODY_LIMIT_BYTES = 10 * 1024 * 1024
_INVALID_BODY = typed_error(400, '{"message": "Invalid request body"}', "BadRequestException")


@dataclass(frozen=True)
class _Routed:
    """A call and its route. `paths` are the call's paths for the payload."""

    call: Call
    match: RouteMatch
    paths: payload_v1.Paths

    @property
    def route(self) -> Route:
        return self.match.route


class RestApiFront(Front):
    """Serves one REST API with its stage.

    The stage's name may stand before a path, unless a route begins with it.
    """

    body_limit_bytes = _BODY_LIMIT_BYTES
    # Both bodies are reported of real APIs (2021): the one of API Gateway, and the one of Lambda.
    body_too_large = HttpResponse(
        413,
        (("Content-Type", "text/plain; charset=utf-8"),),
        f"HTTP content length exceeded {_BODY_LIMIT_BYTES} bytes.".encode(),
    )
    payload_too_large = typed_error(413, '{"message": "Request Too Long"}', "BadRequestException")
    throttled = typed_error(429, '{"message":"Too Many Requests"}', "TooManyRequestsException")
    failed = payload_v1.BAD_GATEWAY
    id_names = ("x-amzn-RequestId", "x-amz-apigw-id")

    def __init__(self, api: Api, host: FrontHost) -> None:
        settings = host.settings
        stage = settings.stage or api.stage
        api_id = api.logical_id.lower() or "local"
        super().__init__(f"rest-api-{api.logical_id}", host, api_id=api_id, stage=stage or "local")
        self._api = api
        self._routes = RouteTable(api.routes)
        self._authorizers = Authorizers(host, REST)
        first_segments = {route.path.strip("/").partition("/")[0] for route in api.routes}
        is_free = settings.stage is not None or stage not in first_segments
        self._prefix = stage if is_free else None
        self._rules = StreamRules(
            bad_gateway=payload_v1.BAD_GATEWAY,
            bandwidth=bandwidth.REST_API if settings.bandwidth else None,
            hang_on_empty_body=settings.hang_on_empty_body,
        )

    async def serve(self, call: Call) -> None:
        routed = self._route(call)
        route = routed.route
        if missing := missing_parameters(routed.route, routed.call.request, routed.match):
            raise Refused(missing)
        context = await self._authorizers.authorize(
            routed.call.request, routed.match, routed.call.context, fields=_payload(routed)
        )
        if route.fixed is not None:
            await call.send(fixed_response(route.fixed))
            return
        routed = replace(routed, call=replace(routed.call, context=context))
        invocation = await self.invoke(
            routed.call, route.function, _payload(routed), route.qualifier
        )
        await self._reply(routed, invocation)

    def _route(self, call: Call) -> _Routed:
        """Returns the call with its route and without stage and base path. Raises Refused."""
        in_domain = without_prefix(call.request, self._prefix)
        request = without_prefix(in_domain, self.host.settings.base_path)
        paths = payload_v1.Paths(in_domain=in_domain.raw_path, sent=call.request.raw_path)
        match = self._routes.match(request.method, request.raw_path)
        if match is None:
            raise Refused(payload_v1.NO_SUCH_ROUTE)
        context = replace(call.context, stage_variables=self._api.stage_variables)
        routed_call = replace(call, request=request, context=context)
        return _Routed(routed_call, match, paths)

    async def _reply(self, routed: _Routed, invocation: Invocation) -> None:
        """Sends the reply within the timeout of the route's integration."""
        route = routed.route
        send = self._send_streamed if route.streaming else self._send_buffered
        try:
            async with asyncio.timeout(invocation.limit_s(route.timeout_s)):
                await send(routed, invocation)
        except TimeoutError:
            _log.warning("integration.timed_out %s after %g s", route.path, route.timeout_s)
            invocation.abandon()
            if not routed.call.exchange.started:
                await routed.call.send(payload_v1.GATEWAY_TIMEOUT)

    async def _send_streamed(self, routed: _Routed, invocation: Invocation) -> None:
        reply = await asyncio.shield(invocation.reply)
        call = routed.call
        if isinstance(reply, Streamed):
            await send_stream(call.exchange, invocation, reply, rules=self._rules, extra=call.extra)
            return
        if isinstance(reply, Buffered):
            _log.error(
                "api.buffered_on_stream %s: the route streams, but its function replied whole",
                routed.route.path,
            )
        await call.send(payload_v1.BAD_GATEWAY)

    async def _send_buffered(self, routed: _Routed, invocation: Invocation) -> None:
        reply = await asyncio.shield(invocation.reply)
        result = await collect(reply)
        if isinstance(result, Failed):
            await routed.call.send(payload_v1.BAD_GATEWAY)
            return
        path = routed.route.path
        try:
            if isinstance(reply, Streamed):
                _log.error(
                    "api.stream_on_buffered %s is a buffered route: the streamed body is lost", path
                )
                response = prelude_response(result)
            else:
                response = _render(result, routed.call.request.header("accept"), routed.route)
        except ResultError as error:
            _log.error("api.malformed_result %s %s", path, error)
            response = payload_v1.BAD_GATEWAY
        await routed.call.respond(response)


def missing_parameters(
    route: Route, request: HttpRequest, match: RouteMatch
) -> HttpResponse | None:
    """Returns the response to a request that lacks a required parameter or body, else None."""
    query = decoded_query(request.raw_query)
    missing: list[str] = []
    for required in route.required:
        place, _, name = required.partition(".")
        present = {
            "querystring": name in query,
            "header": request.header(name) is not None,
            "path": name in match.path_parameters,
        }
        if name and not present.get(place, True):
            missing.append(name)
    if missing:
        text = f"Missing required request parameters: [{', '.join(missing)}]"
        return typed_error(400, json.dumps({"message": text}), "BadRequestException")
    return _INVALID_BODY if "body" in route.required and not request.body else None


def without_prefix(request: HttpRequest, name: str | None) -> HttpRequest:
    """Returns the request without `/name` before its path, if it is there."""
    prefix = f"/{name}"
    path = request.raw_path
    if not name or not (path == prefix or path.startswith(prefix + "/")):
        return request
    query = f"?{request.raw_query}" if request.raw_query else ""
    return replace(request, target=(path.removeprefix(prefix) or "/") + query)


def _payload(routed: _Routed) -> dict[str, object]:
    return payload_v1.build(
        routed.call.request, routed.match, routed.call.context, paths=routed.paths
    )


def _render(result: Buffered, accept: str | None, route: Route) -> HttpResponse:
    """Turns a result of format 1.0 into a response. Raises ResultError."""
    response = payload_v1.render(result.body, accept, route.binary_media_types)
    if payload_v1.base64_left_as_text(result.body, response):
        _log.warning(
            "api.base64_as_text %s: BinaryMediaTypes of the API do not cover it", route.path
        )
    return response
