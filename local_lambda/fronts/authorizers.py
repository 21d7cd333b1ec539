"""Runs the authorizers of REST APIs and HTTP APIs.

Lambda authorizers are invoked. Cognito, JWT and IAM authorizers accept every request and give it
the claims of `--claims`; without that option their routes are open, which is logged once.
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html
"""

import json
import logging
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from local_lambda.application import ACCOUNT_ID, Authorizer
from local_lambda.environments.invocation import Failed, Throttled
from local_lambda.fronts import claims
from local_lambda.fronts.fronts import FrontHost, NotServed, PayloadTooLarge, Refused
from local_lambda.fronts.payload import (
    RequestContext,
    ResultError,
    decoded_query,
    parse_json,
    typed_error,
)
from local_lambda.fronts.policies import Decision, PolicyError, decide, has_conditions
from local_lambda.fronts.routing import RouteMatch
from local_lambda.http.messages import HttpRequest, HttpResponse, json_response

_log = logging.getLogger(__name__)
_LAMBDA_KINDS = ("TOKEN", "REQUEST")
_CACHED_RESULTS = 1000
_BODY_KEYS = ("body", "isBase64Encoded")


class AuthorizerError(Exception):
    """An authorizer's function failed, or its result is malformed."""


@dataclass(frozen=True)
class Dialect:
    """Says how one kind of API responds.

    The bodies are those that users report: for REST APIs in several error guides, for HTTP APIs
    in the documentation and forums.
    """

    is_rest: bool
    unauthorized: HttpResponse
    implicit_deny: HttpResponse
    explicit_deny: HttpResponse
    broken: HttpResponse
    timeout_s: float


REST = Dialect(
    is_rest=True,
    unauthorized=typed_error(401, '{"message":"Unauthorized"}', "UnauthorizedException"),
    implicit_deny=typed_error(
        403,
        '{"Message":"User is not authorized to access this resource"}',
        "AccessDeniedException",
    ),
    explicit_deny=typed_error(
        403,
        '{"Message":"User is not authorized to access this resource with an explicit deny"}',
        "AccessDeniedException",
    ),
    broken=typed_error(500, '{"message":null}', "AuthorizerConfigurationException"),
    timeout_s=29,
)
HTTP = Dialect(
    is_rest=False,
    unauthorized=json_response(401, '{"message":"Unauthorized"}'),
    implicit_deny=json_response(403, '{"message":"Forbidden"}'),
    explicit_deny=json_response(403, '{"message":"Forbidden"}'),
    broken=json_response(500, '{"message":"Internal Server Error"}'),
    timeout_s=10,
)


class Authorizers:
    """Runs the authorizers of one API and keeps their results for as long as they say."""

    def __init__(self, host: FrontHost, dialect: Dialect) -> None:
        self._host = host
        self._dialect = dialect
        self._cache: dict[tuple[str, tuple[str, ...], str], tuple[float, dict[str, Any]]] = {}
        self._named: set[str] = set()

    async def authorize(
        self,
        request: HttpRequest,
        match: RouteMatch,
        context: RequestContext,
        fields: Mapping[str, Any],
    ) -> RequestContext:
        """Returns the context with what the route's authorizer adds to it. Raises Refused.

        `fields` is the payload of the request in the authorizer's format.
        """
        authorizer = match.route.authorizer
        if authorizer is None:
            return context
        if authorizer.kind not in _LAMBDA_KINDS:
            return self._claimed(authorizer, context, match.route.payload_format)
        identity = identity_values(authorizer, request, context, match)
        if identity is None or not _is_valid(authorizer, identity):
            raise Refused(self._dialect.unauthorized)
        arn = method_arn(self._host.region, request.method, context, path=_resource(fields))
        event = authorizer_event(authorizer, identity, arn, fields)
        try:
            result = await self._result(authorizer, identity, arn, event, context.trace_id)
            granted = self._granted(authorizer, result, arn)
            is_flat = self._dialect.is_rest or match.route.payload_format == "1.0"
            shaped: dict[str, Any] = {"lambda": _context(granted)}
            if is_flat:
                shaped = flat_context(granted)
            if self._dialect.is_rest:
                shaped["integrationLatency"] = 1
            return replace(context, authorizer=shaped)
        except (AuthorizerError, PolicyError, ResultError) as error:
            _log.error("authorizer.failed %s %s", authorizer.name, error)
            self._forget(authorizer)
            raise Refused(self._dialect.broken) from error

    async def _result(
        self,
        authorizer: Authorizer,
        identity: tuple[str, ...],
        arn: str,
        event: dict[str, Any],
        trace_id: str,
    ) -> dict[str, Any]:
        """Returns the result of the function, or one that is kept. Raises AuthorizerError."""
        # Without an identity source nothing tells the requests apart.
        caches = authorizer.ttl_s > 0 and bool(identity)
        per_route = arn if "$context.routeKey" in authorizer.identity_sources else ""
        key = (authorizer.name, identity, per_route)
        until_s, kept = self._cache.get(key, (0.0, {}))
        if caches and time.monotonic() < until_s:
            return kept
        result = await self._called(authorizer, event, trace_id)
        if caches:
            if len(self._cache) >= _CACHED_RESULTS:
                self._cache.clear()
            self._cache[key] = (time.monotonic() + authorizer.ttl_s, result)
        return result

    def _forget(self, authorizer: Authorizer) -> None:
        for key in [key for key in self._cache if key[0] == authorizer.name]:
            del self._cache[key]

    async def _called(
        self, authorizer: Authorizer, event: dict[str, Any], trace_id: str
    ) -> dict[str, Any]:
        try:
            reply = await self._host.call(
                authorizer.function or "", event, trace_id, timeout_s=self._dialect.timeout_s
            )
        except (NotServed, PayloadTooLarge, Throttled, TimeoutError) as error:
            raise AuthorizerError(f"could not be invoked: {type(error).__name__}") from error
        if isinstance(reply, Failed):
            if _message(reply) == "Unauthorized":
                raise Refused(self._dialect.unauthorized)
            raise AuthorizerError(f"its function failed: {reply.text}")
        result = parse_json(reply.body)
        if not isinstance(result, dict):
            raise AuthorizerError("its result is not an object")
        return result

    def _granted(self, authorizer: Authorizer, result: dict[str, Any], arn: str) -> dict[str, Any]:
        """Returns the result if it allows the request. Raises Refused and PolicyError."""
        if authorizer.simple_responses and authorizer.payload_format == "2.0":
            allowed = result.get("isAuthorized")
            if not isinstance(allowed, bool):
                raise AuthorizerError("isAuthorized is not true or false")
            if not allowed:
                raise Refused(self._dialect.implicit_deny)
            return result
        document = result.get("policyDocument")
        if has_conditions(document):
            self._warn_once(
                authorizer, "its policy has conditions, which are not evaluated: they count as met"
            )
        match decide(document, arn):
            case Decision.ALLOW:
                return result
            case Decision.EXPLICIT_DENY:
                raise Refused(self._dialect.explicit_deny)
            case _:
                raise Refused(self._dialect.implicit_deny)

    def _claimed(
        self, authorizer: Authorizer, context: RequestContext, payload_format: str
    ) -> RequestContext:
        """Returns the context with the claims of the option, in the shape of this kind."""
        given = self._host.settings.claims
        if given is None:
            self._warn_once(
                authorizer,
                f"{authorizer.kind} is not checked here, its routes are open; --claims gives the "
                "functions claims",
            )
            return context
        if self._dialect.is_rest:
            if authorizer.kind == "IAM":
                return replace(context, identity=claims.as_identity(given))
            return replace(context, authorizer=claims.as_cognito(given))
        if authorizer.kind == "IAM":
            return replace(context, authorizer={"iam": claims.as_iam(given)})
        jwt = claims.as_jwt(given)
        return replace(context, authorizer=jwt if payload_format == "1.0" else {"jwt": jwt})

    def _warn_once(self, authorizer: Authorizer, text: str) -> None:
        if authorizer.name not in self._named:
            self._named.add(authorizer.name)
            _log.warning("authorizer.not_checked %s %s", authorizer.name, text)


def method_arn(region: str, method: str, context: RequestContext, path: str) -> str:
    """Returns the ARN of one method of one API."""
    prefix = f"arn:aws:execute-api:{region}:{ACCOUNT_ID}:{context.api_id}"
    return f"{prefix}/{context.stage}/{method}/{path.removeprefix('/')}"


def _resource(fields: Mapping[str, Any]) -> str:
    """Returns the path of a payload without the stage of an HTTP API."""
    if fields.get("version") not in ("1.0", "2.0"):
        return str(fields["path"])
    path = str(fields["rawPath"] if fields["version"] == "2.0" else fields["path"])
    return path.removeprefix(f"/{fields['requestContext']['stage']}")


def identity_values(
    authorizer: Authorizer, request: HttpRequest, context: RequestContext, match: RouteMatch
) -> tuple[str, ...] | None:
    """Returns the values of the identity sources, or None if one of them is missing or empty."""
    values: list[str] = []
    for source in authorizer.identity_sources:
        value = _identity_value(source, request, context, match)
        if not value:
            return None
        values.append(value)
    return tuple(values)


def _identity_value(
    source: str, request: HttpRequest, context: RequestContext, match: RouteMatch
) -> str | None:
    """Finds a value by an expression of a REST API (`method.…`) or an HTTP API (`$…`)."""
    expression = source.removeprefix("method.").removeprefix("$")
    if expression.startswith("request.header."):
        return request.header(expression.removeprefix("request.header."))
    if expression.startswith("request.querystring."):
        name = expression.removeprefix("request.querystring.")
        values = decoded_query(request.raw_query).get(name)
        return values[-1] if values else None
    if expression.startswith("stageVariables."):
        return context.stage_variables.get(expression.removeprefix("stageVariables."))
    if expression.startswith("context."):
        return _context_values(request, context, match).get(expression.removeprefix("context."))
    _log.warning("authorizer.unknown_identity_source %s", source)
    return None


def _context_values(
    request: HttpRequest, context: RequestContext, match: RouteMatch
) -> dict[str, str]:
    """Returns the context variables that may be identity sources here."""
    key = match.route.path
    if key != "$default":
        key = f"{match.route.method} {key}"
    return {
        "apiId": context.api_id,
        "httpMethod": request.method,
        "identity.sourceIp": request.source_ip,
        "identity.userAgent": request.header("user-agent") or "",
        "path": request.raw_path,
        "resourcePath": match.route.path,
        "routeKey": key,
        "stage": context.stage,
    }


def _is_valid(authorizer: Authorizer, identity: tuple[str, ...]) -> bool:
    """Returns whether a token matches the expression of its TOKEN authorizer, if it has one."""
    if authorizer.kind != "TOKEN" or not authorizer.identity_validation or not identity:
        return True
    try:
        return re.match(authorizer.identity_validation, identity[0]) is not None
    except re.error as error:
        _log.error("authorizer.malformed_expression %s %s", authorizer.name, error)
        return True


def authorizer_event(
    authorizer: Authorizer, identity: tuple[str, ...], arn: str, fields: Mapping[str, Any]
) -> dict[str, Any]:
    """Builds the payload of an authorizer's function. `fields` is that of the route."""
    if authorizer.kind == "TOKEN":
        token = identity[0] if identity else ""
        return {"type": "TOKEN", "methodArn": arn, "authorizationToken": token}
    rest = {name: value for name, value in fields.items() if name not in _BODY_KEYS}
    if rest.get("version") == "2.0":
        sources = {"routeArn": arn, "identitySource": list(identity) or None}
        return {"version": "2.0", "type": "REQUEST", **sources, **rest}
    if rest.get("version") == "1.0":
        joined = ",".join(identity)
        sources = {"methodArn": arn, "identitySource": joined, "authorizationToken": joined}
        return {"version": "1.0", "type": "REQUEST", **sources, **rest}
    return {"type": "REQUEST", "methodArn": arn, **rest}


def _message(failed: Failed) -> str | None:
    try:
        message = json.loads(failed.body)["errorMessage"]
    except (ValueError, KeyError, TypeError):
        return None
    return message if isinstance(message, str) else None


def _context(result: dict[str, Any]) -> dict[str, Any]:
    """Raises AuthorizerError."""
    context = result.get("context") or {}
    if not isinstance(context, dict):
        raise AuthorizerError("its context is not an object")
    return context


def flat_context(result: dict[str, Any]) -> dict[str, Any]:
    """Returns the context of format 1.0: texts beside the `principalId`. Raises AuthorizerError."""
    shaped: dict[str, Any] = {}
    for name, value in _context(result).items():
        if isinstance(value, dict | list):
            raise AuthorizerError(f"{name} of its context is an object or a list")
        is_text = value is None or isinstance(value, str)
        shaped[name] = value if is_text else json.dumps(value)
    if "principalId" in result:
        shaped["principalId"] = str(result["principalId"])
    return shaped
