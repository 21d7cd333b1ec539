"""Serves listeners of application load balancers.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html
"""

import ipaddress
import logging
from collections.abc import Mapping
from dataclasses import replace

from local_lambda.application import ACCOUNT_ID, FixedResponse, ListenerRule, LoadBalancer
from local_lambda.environments.invocation import Failed, Streamed, collect
from local_lambda.fronts import payload_alb
from local_lambda.fronts.fronts import Call, Front, FrontHost, Refused, fixed_response
from local_lambda.fronts.payload import ResultError
from local_lambda.fronts.policies import matches
from local_lambda.http.messages import HttpRequest

_log = logging.getLogger(__name__)


_BAD_GATEWAY = payload_alb.error_page(502)


class LoadBalancerFront(Front):
    """Serves one listener: the first rule whose conditions hold responds."""

    body_limit_bytes = payload_alb.LIMIT_BYTES
    body_too_large = payload_alb.error_page(413)
    payload_too_large = body_too_large
    # Page load-balancer-troubleshooting.html of the same guide.
    no_such_method = payload_alb.error_page(405)
    throttled = _BAD_GATEWAY
    failed = _BAD_GATEWAY
    id_names = ()

    def __init__(self, load_balancer: LoadBalancer, host: FrontHost) -> None:
        logical_id = load_balancer.logical_id
        super().__init__(f"load-balancer-{logical_id}", host, api_id=logical_id.lower())
        self._rules = load_balancer.rules

    def knows_method(self, method: str) -> bool:
        """Other methods than these are handed on, be they of the standard or not."""
        return method not in ("CONNECT", "TRACE")

    async def serve(self, call: Call) -> None:
        request = call.request
        if (request.header("upgrade") or "").lower() == "websocket":
            raise Refused(payload_alb.error_page(400))
        rule = next((rule for rule in self._rules if holds(rule.conditions, request)), None)
        if rule is None:
            _log.error("load_balancer.no_rule %s no rule of the listener holds", request.target)
            raise Refused(_BAD_GATEWAY)
        if rule.fixed is not None:
            await call.send(fixed_response(filled(rule.fixed, request)))
            return
        await self._forward(call, rule)

    async def _forward(self, call: Call, rule: ListenerRule) -> None:
        fields = payload_alb.build(
            call.request,
            call.context,
            target_group_arn=self._target_group_arn(rule.function),
            multi_value=rule.multi_value_headers,
        )
        invocation = await self.invoke(call, rule.function, fields)
        reply = await invocation.reply
        result = await collect(reply)
        if isinstance(result, Failed):
            raise Refused(_BAD_GATEWAY)
        if isinstance(reply, Streamed):
            _log.error(
                "load_balancer.stream %s load balancers do not stream: they get no JSON and "
                "respond 502",
                rule.function,
            )
            raise Refused(_BAD_GATEWAY)
        try:
            response = payload_alb.render(result.body, multi_value=rule.multi_value_headers)
        except ResultError as error:
            _log.error("load_balancer.malformed_result %s %s", rule.function, error)
            raise Refused(_BAD_GATEWAY) from error
        await call.send(response)

    def _target_group_arn(self, function: str) -> str:
        prefix = f"arn:aws:elasticloadbalancing:{self.host.region}:{ACCOUNT_ID}:targetgroup"
        return f"{prefix}/{function}/0123456789abcdef"


def filled(fixed: FixedResponse, request: HttpRequest) -> FixedResponse:
    """Returns the response with the request's values in place of `#{host}` and its like.

    Page APIReference/API_RedirectActionConfig.html of the same guide. A listener here speaks HTTP.
    """
    host, _, port = (request.header("host") or "").rpartition(":")
    values = {
        "#{protocol}": "http",
        "#{host}": host or port,
        "#{port}": port if host else "80",
        "#{path}": request.raw_path.removeprefix("/"),
        "#{query}": request.raw_query,
    }
    headers = []
    for name, value in fixed.headers:
        if name.lower() == "location":
            for variable, known in values.items():
                value = value.replace(variable, known)
            value = value.removesuffix("?")
        headers.append((name, value))
    return replace(fixed, headers=tuple(headers))


def holds(conditions: Mapping[str, tuple[str, ...]], request: HttpRequest) -> bool:
    """Returns whether all conditions hold, each for one of its values."""
    return all(
        any(_holds_for(field, value, request) for value in values)
        for field, values in conditions.items()
    )


def _holds_for(field: str, value: str, request: HttpRequest) -> bool:
    """Paths and methods are case-sensitive. A method and an address have no wildcards."""
    if field == "path-pattern":
        return matches(value, request.raw_path)
    if field == "http-request-method":
        return value == request.method
    if field == "source-ip":
        return _is_within(request.source_ip, value)
    if field == "query-string":
        return _holds_for_query(value, request)
    if field == "host-header":
        host = (request.header("host") or "").rpartition(":")
        return matches(value, host[0] or host[2], ignore_case=True)
    if field.startswith("http-header:"):
        name = field.removeprefix("http-header:").lower()
        sent = [each for key, each in request.headers if key.lower() == name]
        return any(matches(value, each, ignore_case=True) for each in sent)
    return False


def _holds_for_query(condition: str, request: HttpRequest) -> bool:
    """`condition` is `key=value`, or a value that any key may have."""
    key, separator, value = condition.partition("=")
    if not separator:
        key, value = "*", condition
    return any(
        matches(key, name, ignore_case=True) and matches(value, each, ignore_case=True)
        for name, values in payload_alb.raw_query(request.raw_query).items()
        for each in values
    )


def _is_within(address: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False
