"""`--reload`: takes up changes of code, layers and the template while the emulator runs.

Files are looked at four times a second, and once more before an invocation if they are not too
many, so that the next request runs what was saved before it. Without `--reload`, changes are only
named.
"""

import asyncio
import contextlib
import logging
import shutil
import time
from collections.abc import Callable, Iterable, MutableMapping, Sequence
from functools import partial
from pathlib import Path

from local_lambda.application import Application, Function
from local_lambda.environments.environment import Environment
from local_lambda.environments.launch import Launch
from local_lambda.environments.layout import LaunchError
from local_lambda.environments.pool import FunctionPool
from local_lambda.tasks import for_ever, tell_of_failure
from local_lambda.template.text import recorded_reads
from local_lambda.watch import FILES, Tree

_log = logging.getLogger(__name__)
_EVERY_S = 0.25
_NAMES_EVERY_S = 2.0
# A look takes about 5 microseconds for a file; with this pause it takes a tenth of the time.
_PAUSE_OF_FILE_S = 50e-6
# More files than these are not looked at again before each invocation.
_QUICK_FILES = 5_000

# Python takes bytecode for up to date when its source has the same size and was written within the
# same second, as two quick savings are. On Lambda no bytecode is written either.
WITHOUT_BYTECODE = {"PYTHONDONTWRITEBYTECODE": "1"}
# Lays a function out in a folder of its own: see `launch.lay_out`.
LayOut = Callable[[Function, Path], Launch]
# The parts that are served besides functions; their changes need another start.
_PARTS = {
    "tables": "tables",
    "mappings": "event source mappings",
}


class Trees:
    """Looks at each folder once, however many functions share it."""

    def __init__(self, ignored: Iterable[Path] = ()) -> None:
        self._ignored = tuple(ignored)
        self._trees: dict[Path, Tree] = {}

    def of(self, function: Function) -> list[Tree]:
        """Returns the trees of a function: its code and its layers."""
        roots = [*function.layers]
        if function.inline_code is None:
            roots.insert(0, function.code)
        return [self._tree(root) for root in roots]

    def _tree(self, root: Path) -> Tree:
        if root not in self._trees:
            self._trees[root] = Tree(root, self._ignored)
            if self._trees[root].is_cut_off:
                _log.warning(
                    "reload: %s has more than %d files; the others are not watched", root, FILES
                )
        return self._trees[root]


class Reloader:
    """Replaces what runs by what the files say now.

    `pools` are those of the running application, by logical id. `read_template` raises
    TemplateError and OSError; the files that it reads are watched. `add_pool` takes in a function
    that is new. `replace_fronts` serves the routes of an application, and returns the names of the
    addresses that are new or gone.
    """

    def __init__(
        self,
        pools: MutableMapping[str, FunctionPool],
        application: Application,
        read_template: Callable[[], Application],
        lay_out: LayOut,
        directory: Path,
        add_pool: Callable[[Launch], FunctionPool],
        replace_fronts: Callable[[Application], set[str]],
        ignored: Iterable[Path] = (),
    ) -> None:
        self._pools = pools
        self._add_pool = add_pool
        self._replace_fronts = replace_fronts
        self._application = application
        self._read_template = read_template
        self._lay_out = lay_out
        self._directory = directory
        self._inputs: dict[Path, Tree] = {}
        self._trees = Trees(ignored)
        self._lock = asyncio.Lock()
        self._began_s = 0.0
        self._files = 0  # how many there were at the last look
        self._generation = 0
        self._laid_out: dict[str, Path] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        for function in application.functions.values():
            self._trees.of(function)
        for pool in pools.values():
            pool.before_invocation = self.before_invocation
        with contextlib.suppress(Exception):  # it has just been read
            self._read_and_watch()

    async def run(self) -> None:
        """Looks for changes until it is cancelled."""
        try:
            await for_ever("reload", self.look, self._pause_s)
        finally:
            for task in self._tasks:
                task.cancel()

    def _pause_s(self) -> float:
        return max(_EVERY_S, self._files * _PAUSE_OF_FILE_S)

    async def before_invocation(self) -> None:
        """Takes up what was saved before this invocation, if there are not too many files."""
        is_quick = self._files <= _QUICK_FILES
        if not (is_quick or self._lock.locked()):
            return
        asked_s = time.monotonic()
        async with self._lock:
            # One of several invocations that wait here looks for all.
            if is_quick and self._began_s < asked_s:
                await self._look()

    async def look(self) -> None:
        """Looks at all files, and takes up what has changed."""
        async with self._lock:
            await self._look()

    async def _look(self) -> None:
        self._began_s = time.monotonic()
        inputs_changed = [path for tree in self._inputs.values() for path in tree.look()]
        changed = await asyncio.to_thread(self._look_at_functions)
        if inputs_changed:
            await self._reread(inputs_changed)
        for logical_id, paths in changed.items():
            await self._renew(self._pools[logical_id].function, _names(paths))

    def _look_at_functions(self) -> dict[str, list[Path]]:
        """Returns the changed files of each function that has some."""
        seen: dict[Path, list[Path]] = {}
        changed: dict[str, list[Path]] = {}
        files = 0
        for logical_id, pool in self._pools.items():
            for tree in self._trees.of(pool.function):
                if tree.root not in seen:
                    seen[tree.root] = tree.look()
                    files += tree.files
                if seen[tree.root]:
                    changed.setdefault(logical_id, []).extend(seen[tree.root])
        self._files = files
        return changed

    def _read_and_watch(self) -> Application:
        with recorded_reads() as paths:
            try:
                return self._read_template()
            finally:
                for path in paths - self._inputs.keys():
                    self._inputs[path] = Tree(path)

    async def _reread(self, paths: list[Path]) -> None:
        """Reads the template again. If that fails, what runs goes on."""
        try:
            application = await asyncio.to_thread(self._read_and_watch)
        except Exception as error:  # a template that is being edited may be anything
            _log.error("reload: %s: %s; what ran before goes on", _names(paths), error)
            return
        known = set(self._application.warnings)
        for warning in application.warnings:
            if warning not in known:
                _log.warning("template: %s", warning)
        for logical_id, function in application.functions.items():
            pool = self._pools.get(logical_id)
            if pool is None or pool.function != function:
                await self._renew(function, _names(paths))
        self._name_what_needs_a_start(application, self._replace_fronts(application))
        self._application = application

    def _name_what_needs_a_start(self, application: Application, addresses: set[str]) -> None:
        before = self._application
        differs = [
            text
            for name, text in _PARTS.items()
            if getattr(before, name) != getattr(application, name)
        ]
        differs += sorted(addresses)
        differs += sorted(before.functions.keys() - application.functions.keys())
        if differs:
            _log.warning("reload: start again to serve what has changed: %s", ", ".join(differs))

    async def _renew(self, function: Function, names: str) -> None:
        """Lays a function out again; its next invocation runs in a new environment."""
        logical_id = function.logical_id
        self._generation += 1
        directory = self._directory / f"reload-{self._generation}"
        try:
            launch = await asyncio.to_thread(self._lay_out, function, directory)
        except (LaunchError, OSError) as error:
            _log.error("reload: %s: %s; what ran before goes on", logical_id, error)
            return
        _log.info("reload: %s: %s", logical_id, names)
        pool = self._pools.get(logical_id)
        if pool is None:
            self._laid_out[logical_id] = directory
            self._add_pool(launch).before_invocation = self.before_invocation
            return
        retired = pool.replace(launch)
        before = self._laid_out.get(logical_id, self._directory / logical_id)
        self._laid_out[logical_id] = directory
        task = asyncio.create_task(_remove_when_over(retired, before))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(tell_of_failure)


async def _remove_when_over(environments: Sequence[Environment], directory: Path) -> None:
    """Removes what was laid out before, when nothing runs in it any more."""
    for environment in environments:
        await environment.over.wait()
    await asyncio.to_thread(shutil.rmtree, directory, ignore_errors=True)


class ChangeNamer:
    """Without `--reload`: says once for each function that its warm environments run old code."""

    def __init__(
        self, pools: MutableMapping[str, FunctionPool], ignored: Iterable[Path] = ()
    ) -> None:
        self._pools = pools
        self._trees = Trees(ignored)
        self._named: set[str] = set()
        self._files = 0  # how many there were at the last look

    async def run(self) -> None:
        """Looks now and then, until it is cancelled."""
        await for_ever("code.changed", partial(asyncio.to_thread, self.look), self._pause_s)

    def _pause_s(self) -> float:
        return max(_NAMES_EVERY_S, 5 * self._files * _PAUSE_OF_FILE_S)

    def look(self) -> None:
        """Looks at the code of the functions that have environments."""
        self._files = 0
        for logical_id, pool in tuple(self._pools.items()):
            started = [each.started_at_s for each in tuple(pool.environments)]
            if not started or logical_id in self._named:
                continue
            trees = self._trees.of(pool.function)
            for tree in trees:
                tree.look()
                self._files += tree.files
            if any(tree.newest_s > min(started) for tree in trees):
                self._named.add(logical_id)
                _log.warning(
                    "code.changed %s: its running environments keep the old code;"
                    " with --reload they would not",
                    logical_id,
                )


def _names(paths: Sequence[Path]) -> str:
    """Names the changed files: the first ones, and how many others."""
    names = list(dict.fromkeys(path.name for path in paths))
    others = f" and {len(names) - 3} others" if len(names) > 3 else ""
    return f"{', '.join(names[:3])}{others} changed"
