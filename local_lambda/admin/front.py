"""Serves the admin endpoint for tests and developers: environments, faults, and Lambda's API."""

import json
from collections.abc import Mapping
from typing import Any

from local_lambda.environments.pool import FunctionPool
from local_lambda.fronts.faults import Block, Faults
from local_lambda.http.messages import HttpResponse, json_response
from local_lambda.http.server import BodyTooLarge, HttpExchange, HttpServer
from local_lambda.lambda_api.api import LambdaApi

_LIMIT_BYTES = 6 * 1024 * 1024
_TOO_LARGE = json_response(413, '{"Message":"Request must be smaller than 6291456 bytes"}')


class AdminFront:
    def __init__(
        self, pools: Mapping[str, FunctionPool], faults: Faults, lambda_api: LambdaApi
    ) -> None:
        self._pools = pools
        self._faults = faults
        self._lambda_api = lambda_api
        self.server = HttpServer(self._handle, "admin")

    async def _handle(self, exchange: HttpExchange) -> None:
        if self._lambda_api.serves(exchange.target):
            await self._lambda_api.handle(exchange)
            return
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


def _block(fields: dict[str, Any]) -> Block:
    if not isinstance(fields["path_prefix"], str):
        raise ValueError("path_prefix must be text")
    status = None if fields.get("drop") else int(fields.get("status", 503))
    return Block(fields["path_prefix"], status)


def _json(status: int, value: Any) -> HttpResponse:
    return json_response(status, json.dumps(value))
