"""Serves the admin endpoint for tests and developers: direct invocations, environments, faults.

The invoke call is Lambda's own, so boto3's Lambda client works with this endpoint:
https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

import base64
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from local_lambda.environments.invocation import Buffered, Failed, Throttled, collect
from local_lambda.environments.pool import FunctionPool
from local_lambda.fronts.faults import Block, Faults
from local_lambda.http.messages import Headers, HttpResponse, json_response
from local_lambda.http.server import BodyTooLarge, HttpExchange, HttpServer

_LIMIT_BYTES = 6 * 1024 * 1024
_TOO_LARGE = json_response(413, '{"Message":"Request must be smaller than 6291456 bytes"}')


class AdminFront:
    def __init__(self, pools: Mapping[str, FunctionPool], faults: Faults) -> None:
        self._pools = pools
        self._faults = faults
        self.server = HttpServer(self._handle, "admin")

    async def _handle(self, exchange: HttpExchange) -> None:
        try:
            body = await exchange.body(_LIMIT_BYTES)
        except BodyTooLarge:
            await exchange.respond(_TOO_LARGE)
            return
        try:
            response = await self._route(exchange, body)
        except (KeyError, TypeError, ValueError) as error:
            response = _json(400, {"Message": f"bad request: {error!r}"})
        await exchange.respond(response)

    async def _route(self, exchange: HttpExchange, body: bytes) -> HttpResponse:
        path = exchange.target.partition("?")[0]
        match exchange.method, *path.strip("/").split("/"):
            case "POST", "2015-03-31", "functions", name, "invocations":
                return await self._invoke(exchange, unquote(name), body)
            case "GET", "environments":
                return self._environments()
            case "POST", "environments", pid, "kill":
                return self._kill(int(pid))
            case "GET", "blocks":
                return _json(200, [vars(block) for block in self._faults.blocks])
            case "POST", "block":
                self._faults.block(_block(json.loads(body)))
                return _json(200, {})
            case "POST", "unblock":
                self._faults.unblock(json.loads(body)["path_prefix"])
                return _json(200, {})
            case "POST", "cut":
                return _json(200, {"cut": self._faults.cut(json.loads(body)["path_prefix"])})
        return _json(404, {"Message": "Not Found"})

    def _environments(self) -> HttpResponse:
        environments = [each for pool in self._pools.values() for each in pool.environments]
        return _json(200, [environment.describe() for environment in environments])

    def _kill(self, pid: int) -> HttpResponse:
        for pool in self._pools.values():
            for environment in pool.environments:
                if environment.pid == pid:
                    environment.kill()
                    return _json(200, {"killed": pid})
        return _json(404, {"Message": f"no environment has pid {pid}"})

    def _pool(self, name: str) -> FunctionPool | None:
        """Finds a function by name, ARN or logical id."""
        short_name = name.split(":function:")[-1].split(":")[0]
        for logical_id, pool in self._pools.items():
            if short_name in (logical_id, pool.function.name):
                return pool
        return None

    async def _invoke(self, exchange: HttpExchange, name: str, body: bytes) -> HttpResponse:
        pool = self._pool(name)
        if pool is None:
            fields = {"Type": "User", "Message": f"Function not found: {name}"}
            return _error(404, "ResourceNotFoundException", fields)
        context = exchange.header("x-amz-client-context")
        client_context = base64.b64decode(context).decode() if context else None
        try:
            invocation = await pool.invoke(body or b"{}", client_context)
        except Throttled:
            fields = {"Reason": "ConcurrentInvocationLimitExceeded", "message": "Rate Exceeded."}
            return _error(429, "TooManyRequestsException", fields)
        if exchange.header("x-amz-invocation-type") == "Event":
            invocation.abandon()
            return HttpResponse(202)
        headers: Headers = (
            ("X-Amz-Executed-Version", "$LATEST"),
            ("x-amzn-RequestId", invocation.request_id),
        )
        match await collect(await invocation.reply):
            case Failed(_, error):
                headers = (("X-Amz-Function-Error", "Unhandled"), *headers)
                return json_response(200, error.decode("utf-8", "replace")).with_headers(headers)
            case Buffered(result, content_type):
                return HttpResponse(200, (("Content-Type", content_type), *headers), result)


def _block(fields: dict[str, Any]) -> Block:
    if not isinstance(fields["path_prefix"], str):
        raise ValueError("path_prefix must be text")
    status = None if fields.get("drop") else int(fields.get("status", 503))
    return Block(fields["path_prefix"], status)


def _error(status: int, error_type: str, fields: dict[str, str]) -> HttpResponse:
    return _json(status, fields).with_headers((("X-Amzn-Errortype", error_type),))


def _json(status: int, value: Any) -> HttpResponse:
    return json_response(status, json.dumps(value))
