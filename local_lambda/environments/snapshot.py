"""SnapStart in one environment: its snapshot, and the one restore from it.

A process cannot be copied as Lambda copies a virtual machine. So each environment runs its own init
phase, stands still as its snapshot would, and is restored for the first invocation that needs it.
What a copy would find, it finds: connections to the table are dead, `random` is where every other
environment of the version has it, and the clock has moved on.
https://docs.aws.amazon.com/lambda/latest/dg/snapstart-runtime-hooks-python.html
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from local_lambda.environments.debug import stand_in
from local_lambda.environments.stale import StaleRelay

# A restore may take so long, hooks included.
RESTORE_LIMIT_S = 10.0
ENDPOINT = "AWS_ENDPOINT_URL_DYNAMODB"
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

    @property
    def is_waiting(self) -> bool:
        """Whether the snapshot is taken and not restored yet."""
        return self._waiting is not None and not self._waiting.done()

    @property
    def is_restored(self) -> bool:
        return self._waiting is not None and self._waiting.done()

    async def behind_relay(self, variables: dict[str, str]) -> dict[str, str]:
        """Returns the variables of a process whose connections to the table can be cut off."""
        url = variables.get(ENDPOINT, "")
        relay = StaleRelay.before(url)
        if relay is None:
            return variables
        self._relay = relay
        await relay.start()
        return {**variables, ENDPOINT: relay.url}

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
