"""Serves the admin address for tests and developers: the page, invocations, environments, faults.

Lambda's own API is served at the same address, by `local_lambda/lambda_api`.
"""

import json
import logging
import sys
from typing import Any
from urllib.parse import unquote

from local_lambda.admin import guard, invoking, page
from local_lambda.admin.examples import examples
from local_lambda.admin.live import LiveView
from local_lambda.admin.overview import PARTS, Overview
from local_lambda.environments.invocation import Throttled
from local_lambda.environments.pool import FunctionPool
from local_lambda.fronts.faults import Block
from local_lambda.http.messages import HttpResponse, json_response
from local_lambda.http.server import BodyTooLarge, ClientGone, HttpExchange, HttpServer
from local_lambda.lambda_api.api import LambdaApi

_log = logging.getLogger(__name__)
_LIMIT_BYTES = 6 * 1024 * 1024
_LONGEST_DELAY_MS = 900_000  # no function lives longer
_TOO_LARGE = json_response(413, '{"Message":"Request must be smaller than 6291456 bytes"}')
_NOT_FOUND = json_response(404, '{"Message":"Not Found"}')


class BadRequest(Exception):
    """A call cannot be understood. The message is a sentence about it."""


class AdminFront:
    def __init__(self, overview: Overview, lambda_api: LambdaApi) -> None:
        self._overview = overview
        self._lambda_api = lambda_api
        self._pools = overview.pools
        self._faults = overview.faults
        self._live = LiveView(overview)
        self._page = page.read()
        self._actions = {
            "/block": self._block,
            "/unblock": self._unblock,
            "/cut": self._cut,
            "/delay": self._delay,
            "/throttle": self._throttle,
        }
        self.server = HttpServer(self._handle, "admin")

    async def _handle(self, exchange: HttpExchange) -> None:
        if reason := guard.refusal(exchange.method, exchange.headers):
            _log.warning("admin.refused %s %s: %s", exchange.method, exchange.path, reason)
            await exchange.respond(_json(403, {"Message": reason}))
            return
        if self._lambda_api.serves(exchange.target):
            await self._lambda_api.handle(exchange)
            return
        try:
            body = await exchange.body(_LIMIT_BYTES)
        except BodyTooLarge:
            await exchange.respond(_TOO_LARGE)
            return
        path = exchange.target.partition("?")[0]
        try:
            if exchange.method == "GET":
                await self._get(exchange, path)
            elif exchange.method == "POST":
                await self._post(exchange, path, body)
            else:
                await exchange.respond(_NOT_FOUND)
        except BadRequest as error:
            await exchange.respond(_json(400, {"Message": f"bad request: {error}"}))

    async def _get(self, exchange: HttpExchange, path: str) -> None:
        if path == "/live":
            await self._live.follow(exchange)
            return
        name = path.removeprefix("/")
        response = self._page.get(path, _NOT_FOUND)
        if name in (*PARTS, "events"):
            response = _json(200, self._overview.part(name))
        elif name == "examples":
            overview = self._overview
            response = _json(200, examples(overview.application, overview.region))
        elif name == "blocks":
            response = _json(200, self._overview.part("faults")["blocks"])
        await exchange.respond(response)

    async def _post(self, exchange: HttpExchange, path: str, body: bytes) -> None:
        match path.strip("/").split("/"):
            case "invoke", name:
                await self._invoke_for_page(exchange, unquote(name), body)
                return
            case "environments", pid, "kill":
                response = self._kill(pid)
            case _:
                action = self._actions.get(path)
                response = _json(200, action(_object(body))) if action else _NOT_FOUND
        await exchange.respond(response)

    # Actions: each takes the call's fields, and returns the response's.

    def _block(self, fields: dict[str, Any]) -> dict[str, Any]:
        status = None
        if not fields.get("drop"):
            status = _number(fields, "status", at_least=200, at_most=599, default=503)
        self._faults.block(Block(_text(fields, "path_prefix"), status))
        return {}

    def _unblock(self, fields: dict[str, Any]) -> dict[str, Any]:
        self._faults.unblock(_text(fields, "path_prefix"))
        return {}

    def _cut(self, fields: dict[str, Any]) -> dict[str, Any]:
        if "number" in fields:
            return {"cut": self._faults.cut_one(_number(fields, "number", at_least=1))}
        return {"cut": self._faults.cut(_text(fields, "path_prefix"))}

    def _delay(self, fields: dict[str, Any]) -> dict[str, Any]:
        delay_ms = _number(fields, "ms", at_least=0, at_most=_LONGEST_DELAY_MS)
        self._faults.delay(_text(fields, "path_prefix"), delay_ms)
        return {}

    def _throttle(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Sets how many invocations of a function run at once: `limit`, or none with `on`."""
        name = _text(fields, "function")
        pool = self._pool(name)
        if pool is None:
            raise BadRequest(f"there is no function {name}")
        limit: int | None = None
        if fields.get("limit") is not None:
            limit = _number(fields, "limit", at_least=0)
        elif "limit" not in fields and fields.get("on", True):
            limit = 0
        pool.throttle_limit = limit
        return {"function": pool.function.logical_id, "limit": limit}

    def _kill(self, pid: str) -> HttpResponse:
        for pool in self._pools.values():
            for environment in pool.environments:
                if str(environment.pid) == pid:
                    environment.kill()
                    return _json(200, {"killed": environment.pid})
        return _json(404, {"Message": f"no environment has pid {pid}"})

    def _pool(self, name: str) -> FunctionPool | None:
        """Finds a function by name, ARN or logical id."""
        short_name = name.split(":function:")[-1].split(":")[0]
        for logical_id, pool in self._pools.items():
            if short_name in (logical_id, pool.function.name):
                return pool
        return None

    # Invocations.

    async def _invoke_for_page(self, exchange: HttpExchange, name: str, body: bytes) -> None:
        pool = self._pool(name)
        if pool is None:
            await exchange.respond(_json(404, {"Message": f"there is no function {name}"}))
            return
        payload = body or b"{}"
        _value(payload)
        try:
            await invoking.tell(exchange, pool, payload, self._overview.log)
        except Throttled:
            await exchange.respond(_json(429, {"Message": "throttled: no environment may start"}))
        except ClientGone:
            _log.info("client.gone %s", exchange.path)


def _object(body: bytes) -> dict[str, Any]:
    """Returns the fields of a call. Raises BadRequest."""
    fields = _value(body)
    if not isinstance(fields, dict):
        raise BadRequest("the body must be a JSON object")
    return fields


def _value(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"the body is not JSON: {error}") from error


def _text(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str):
        raise BadRequest(f"{name} must be text")
    return value


def _number(
    fields: dict[str, Any],
    name: str,
    at_least: int,
    at_most: int = sys.maxsize,
    default: int | None = None,
) -> int:
    value = fields.get(name, default)
    if isinstance(value, int) and not isinstance(value, bool) and at_least <= value <= at_most:
        return value
    limits = f"at least {at_least}" if at_most == sys.maxsize else f"{at_least} to {at_most}"
    raise BadRequest(f"{name} must be a whole number, {limits}")


def _json(status: int, value: Any) -> HttpResponse:
    return json_response(status, json.dumps(value))
