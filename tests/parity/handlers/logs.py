"""Logging and printing. Each function with an event and a context is a case.

What a case changes it undoes: all cases of an environment share one process.
"""

import io
import logging
import logging.config
import logging.handlers
import os
import queue
import sys
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

logger = logging.getLogger("app")


@contextmanager
def root_restored():
    """Puts the root logger back as it was."""
    root = logging.getLogger()
    handlers = root.handlers[:]
    formatters = [handler.formatter for handler in handlers]
    level = root.level
    try:
        yield root
    finally:
        root.handlers[:] = handlers
        for handler, formatter in zip(handlers, formatters, strict=True):
            handler.setFormatter(formatter)
        root.setLevel(level)


def all_levels(event, context):
    for level in (5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 60):
        logging.log(level, "level %d", level)


def all_levels_of_a_logger_without_limits(event, context):
    logger.setLevel(1)
    for level in (1, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 60, 100):
        logger.log(level, "level %d", level)
    logger.setLevel(logging.NOTSET)


def child_logger(event, context):
    logging.getLogger("app.part.module").warning("from a child")


def named_levels(event, context):
    logger.debug("debug")
    logger.info("info")
    logger.warning("warning")
    logger.error("error")
    logger.critical("critical")


def level_with_a_name_of_its_own(event, context):
    logging.addLevelName(35, "NOTICE")
    logger.log(35, "noticed")


def arguments(event, context):
    logger.warning("%s and %d and %r", "text", 5, {"a": 1})
    logger.warning("%(name)s", {"name": "by name"})
    logger.warning("100%")
    logger.warning("100%% %s", "sure")


def arguments_that_do_not_fit(event, context):
    logger.critical("%d", "text")


def message_of_another_type(event, context):
    logger.warning(5)
    logger.warning(None)
    logger.warning(["a", 1])
    logger.warning(b"bytes")
    logger.warning(ValueError("an error as message"))


def message_that_is_a_dict(event, context):
    logger.warning({"a": 1, "b": [None, True], "ü": "ü"})
    logger.warning({"a": 1}, extra={"more": 1})


def message_with_quotes(event, context):
    logger.warning('"quoted" \\ back/slash \t tab')


def message_beyond_ascii(event, context):
    logger.warning("größer 漢字 😀 \u2028 \x85")


def message_with_control_characters(event, context):
    logger.warning("\x00 \x1b[31mred\x1b[0m \x7f")


def several_lines(event, context):
    logger.warning("one\ntwo\n\n  four\r\nfive\rsix\n")


def empty_messages(event, context):
    logger.warning("")
    logger.warning("\n")
    logger.warning(" ")


def long_message(event, context):
    logger.warning("x" * 300_000)


def extra_fields(event, context):
    logger.warning(
        "with extra", extra={"user": "u", "count": 5, "nested": {"a": [1]}, "none": None}
    )


def extra_that_is_no_json(event, context):
    logger.warning("objects", extra={"error": ValueError("e"), "type": int, "set": {1}, "b": b"x"})


def extra_with_names_of_the_format(event, context):
    logger.warning("reserved", extra={"level": "mine", "timestamp": 1, "requestId": "mine"})
    logger.warning("reserved", extra={"location": "mine", "logger": "mine", "tenantId": "mine"})
    logger.warning("reserved", extra={"aws_request_id": "mine", "tenant_id": "mine"})


def extra_that_is_forbidden(event, context):
    try:
        logger.warning("forbidden", extra={"message": 1})
    except KeyError as error:
        return str(error)


def exception(event, context):
    try:
        return 1 / 0
    except ZeroDivisionError:
        logger.exception("failed")


def exception_with_a_cause(event, context):
    try:
        try:
            raise KeyError("first")
        except KeyError as error:
            raise ValueError("second") from error
    except ValueError:
        logger.exception("failed")


def exception_of_a_group(event, context):
    try:
        raise ExceptionGroup("group", [ValueError(1), TypeError("two")])
    except ExceptionGroup:
        logger.exception("failed")


def exception_beyond_ascii(event, context):
    try:
        raise ValueError("größer\n漢字")
    except ValueError:
        logger.exception("fällt")


def exception_as_argument(event, context):
    logger.error("failed", exc_info=ValueError("never raised"))


def exception_where_there_is_none(event, context):
    logger.critical("failed", exc_info=True)


def exception_at_debug(event, context):
    try:
        raise ValueError("x")
    except ValueError:
        logger.debug("failed", exc_info=True)


def exception_logged_twice(event, context):
    with root_restored() as root:
        handler = logging.StreamHandler(sys.stdout)
        handler.setFormatter(logging.Formatter("second: %(message)s %(exc_text)s"))
        root.addHandler(handler)
        exception(event, context)


def stack_of_a_formatter(event, context):
    formatter = logging.Formatter()
    return [formatter.formatStack("stack"), formatter.usesTime()]


def logger_that_does_not_propagate(event, context):
    quiet = logging.getLogger("quiet")
    quiet.propagate = False
    quiet.warning("to nobody")
    quiet.addHandler(logging.StreamHandler(sys.stdout))
    quiet.warning("to its own handler")


def logger_with_a_level(event, context):
    chatty = logging.getLogger("chatty")
    chatty.setLevel(logging.DEBUG)
    chatty.debug("debug of one logger")
    logging.getLogger("chatty.child").info("info of its child")
    chatty.setLevel(logging.ERROR)
    chatty.warning("not written")


def logger_with_a_handler(event, context):
    own = logging.getLogger("own")
    own.addHandler(logging.StreamHandler(sys.stderr))
    own.warning("twice: own handler and root")


def logger_with_a_null_handler(event, context):
    library = logging.getLogger("library")
    library.addHandler(logging.NullHandler())
    library.warning("a library's warning")
    library.info("a library's info")


def logger_that_is_disabled(event, context):
    disabled = logging.getLogger("disabled")
    disabled.disabled = True
    disabled.error("not written")


def logging_that_is_disabled(event, context):
    logging.disable(logging.ERROR)
    logger.error("not written")
    logger.critical("written")
    logging.disable(logging.NOTSET)


def logger_adapter(event, context):
    adapter = logging.LoggerAdapter(logger, {"user": "u"})
    adapter.warning("adapted")


def filter_that_adds(event, context):
    class Adding(logging.Filter):
        def filter(self, record):
            record.added = "by a filter"
            return True

    adding = Adding()
    logger.addFilter(adding)
    logger.warning("filtered")
    logger.removeFilter(adding)


def filter_that_refuses(event, context):
    def refuse(record):
        return False

    logger.addFilter(refuse)
    logger.error("not written")
    logger.removeFilter(refuse)


def level_of_the_root(event, context):
    with root_restored() as root:
        root.setLevel(logging.DEBUG)
        logger.debug("debug")
        root.setLevel(logging.ERROR)
        logger.warning("not written")


def formatter_of_the_root(event, context):
    with root_restored() as root:
        root.handlers[0].setFormatter(logging.Formatter("%(levelname)s:%(name)s:%(message)s\n"))
        logger.warning("in a format of its own")
        root.handlers[0].setFormatter(logging.Formatter("%(aws_request_id)s %(message)s"))
        logger.warning("without a line end;")
        logger.warning("and another\n")


def formatter_of_the_root_with_an_exception(event, context):
    with root_restored() as root:
        root.handlers[0].setFormatter(logging.Formatter("%(message)s\n"))
        exception(event, context)


def formatter_of_pythons_own(event, context):
    with root_restored() as root:
        root.handlers[0].setFormatter(None)
        logger.warning("with no formatter;")
        print()


def handlers_removed(event, context):
    with root_restored() as root:
        for handler in list(root.handlers):
            root.removeHandler(handler)
        logger.warning("python's last resort")
        logger.info("not written")


def handlers_replaced(event, context):
    with root_restored() as root:
        root.handlers.clear()
        root.addHandler(logging.StreamHandler(sys.stdout))
        logger.warning("to another handler")


def handler_added(event, context):
    with root_restored() as root:
        handler = logging.StreamHandler(sys.stdout)
        handler.setFormatter(logging.Formatter("second: %(message)s"))
        root.addHandler(handler)
        logger.warning("twice")


def basic_config(event, context):
    with root_restored():
        logging.basicConfig(level=logging.DEBUG, format="%(message)s")
        logger.warning("basicConfig changes nothing")
        logger.debug("not even the level")


def basic_config_by_force(event, context):
    with root_restored():
        logging.basicConfig(level=logging.DEBUG, format="%(levelname)s %(message)s", force=True)
        logger.debug("in a format of its own")


def basic_config_by_force_to_stdout(event, context):
    with root_restored():
        logging.basicConfig(stream=sys.stdout, force=True)
        logger.warning("to stdout")


def dict_config(event, context):
    with root_restored():
        logging.config.dictConfig(
            {
                "version": 1,
                "disable_existing_loggers": False,
                "formatters": {"f": {"format": "%(levelname)s|%(message)s"}},
                "handlers": {
                    "h": {"class": "logging.StreamHandler", "formatter": "f", "stream": sys.stdout}
                },
                "root": {"handlers": ["h"], "level": "INFO"},
            }
        )
        logger.info("by dictConfig")


def dict_config_of_one_logger(event, context):
    with root_restored():
        logging.config.dictConfig(
            {
                "version": 1,
                "disable_existing_loggers": False,
                "loggers": {"one": {"level": "DEBUG"}},
            }
        )
        logging.getLogger("one").debug("its root handler is gone")


def memory_handler(event, context):
    memory = logging.handlers.MemoryHandler(10, target=logging.getLogger().handlers[0])
    own = logging.getLogger("memory")
    own.propagate = False
    own.addHandler(memory)
    own.warning("kept")
    print("printed before")
    memory.flush()


def queue_handler(event, context):
    records = queue.Queue()
    listener = logging.handlers.QueueListener(records, *logging.getLogger().handlers)
    own = logging.getLogger("queued")
    own.propagate = False
    own.addHandler(logging.handlers.QueueHandler(records))
    listener.start()
    own.warning("queued")
    listener.stop()


def string_handler(event, context):
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    logger.addHandler(handler)
    logger.warning("into a string")
    logger.removeHandler(handler)
    return text.getvalue()


def record_made_by_hand(event, context):
    record = logging.makeLogRecord(
        {"msg": "by hand", "levelno": 30, "levelname": "WARNING", "name": "hand", "created": 5.0}
    )
    logger.handle(record)


def record_factory(event, context):
    factory = logging.getLogRecordFactory()

    def make(*args, **kwargs):
        record = factory(*args, **kwargs)
        record.made = "by a factory"
        return record

    logging.setLogRecordFactory(make)
    logger.warning("made")
    logging.setLogRecordFactory(factory)


def warning_shown(event, context):
    warnings.warn("a warning", stacklevel=1)
    warnings.warn("deprecated", DeprecationWarning, stacklevel=1)


def warning_captured(event, context):
    logging.captureWarnings(True)
    warnings.warn("captured", UserWarning, stacklevel=1)
    logging.captureWarnings(False)


def print_lines(event, context):
    print("to stdout")
    print("to stderr", file=sys.stderr)
    print("größer 漢字 😀")


def print_without_a_line_end(event, context):
    print("no line end", end="")


def print_pieces(event, context):
    for piece in ("a", "b", "c"):
        print(piece, end=" ")
    print("error piece", end=" ", file=sys.stderr)
    print("end")


def print_several_lines(event, context):
    print("one\ntwo\n\nfour\r\nfive\rsix")


def print_nothing(event, context):
    print()
    print("")


def print_much(event, context):
    print("y" * 300_000)


def print_a_surrogate(event, context):
    try:
        print("\ud800")
    except UnicodeEncodeError:
        return "not printable"


def print_and_log(event, context):
    print("printed")
    logger.error("logged")
    print("printed on stderr", file=sys.stderr)
    logger.error("logged again")
    sys.stdout.write("written;")
    logger.error("behind an open line")


def print_flushed(event, context):
    print("flushed", flush=True)


def stdout_replaced(event, context):
    kept = sys.stdout
    sys.stdout = io.StringIO()
    try:
        print("captured")
        logger.error("where does it go?")
        captured = sys.stdout.getvalue()
    finally:
        sys.stdout = kept
    return captured.count("captured")


def in_a_thread(event, context):
    thread = threading.Thread(target=logger.error, args=("in a thread",))
    thread.start()
    thread.join()


def in_a_fork(event, context):
    child = os.fork()
    if child == 0:
        logger.error("in a fork")
        os._exit(0)
    os.waitpid(child, 0)


def in_a_pool(event, context):
    with ThreadPoolExecutor(1) as pool:
        pool.submit(logger.error, "in a pool").result()


def in_a_pool_that_stays(event, context):
    global POOL
    POOL = ThreadPoolExecutor(1)
    POOL.submit(logger.error, "first").result()


def in_a_pool_that_stayed(event, context):
    POOL.submit(logger.error, "the request id is the new one").result()
    POOL.shutdown()


def in_a_timer(event, context):
    timer = threading.Timer(0.01, logger.error, ("in a timer",))
    timer.start()
    timer.join()


def thread_that_fails(event, context):
    thread = threading.Thread(target=int, args=("x",), name="failing")
    thread.start()
    thread.join()


def time_of_a_record(event, context):
    formatter = logging.Formatter()
    record = logging.makeLogRecord({"created": 0.5, "msecs": 500.0})
    return [formatter.formatTime(record), formatter.formatTime(record, "%H:%M")]


def last_resort(event, context):
    return [type(logging.lastResort).__name__, logging.lastResort.level]


def raised_while_logging(event, context):
    class Failing:
        def __str__(self):
            raise ValueError("no text")

    logger.critical(Failing())


def logging_that_is_slow(event, context):
    logger.error("one")
    time.sleep(0.002)
    logger.error("two")


def error_after_logging(event, context):
    logger.error("before")
    print("open line", end="")
    raise ValueError("after")


def error_that_is_logged_and_raised(event, context):
    try:
        raise ValueError("both")
    except ValueError:
        logger.exception("logged")
        raise
