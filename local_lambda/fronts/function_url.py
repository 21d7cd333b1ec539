"""Serves Function URLs.

https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
"""

import logging
from dataclasses import replace

from local_lambda.application import Function, FunctionUrl
from local_lambda.environments.invocation import (
    Buffered,
    Failed,
    Invocation,
    Streamed,
    collect,
)
from local_lambda.fronts import bandwidth, claims, cors, payload_v2
from local_lambda.fronts.fronts import Call, Front, FrontHost
from local_lambda.fronts.payload import RequestContext, ResultError
from local_lambda.fronts.replies import StreamRules, send_stream
from local_lambda.http.messages import Headers, HttpResponse, json_response

_log = logging.getLogger(__name__)


class FunctionUrlFront(Front):
    """Serves the Function URL of one function."""

    throttled = json_response(
        429, '{"Reason":"ConcurrentInvocationLimitExceeded","message":"Rate Exceeded."}'
    )
    failed = payload_v2.BAD_GATEWAY
    shares_request_id = True

    def __init__(self, function: Function, url: FunctionUrl, host: FrontHost) -> None:
        logical_id = function.logical_id
        super().__init__(f"url-{logical_id}", host, api_id=logical_id.lower(), cors_rules=url.cors)
        self._logical_id = logical_id
        self._url = url
        self._warned: set[str] = set()
        self._rules = StreamRules(
            bad_gateway=payload_v2.BAD_GATEWAY,
            bandwidth=bandwidth.FUNCTION_URL if host.settings.bandwidth else None,
            hang_on_empty_body=host.settings.hang_on_empty_body,
            on_headers=self._check_cors,
        )

    async def serve(self, call: Call) -> None:
        if self._url.cors and (response := cors.preflight(self._url.cors, call.request)):
            await replace(call, cors_headers=()).send(response)
            return
        context = self._identified(call.context)
        fields = payload_v2.build(call.request, context)
        invocation = await self.invoke(call, self._logical_id, fields, self._url.qualifier)
        await self._reply(call, invocation)

    def _identified(self, context: RequestContext) -> RequestContext:
        """Returns the context with the caller of a URL with `AuthType: AWS_IAM`."""
        if not self._url.iam:
            return context
        given = self.host.settings.claims
        if given is None:
            self._warn_once(
                "url.open %s AuthType is AWS_IAM, but signatures are not checked here; --claims "
                "gives the function a caller"
            )
            return context
        return replace(context, authorizer={"iam": claims.as_iam(given)})

    async def _reply(self, call: Call, invocation: Invocation) -> None:
        logical_id = self._logical_id
        reply = await invocation.reply
        if not self._url.streaming:
            if isinstance(reply, Streamed):
                _log.error("url.stream_on_buffered %s InvokeMode is BUFFERED", logical_id)
            reply = await collect(reply)
        match reply:
            case Streamed():
                await send_stream(
                    call.exchange, invocation, reply, rules=self._rules, extra=call.extra
                )
            case Buffered(body, content_type) if self._url.streaming:
                _log.error("url.buffered_on_stream %s the client gets the raw result", logical_id)
                await call.respond(HttpResponse(200, (("Content-Type", content_type),), body))
            case Buffered(body):
                await call.respond(self._rendered(body, call))
            case Failed():
                await call.send(payload_v2.BAD_GATEWAY)

    def _rendered(self, result: bytes, call: Call) -> HttpResponse:
        try:
            response = payload_v2.render(result)
        except ResultError as error:
            _log.error("url.malformed_result %s %s", self._logical_id, error)
            return payload_v2.BAD_GATEWAY
        self._check_cors(response.headers, call.extra)
        return response

    def _check_cors(self, headers: Headers, extra: Headers) -> None:
        """Warns of CORS headers that the client gets twice, as on AWS."""
        if names := cors.repeated(headers, extra):
            self._warn_once(
                f"url.cors_twice %s the function sends {', '.join(names)} beside the Cors of its "
                "URL; browsers refuse two values: send them in one place"
            )

    def _warn_once(self, text: str) -> None:
        if text not in self._warned:
            self._warned.add(text)
            _log.warning(text, self._logical_id)
