"""Handlers that log, print, warn and fail, each in one way: `{"case": name}` calls one of them."""

import asyncio
import contextlib
import copy
import io
import logging
import logging.config
import multiprocessing
import os
import pickle
import subprocess
import sys
import threading
import warnings
import weakref
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import urllib3  # a library whose loggers have a NullHandler

AT_IMPORT = logging.getLogger("at.import")
for level in ("debug", "info", "warning", "error"):
    getattr(AT_IMPORT, level)("said at import: %s", level)
logging.info("said by the root logger at import")
logging.error("said by the root logger at import")
print("printed at import")
POOL = ThreadPoolExecutor(1)
LOG = logging.getLogger("own.child")


def case(function):
    """Marks a case that both clients must treat alike."""
    return function


def not_line_for_line(function):
    """Marks one whose stack trace has frames of the client, or as many as there is room for."""
    return function


def handler(event, context):
    print(f"--- {event['case']}")
    return globals()[event["case"]](context)


class Odd:
    def __repr__(self):
        return "Odd()"


class NotAscii(Exception):
    pass


@case
def levels(context):
    for number in (1, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60):
        LOG.log(number, "level %d", number)
    logging.addLevelName(35, "NOTICE")
    LOG.log(35, "a level with a name")
    LOG.critical("the highest")
    logging.getLogger().warning("root")
    logging.warning("module")


@case
def messages(context):
    LOG.warning("two %s %d", "values", 2)
    LOG.warning("a mapping: %(a)s", {"a": 1})
    LOG.warning({"a": 1, "b": [Odd()]})
    LOG.warning({"percent": "%s"}, "argument")
    LOG.warning(["a", "list"])
    LOG.warning(Odd())
    LOG.warning(None)
    LOG.warning("")
    LOG.warning("100 %")
    LOG.warning("é ж 💥 \u2028 \x7f \x00 \x1b[31m")
    LOG.warning("two\nlines\rand\ttabs\n")
    LOG.warning('"quoted" \\ back')
    LOG.warning(ValueError("an exception as the message"))
    LOG.warning("x" * 70_000)


@case
def extras(context):
    LOG.warning("with extra", extra={"user": 7, "odd": Odd(), "tags": ["a"], "none": None})
    LOG.warning("numbers", extra={"d": Decimal("1.10"), "nan": float("nan"), "b": b"\xff"})
    LOG.warning("taken", extra={"logger": "mine", "errorType": "Mine", "tenantId": "t", "level": 1})
    LOG.warning("ids", extra={"aws_request_id": "mine", "tenant_id": "mine", "_frame_type": None})
    LOG.warning("set", extra={"a": {1}, "nested": {"b": Odd()}})
    logging.LoggerAdapter(LOG, {"adapted": True}).warning("adapter")


@case
def exceptions(context):
    try:
        {}["missing"]
    except KeyError:
        LOG.exception("in the except")
        LOG.warning("exc_info", exc_info=True)
    try:
        try:
            raise ValueError("first")
        except ValueError as error:
            raise LookupError("second\nline") from error
    except LookupError as error:
        LOG.exception("chained")
        LOG.warning("given", exc_info=error)
    LOG.warning("made", exc_info=ValueError("never raised"))


@case
def libraries(context):
    logging.getLogger("urllib3.connectionpool").warning("Connection pool is full")
    assert any(
        isinstance(each, logging.NullHandler) for each in logging.getLogger("urllib3").handlers
    )
    return urllib3.__name__


@case
def warned(context):
    warnings.warn("to standard error", stacklevel=1)
    logging.captureWarnings(True)
    warnings.warn("captured", stacklevel=1)
    warnings.warn("captured and old", DeprecationWarning, stacklevel=1)
    logging.captureWarnings(False)


@case
def printed(context):
    print("a line")
    print("no end", end="")
    print(" ended")
    print("a", "b", sep="\t", end="|\n")
    print("to standard error", file=sys.stderr)
    print("no end", end="", file=sys.stderr)
    print(file=sys.stderr)
    sys.stdout.write("written")
    sys.stdout.writelines(["\n", "l1\n", "l2\n"])
    sys.stdout.flush()
    sys.stdout.buffer.write(b"bytes \xff\n")
    sys.stdout.buffer.flush()
    os.write(1, b"by the descriptor\n")
    subprocess.run([sys.executable, "-c", "print('by a child')"], check=True)
    print("é ж 💥")
    return [sys.stdout.fileno(), sys.stdout.isatty(), sys.stdout.encoding, sys.stderr.fileno()]


@case
def redirected(context):
    into = io.StringIO()
    with contextlib.redirect_stdout(into):
        print("not seen")
        LOG.warning("not seen either, as text")
        context.log("not seen")
    return len(into.getvalue()) > 10


@case
def context_log(context):
    context.log("a line\n")
    context.log("no end")
    context.log(Odd())
    context.log("\n")


@case
def threads(context):
    POOL.submit(LOG.warning, "in a pool").result()
    timer = threading.Timer(0, LOG.warning, ["in a timer"])
    timer.start()
    timer.join()
    asyncio.run(in_a_loop())


async def in_a_loop():
    LOG.warning("in a task")
    await asyncio.to_thread(LOG.warning, "in an executor")
    await asyncio.get_running_loop().run_in_executor(None, LOG.warning, "in the default executor")


@case
def thread_that_fails(context):
    thread = threading.Thread(target=lambda: 1 / 0, name="failing")
    thread.start()
    thread.join()


@case
def forked(context):
    pid = os.fork()
    if not pid:
        LOG.warning("in a child")
        print("printed in a child")
        os._exit(0)
    os.waitpid(pid, 0)
    process = multiprocessing.get_context("fork").Process(target=LOG.warning, args=["in another"])
    process.start()
    process.join()


@case
def unraisable(context):
    class Falls:
        def __del__(self):
            raise ValueError("in __del__")

    Falls()


@not_line_for_line
def bad_arguments(context):
    LOG.warning("%d", "no number")


@not_line_for_line
def no_exception(context):
    LOG.warning("exc_info without one", exc_info=True)


@not_line_for_line
def keys_that_json_has_not(context):
    LOG.warning({(1, 2): "x"})


@case
def the_context(context):
    names = [name for name in dir(context) if not name.startswith("_")]
    fields = {**vars(context), "_epoch_deadline_time_in_ms": 0}
    copies = [copy.copy(context), copy.deepcopy(context), pickle.loads(pickle.dumps(context))]
    assert [repr(each) for each in copies] == [repr(context)] * 3
    assert all(each.get_remaining_time_in_millis() > 0 for each in copies)
    assert weakref.ref(context)() is context
    context.added = "by the function"
    try:
        context.identity.added = "by the function"
    except AttributeError as error:
        names.append(str(error))
    return [repr(context), names, repr(fields), context.w3c(), context.added]


def half_a_surrogate_pair(context):
    print("printed \ud83d")
    LOG.warning("logged \ud83d")
    raise ValueError("raised \ud83d")


@not_line_for_line
def stack_of_the_logging_code(context):
    LOG.error("stack", stack_info=True)
    raise LookupError


@case
def fails(context):
    raise ValueError("é\rsecond line")


@case
def fails_without_a_message(context):
    raise ValueError


@case
def fails_by_a_key(context):
    return {}["missing"]


@case
def fails_chained(context):
    try:
        int("x")
    except ValueError as error:
        raise RuntimeError("outer") from error


@case
def fails_in_a_group(context):
    raise ExceptionGroup("several", [ValueError("a"), TypeError("b")])


@not_line_for_line
def fails_deep(context):
    return fails_deep(context)


@case
def fails_over_several_lines(context):
    return len(
        [
            1,
            int("x"),
        ]
    )


@case
def fails_in_generated_code(context):
    exec("def f():\n    raise OSError(2, 'none', 'path')\nf()")


@case
def fails_with_a_note(context):
    error = ValueError("noted")
    error.add_note("a note")
    raise error


@case
def fails_by_a_class_of_another_alphabet(context):
    raise type("Ошибка", (NotAscii,), {})("ж")


@case
def fails_by_assertion(context):
    assert context is None, {"a": 1}


@case
def returns_no_json(context):
    return Odd()


@case
def replaced_formatter(context):
    root = logging.getLogger()
    before = root.handlers[0].formatter
    root.handlers[0].setFormatter(logging.Formatter("%(levelname)s|%(aws_request_id)s|%(message)s"))
    LOG.warning("by a formatter of the function")
    print()
    root.handlers[0].setFormatter(before)


@case
def levels_changed(context):
    root = logging.getLogger()
    before = root.level
    root.setLevel(logging.DEBUG)
    LOG.debug("now seen")
    root.setLevel(logging.CRITICAL)
    LOG.error("not seen")
    root.setLevel(before)
    logging.getLogger("quiet").setLevel(logging.ERROR)
    logging.getLogger("quiet").warning("not seen")
    LOG.propagate = False
    LOG.warning("handled by none")
    LOG.propagate = True


@case
def the_root_loggers_handler(context):
    root = logging.getLogger()
    (handler,) = root.handlers
    parts = [root, handler, handler.level, handler.formatter._fmt, handler.formatter.datefmt]
    names = [type(each).__name__ for each in (handler, handler.formatter, handler.log_sink)]
    filters = [type(each).__name__ for each in handler.filters]
    clock = logging.Formatter.converter.__name__
    return [repr(parts), names, filters, clock, logging.raiseExceptions]


@case
def the_outputs(context):
    return [
        [each.encoding, each.line_buffering, each.name, each.mode, each.closed, each.writable()]
        for each in (sys.stdout, sys.stderr, sys.__stdout__)
    ]


@case
def the_environment(context):
    return sorted(name for name in os.environ if name.startswith(("_LAMBDA", "AWS_LAMBDA_LOG")))


@case
def filtered(context):
    def only_errors(record):
        record.added = "by a filter"
        return record.levelno > logging.WARNING

    (handler,) = logging.getLogger().handlers
    handler.addFilter(only_errors)
    LOG.warning("not seen")
    LOG.error("seen")
    handler.removeFilter(only_errors)
    logging.disable(logging.CRITICAL)
    LOG.error("disabled")
    logging.disable(logging.NOTSET)


@case
def a_handler_of_its_own(context):
    own = logging.StreamHandler()
    LOG.addHandler(own)
    LOG.warning("twice")
    LOG.removeHandler(own)
    root = logging.getLogger()
    handlers = root.handlers[:]
    root.handlers.clear()
    logging.basicConfig(level="INFO", format="%(levelname)s: %(message)s", stream=sys.stdout)
    LOG.info("by a handler of the function's own")
    context.log("to standard output\n")
    root.handlers[:] = handlers


@case
def hooks_of_the_interpreter(context):
    try:
        1 / 0  # noqa: B018
    except ZeroDivisionError:
        sys.excepthook(*sys.exc_info())


@case
def lost_tasks(context):
    async def fails_later():
        raise ValueError("nobody asks")

    async def loses():
        asyncio.get_running_loop().create_task(fails_later())
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    asyncio.run(loses())
    fails_later()


@case
def fails_in_a_loop(context):
    async def fails_at_once():
        raise ValueError("in a loop")

    asyncio.run(fails_at_once())


@case
def fails_with_characters_of_control(context):
    raise ValueError("a\0b\x7fc\x1b\rd\r\r  \t e\u2028\x85f")


@case
def fails_with_two_arguments(context):
    raise ValueError(b"bytes", 1)


@case
def fails_at_length(context):
    raise ValueError("y" * 200_000)


@case
def fails_by_a_nested_class(context):
    raise type("Inner", (NotAscii,), {"__qualname__": "Outer.Inner"})


@case
def configured_anew(context):
    logging.basicConfig(level="INFO", format="changes nothing")
    LOG.warning("as before")
    logging.config.dictConfig({"version": 1, "disable_existing_loggers": True})
    LOG.warning("disabled")
    LOG.disabled = False
    logging.getLogger("new").warning("a new logger")
    logging.basicConfig(level="INFO", format="FORCED %(message)s", force=True)
    LOG.info("to standard error")
    context.log("to standard output\n")
    logging.getLogger().handlers.clear()
    LOG.warning("of last resort")
    LOG.info("not seen")
