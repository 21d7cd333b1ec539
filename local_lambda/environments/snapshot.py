"""SnapStart in one environment: its snapshot, and the one restore from it.

A process cannot be copied as Lambda copies a virtual machine. So each environment runs its own init
phase, stands still as its snapshot would, and is restored for the first invocation that needs it.
What a copy would find, it finds: connections to the table are dead, `random` is where every other
environment of the version has it, and the clock has moved on.
https://docs.aws.amazon.com/lambda/latest/dg/snapstart-runtime-hooks-python.html
"""

import asyncio
import hmac
import json
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from local_lambda.environments.debug import stand_in
from local_lambda.environments.stale import StaleRelay
from local_lambda.http.messages import HttpResponse, json_response

# A restore may take so long, hooks included.
RESTORE_LIMIT_S = 10.0
ENDPOINT = "AWS_ENDPOINT_URL_DYNAMODB"
# Page snapstart-activate.html in https://docs.aws.amazon.com/lambda/latest/dg/ says that these
# stand for the variables of the keys. The path is an invented one.
CREDENTIALS_TARGET = "/2021-04-23/credentials"
_VALID_FOR = timedelta(hours=6)
_FIELDS = {
    "AWS_ACCESS_KEY_ID": "AccessKeyId",
    "AWS_SECRET_ACCESS_KEY": "SecretAccessKey",
    "AWS_SESSION_TOKEN": "Token",
}
_PROGRAM = Path(__file__).parents[1] / "programs/copied.py"


class Copy:
    """Starts a process as a copy of the others of its function, as far as `random` knows."""

    def applied(
        self,
        command: Sequence[str],
        variables: dict[str, str],
        python: str,
        runtime: tuple[Path, Path],
    ) -> tuple[list[str], dict[str, str]]:
        """Returns the command and the variables, changed as a debugger changes them."""
        return stand_in(command, variables, python, runtime=runtime, run=(_PROGRAM,))


class Snapshot:
    """Follows one environment from its init phase over the snapshot to its restore."""

    def __init__(self) -> None:
        self._waiting: asyncio.Future[None] | None = None
        self._relay: StaleRelay | None = None
        self._token = secrets.token_hex(16)
        self._credentials: dict[str, str] = {}

    @property
    def is_waiting(self) -> bool:
        """Whether the snapshot is taken and not restored yet."""
        return self._waiting is not None and not self._waiting.done()

    @property
    def is_restored(self) -> bool:
        return self._waiting is not None and self._waiting.done()

    async def applied(self, variables: dict[str, str]) -> dict[str, str]:
        """Returns the variables of a process that is to be copied.

        It asks for its credentials, and its connections to the table can be cut off.
        """
        self._credentials = {
            field: variables[name] for name, field in _FIELDS.items() if name in variables
        }
        variables = {name: value for name, value in variables.items() if name not in _FIELDS}
        runtime_api = variables["AWS_LAMBDA_RUNTIME_API"]
        variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = (
            f"http://{runtime_api}{CREDENTIALS_TARGET}"
        )
        variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = self._token
        relay = StaleRelay.before(variables.get(ENDPOINT, ""))
        if relay is not None:
            self._relay = relay
            await relay.start()
            variables[ENDPOINT] = relay.url
        return variables

    def credentials(self, authorization: str) -> HttpResponse:
        """Responds to the SDK; `authorization` is the header of that name."""
        if not hmac.compare_digest(authorization.encode(), self._token.encode()):
            return json_response(401, json.dumps({"message": "Unauthorized"}))
        until = (datetime.now(UTC) + _VALID_FOR).isoformat(timespec="seconds")
        fields = {**self._credentials, "Expiration": until.replace("+00:00", "Z")}
        return json_response(200, json.dumps(fields))

    async def taken(self) -> None:
        """Waits for the restore."""
        self._waiting = asyncio.get_running_loop().create_future()
        await self._waiting

    def restore(self) -> None:
        """Lets the process go on. Its connections have no other end any more."""
        if self._relay:
            self._relay.forget()
        if self._waiting and not self._waiting.done():
            self._waiting.set_result(None)

    async def close(self) -> None:
        if self._relay:
            await self._relay.close()
