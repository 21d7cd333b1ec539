"""The process as a function finds it. Each function with an event and a context is a case."""

import builtins
import gc
import json
import locale
import logging
import os
import signal
import sys
import threading
import warnings


def variables(event, context):
    return {
        name: os.environ[name] for name in sorted(os.environ) if name != "AWS_LAMBDA_RUNTIME_API"
    }


def working_directory(event, context):
    return os.getcwd()


def arguments(event, context):
    return sys.argv


def first_on_the_import_path(event, context):
    return sys.path[0]


def import_path(event, context):
    return sys.path


def standard_library_before_packages(event, context):
    library = os.path.dirname(os.__file__)
    packages = [entry for entry in sys.path if entry.endswith("site-packages")]
    return sys.path.index(library) < sys.path.index(packages[0])


def no_path_twice(event, context):
    return len(sys.path) == len(set(sys.path))


def python_of_a_child(event, context):
    return [sys.executable, sys.prefix]


def main_module(event, context):
    main = sys.modules["__main__"]
    return [main.__name__, hasattr(main, "__file__")]


def main_module_is_named(event, context):
    return [sys.modules["__main__"].__package__, os.path.basename(sys.modules["__main__"].__file__)]


def flags(event, context):
    return {
        name: getattr(sys.flags, name)
        for name in dir(sys.flags)
        if name.islower() and name[0] != "_" and name not in ("count", "index")
    }


def recursion_limit(event, context):
    return sys.getrecursionlimit()


def switch_interval(event, context):
    return sys.getswitchinterval()


def garbage_collector(event, context):
    return [gc.isenabled(), gc.get_threshold(), gc.get_debug(), gc.get_freeze_count()]


def warning_filters(event, context):
    return [
        [each[0], str(each[1]), each[2].__name__, str(each[3]), each[4]]
        for each in warnings.filters
    ]


def encodings(event, context):
    return [sys.getdefaultencoding(), sys.getfilesystemencoding(), sys.getfilesystemencodeerrors()]


def encoding_of_the_outputs(event, context):
    return [sys.stdout.encoding, sys.stderr.encoding]


def errors_of_the_outputs(event, context):
    return [sys.stdout.errors, sys.stderr.errors]


def outputs_are_no_terminals(event, context):
    return [sys.stdout.isatty(), sys.stderr.isatty(), sys.stdout.fileno(), sys.stderr.fileno()]


def outputs_can_be_written_as_bytes(event, context):
    sys.stdout.buffer.write(b"bytes\xff\n")
    sys.stdout.buffer.flush()
    sys.stderr.buffer.write(b"more bytes\n")
    sys.stderr.buffer.flush()


def outputs_can_be_reconfigured(event, context):
    sys.stdout.reconfigure(line_buffering=True)
    return sys.stdout.line_buffering


def outputs_write_lines(event, context):
    sys.stdout.writelines(["one\n", "two\n"])
    sys.stderr.writelines(["three\n"])


def standard_input(event, context):
    return [sys.stdin.isatty(), sys.stdin.read()]


def the_locale(event, context):
    return [locale.getpreferredencoding(False), locale.setlocale(locale.LC_ALL, None)]


def time_zone(event, context):
    import time

    return [time.tzname, time.localtime(0).tm_hour]


def main_thread(event, context):
    return threading.current_thread() is threading.main_thread()


def name_of_the_thread(event, context):
    return threading.current_thread().name


def number_of_threads(event, context):
    return threading.active_count()


def handler_of_sigint(event, context):
    return str(signal.getsignal(signal.SIGINT))


def handler_of_sigterm(event, context):
    return str(signal.getsignal(signal.SIGTERM))


def handler_of_other_signals(event, context):
    numbers = (signal.SIGPIPE, signal.SIGHUP, signal.SIGCHLD, signal.SIGALRM, signal.SIGUSR1)
    return [str(signal.getsignal(number)) for number in numbers]


def blocked_signals(event, context):
    return len(signal.pthread_sigmask(signal.SIG_BLOCK, []))


def hooks(event, context):
    return [
        sys.excepthook is sys.__excepthook__,
        sys.displayhook is sys.__displayhook__,
        sys.unraisablehook is sys.__unraisablehook__,
        threading.excepthook is threading.__excepthook__,
        sys.gettrace() is None,
        sys.getprofile() is None,
    ]


def builtins_are_pythons_own(event, context):
    return sorted(set(dir(builtins)))


def meta_path(event, context):
    return [getattr(each, "__name__", type(each).__name__) for each in sys.meta_path]


def path_hooks(event, context):
    return len(sys.path_hooks)


def open_descriptors_are_not_inherited(event, context):
    import subprocess

    child = "import os; print(sorted(map(int, os.listdir('/proc/self/fd')))[:3])"
    return subprocess.run([sys.executable, "-c", child], capture_output=True, text=True).stdout


def limits(event, context):
    import resource

    return resource.getrlimit(resource.RLIMIT_NOFILE)


def umask(event, context):
    mask = os.umask(0)
    os.umask(mask)
    return mask


def niceness(event, context):
    return os.nice(0)


def process_group(event, context):
    return os.getpgid(0) == os.getpgid(os.getppid())


def variables_of_a_child(event, context):
    import subprocess

    child = "import os, json; print(json.dumps(sorted(os.environ)))"
    done = subprocess.run([sys.executable, "-c", child], capture_output=True, text=True)
    return json.loads(done.stdout)


def state_of_the_random_numbers(event, context):
    import random

    return [random.random() == random.random(), random.getstate()[0]]


def level_of_the_root_logger(event, context):
    root = logging.getLogger()
    return [root.level, len(root.handlers), root.handlers[0].level, root.disabled]


def handler_of_the_root_logger(event, context):
    handler = logging.getLogger().handlers[0]
    return [
        type(handler).__name__,
        hasattr(handler, "log_sink"),
        len(handler.filters),
        type(handler.formatter).__name__,
        handler.formatter._fmt,
        handler.formatter.datefmt,
    ]


def levels_of_logging(event, context):
    return logging.getLevelNamesMapping()


def converter_of_logging(event, context):
    return logging.Formatter.converter.__name__


def known_loggers(event, context):
    return sorted(logging.root.manager.loggerDict)


def default_timeout_of_sockets(event, context):
    import socket

    return socket.getdefaulttimeout()


def fault_handler(event, context):
    import faulthandler

    return faulthandler.is_enabled()


def digits_of_an_int(event, context):
    return sys.get_int_max_str_digits()


def bytecode(event, context):
    return [sys.dont_write_bytecode, sys.pycache_prefix]


def tracing_of_memory(event, context):
    import tracemalloc

    return tracemalloc.is_tracing()


def temporary_directory(event, context):
    import tempfile

    return tempfile.gettempdir()


def frames_below_the_handler(event, context):
    import inspect

    return len(inspect.stack(0)) < 20


def module_of_the_handler(event, context):
    import dispatch

    return [dispatch.__name__, dispatch.__spec__.name, dispatch.__file__]


def results_of_writing(event, context):
    return [sys.stdout.write("written\n"), sys.stderr.write("written\n")]


def state_of_the_outputs(event, context):
    return [sys.stdout.closed, sys.stdout.writable(), sys.stdout.readable(), sys.stdout.name]


def outputs_are_those_of_the_start(event, context):
    return [sys.stdout.fileno() == sys.__stdout__.fileno(), sys.stdout.newlines]


def printing_in_pieces_to_both(event, context):
    for number in range(5):
        print(number, end="")
        print(number, end="", file=sys.stderr)
    os.write(1, b"|descriptor|")
    print()


def output_redirected(event, context):
    import contextlib
    import io

    with contextlib.redirect_stdout(io.StringIO()) as text:
        print("captured")
    with contextlib.redirect_stderr(sys.stdout):
        sys.stderr.write("to stdout\n")
    return text.getvalue()


def working_directory_that_is_gone(event, context):
    import tempfile

    kept = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
    try:
        return len(os.listdir("."))
    finally:
        os.chdir(kept)


def names_of_the_modules(event, context):
    import dispatch

    return [dispatch.__name__ in sys.modules, __name__]


def classes_can_be_pickled(event, context):
    import pickle

    return pickle.loads(pickle.dumps(ValueError("kept"))).args


def asyncio_is_usable(event, context):
    import asyncio

    return asyncio.run(asyncio.sleep(0, "slept"))


def time_is_utc(event, context):
    import datetime

    return datetime.datetime.fromtimestamp(0).isoformat()  # noqa: DTZ006
