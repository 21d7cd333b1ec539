"""What does an ASGI application do before its first request and after its last one?

https://asgi.readthedocs.io/en/latest/specs/lifespan.html
"""

from __future__ import annotations

import asyncio
import threading
from contextvars import Context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lambda_streaming.event_loops import ApplicationLoop

    Message = dict[str, Any]

AUTO = "auto"
ON = "on"
OFF = "off"
MODES = (AUTO, ON, OFF)
SPEC_VERSION = "2.0"
# Lambda grants about 0.5 s between SIGTERM and the end, and only to functions with an extension.
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
SHUTDOWN_S = 0.4


class LifespanFailed(RuntimeError):
    """The application did not start. The message is the application's own, if it gave one."""


class Lifespan:
    """The lifespan of one application in this process.

    With `auto` an application that raises on the lifespan scope is served without; with `on` that
    is an error. `state` is what the application has put into the scope's state.
    """

    def __init__(self, application: Any, mode: str) -> None:
        self.state: dict[str, Any] = {}
        self._application = application
        self._mode = mode
        self._lock = threading.Lock()
        self._started_in: ApplicationLoop | None = None
        self._run: _Run | None = None

    def ensure_started(self, loop: ApplicationLoop) -> None:
        """Starts the application in `loop`, unless that was done. Raises LifespanFailed."""
        if self._started_in is loop:
            return
        with self._lock:
            if self._started_in is loop:
                return
            if self._mode != OFF:
                self._start(loop)
            self._started_in = loop

    def _start(self, loop: ApplicationLoop) -> None:
        self.state.clear()
        run = _Run(self._application, self.state, loop)
        run.startup()
        if run.failed is not None:
            raise LifespanFailed(run.failed or "the application's startup failed")
        if run.error is None:
            self._run = run
            import atexit

            atexit.register(self.stop)
        elif self._mode == ON:
            message = f"the application's lifespan raised {_named(run.error)}"
            raise LifespanFailed(message) from run.error
        else:
            from logging import getLogger

            getLogger(__name__).info(
                "asgi.lifespan_unsupported: %s", _named(run.error), exc_info=run.error
            )

    def stop(self) -> None:
        """Has the application shut down, within SHUTDOWN_S seconds."""
        run = self._run
        self._run = None
        if run is None:
            return
        import atexit

        atexit.unregister(self.stop)
        from logging import getLogger

        log = getLogger(__name__)
        if not run.shutdown(SHUTDOWN_S):
            log.warning("asgi.shutdown_cut: the application needed more than %g s", SHUTDOWN_S)
        elif run.failed is not None:
            log.error("asgi.shutdown_failed: %s", run.failed)


def _named(error: BaseException) -> str:
    text = str(error)
    name = type(error).__name__
    return f"{name}: {text}" if text else name


class _Run:
    """The task in which an application waits for its startup and its shutdown.

    `error` is what the application raised, `failed` the message of a failure that it has told.
    """

    def __init__(self, application: Any, state: dict[str, Any], loop: ApplicationLoop) -> None:
        self.error: BaseException | None = None
        self.failed: str | None = None
        self._application = application
        self._state = state
        self._loop = loop
        self._waiting = threading.Event()
        self._messages: asyncio.Queue[Message] = asyncio.Queue()
        self._is_started = False
        self._is_shut_down = False
        self._is_over = False
        self._task: asyncio.Task[None] | None = None

    def startup(self) -> None:
        """Returns when the application has started, has failed to, or will not tell."""
        self._messages.put_nowait({"type": "lifespan.startup"})
        self._loop.call(self._begin)
        while not (self._is_started or self._is_over):
            self._loop.wait(self._waiting)

    def shutdown(self, within_s: float) -> bool:
        """Returns whether the application has shut down in time."""
        until_s = self._loop.now_s() + within_s
        if self._loop.loop.is_closed():  # its applications were cancelled then
            self.failed = None
            return True
        self._loop.call(self._messages.put_nowait, {"type": "lifespan.shutdown"})
        while not (self._is_shut_down or self._is_over):
            if self._loop.now_s() >= until_s:
                return False
            self._loop.wait(self._waiting, until_s)
        return True

    def _begin(self) -> None:
        # An empty context: what runs here belongs to no invocation.
        self._task = self._loop.loop.create_task(self._live(), context=Context())
        self._task.add_done_callback(lambda _: self._wake())

    async def _live(self) -> None:
        scope = {
            "type": "lifespan",
            "asgi": {"version": "3.0", "spec_version": SPEC_VERSION},
            "state": self._state,
        }
        try:
            await self._application(scope, self._messages.get, self._send)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            self.error = error
            is_over = self._loop.loop.is_closed() or self.failed is not None
            if self._is_started and not is_over:  # nobody waits for it
                from logging import getLogger

                getLogger(__name__).error("asgi.lifespan_failed: %s", _named(error), exc_info=error)
        finally:
            self._is_over = True

    async def _send(self, message: Message) -> None:
        kind = message["type"]
        phase, _, outcome = kind.removeprefix("lifespan.").partition(".")
        if phase not in ("startup", "shutdown") or outcome not in ("complete", "failed"):
            raise RuntimeError(f"{kind!r} is no message of the lifespan protocol")
        is_out_of_order = self._is_shut_down or self._is_started != (phase == "shutdown")
        if is_out_of_order:
            raise RuntimeError(f"{kind!r} was sent out of order")
        if outcome == "failed":
            self.failed = str(message.get("message", ""))
        if phase == "startup":
            self._is_started = True
        else:
            self._is_shut_down = True
        self._wake()

    def _wake(self) -> None:
        self._loop.wake(self._waiting)
