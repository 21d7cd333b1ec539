"""The emulator's own endpoint, for tests and developers: direct invocations, environments, faults.

The invoke call is Lambda's, so that boto3's client can be pointed here:
https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

import base64
import json
from collections.abc import Mapping
from urllib.parse import unquote

from local_lambda.environments.invocation import Buffered, Failed, Throttled, collect
from local_lambda.environments.pool import FunctionPool
from local_lambda.fronts.faults import Block, Faults
from local_lambda.http.messages import HttpResponse, json_response
from local_lambda.http.server import BodyTooLarge, HttpExchange, HttpServer

_LIMIT_BYTES = 6 * 1024 * 1024


class AdminFront:
    def __init__(self, pools: Mapping[str, FunctionPool], faults: Faults) -> None:
        self._pools, self._faults = pools, faults
        self.server = HttpServer(self._handle, "admin")

    async def _handle(self, exchange: HttpExchange) -> None:
        try:
            body = await exchange.body(_LIMIT_BYTES)
        except BodyTooLarge:
            return await exchange.respond(
                json_response(413, '{"Message":"Request must be smaller than 6291456 bytes"}')
            )
        await exchange.respond(await self._answer(exchange, body))

    async def _answer(self, exchange: HttpExchange, body: bytes) -> HttpResponse:
        try:
            match exchange.method, *exchange.target.partition("?")[0].strip("/").split("/"):
                case "POST", "2015-03-31", "functions", name, "invocations":
                    return await self._invoke(exchange, unquote(name), body)
                case "GET", "environments":
                    return _json(
                        200,
                        [e.describe() for pool in self._pools.values() for e in pool.environments],
                    )
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
        except (KeyError, TypeError, ValueError) as error:
            return _json(400, {"Message": f"bad request: {error!r}"})
        return _json(404, {"Message": "Not Found"})

    def _kill(self, pid: int) -> HttpResponse:
        for pool in self._pools.values():
            for environment in pool.environments:
                if environment.pid == pid:
                    environment.kill()
                    return _json(200, {"killed": pid})
        return _json(404, {"Message": f"no environment has pid {pid}"})

    async def _invoke(self, exchange: HttpExchange, name: str, body: bytes) -> HttpResponse:
        short_name = name.split(":function:")[-1].split(":")[0]
        pool = next(
            (p for key, p in self._pools.items() if short_name in (key, p.function.name)), None
        )
        if pool is None:
            headers = (("X-Amzn-Errortype", "ResourceNotFoundException"),)
            return _json(
                404, {"Type": "User", "Message": f"Function not found: {name}"}
            ).with_headers(headers)
        context = exchange.header("x-amz-client-context")
        try:
            invocation = await pool.invoke(
                body or b"{}", base64.b64decode(context).decode() if context else None
            )
        except Throttled:
            headers = (("X-Amzn-Errortype", "TooManyRequestsException"),)
            fields = {"Reason": "ConcurrentInvocationLimitExceeded", "message": "Rate Exceeded."}
            return _json(429, fields).with_headers(headers)
        if exchange.header("x-amz-invocation-type") == "Event":
            invocation.abandon()
            return HttpResponse(202)
        headers = (
            ("X-Amz-Executed-Version", "$LATEST"),
            ("x-amzn-RequestId", invocation.request_id),
        )
        match await collect(await invocation.reply):
            case Failed(_, error):
                return json_response(200, error.decode("utf-8", "replace")).with_headers(
                    (("X-Amz-Function-Error", "Unhandled"), *headers)
                )
            case Buffered(result, content_type):
                return HttpResponse(200, (("Content-Type", content_type), *headers), result)


def _block(fields) -> Block:
    if not isinstance(fields["path_prefix"], str):
        raise ValueError("path_prefix must be text")
    return Block(
        fields["path_prefix"], None if fields.get("drop") else int(fields.get("status", 503))
    )


def _json(status: int, value) -> HttpResponse:
    return json_response(status, json.dumps(value))
