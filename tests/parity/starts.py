"""Functions of their own: how they start, and what is set up while they are imported.

Each is a folder with these files, and a process of its own for each client.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from textwrap import dedent

OK = """
def handler(event, context):
    return "ok"
"""


@dataclass
class Start:
    """`files` by their paths, the `handler`, and how many invocations there are."""

    files: dict[str, str]
    handler: str = "app.handler"
    environ: dict[str, str] = field(default_factory=dict)
    invocations: int = 1


def app(source: str, handler: str = "app.handler", invocations: int = 1, **environ: str) -> Start:
    """Returns a function of one file, `app.py`."""
    return Start({"app.py": dedent(source)}, handler, environ, invocations)


def of_handler(body: str, before: str = "", invocations: int = 1, **environ: str) -> Start:
    """Returns a function whose handler has this body, with `before` at import."""
    lines = "\n".join(f"    {line}" for line in dedent(body).strip().splitlines())
    source = f"{dedent(before)}\n\ndef handler(event, context):\n{lines}\n"
    return Start({"app.py": source}, environ=environ, invocations=invocations)


LOG_ALL = """
    logger = logging.getLogger("app")
    logger.debug("debug"); logger.info("info"); logger.warning("warning"); logger.error("error")
"""
PRINTED = "print({}, flush=True)\n"

STARTS: dict[str, Start] = {
    # The name of the handler.
    "missing_module": app(OK, "nowhere.handler"),
    "missing_package": app(OK, "nowhere.part.handler"),
    "missing_part_of_a_package": Start({"package/__init__.py": ""}, "package.part.handler"),
    "missing_function": app(OK, "app.missing"),
    "no_dot": app(OK, "app"),
    "nothing_behind_the_dot": app(OK, "app."),
    "nothing_before_the_dot": app(OK, ".handler"),
    "empty_name": app(OK, ""),
    "two_dots": app(OK, "app..handler"),
    "slashes": Start({"package/sub/app.py": OK}, "package/sub/app.handler"),
    "slash_in_front": app(OK, "/app.handler"),
    "relative_path": app(OK, "./app.handler"),
    "dots_for_packages": Start({"package/sub/app.py": OK}, "package.sub.app.handler"),
    "package_itself": Start({"package/__init__.py": OK}, "package.handler"),
    "hyphen_in_the_name": Start({"my-app.py": OK}, "my-app.handler"),
    "name_beyond_ascii": Start({"größe.py": OK}, "größe.handler"),
    "space_in_the_name": app(OK, "app .handler"),
    "suffix_of_the_file": app(OK, "app.py.handler"),
    "builtin_module": app(OK, "sys.exit"),
    "builtin_module_with_a_part": app(OK, "time.part.handler"),
    "module_of_the_standard_library": app(OK, "json.loads"),
    "file_named_as_a_builtin": Start({"time.py": OK}, "time.handler"),
    "file_named_as_a_standard_module": Start({"calendar.py": OK}, "calendar.handler"),
    "extension_of_the_name": app(OK, "app.handler.more"),
    "upper_case": app(OK, "App.handler"),
    # Objects that the name leads to.
    "number_as_handler": app("handler = 5"),
    "none_as_handler": app("handler = None"),
    "class_as_handler": app(
        "class handler:\n    def __init__(self, event, context):\n        pass"
    ),
    "callable_object": app(
        """
        class Callable:
            def __call__(self, event, context):
                return "called"

        handler = Callable()
        """
    ),
    "partial": app(
        """
        import functools

        def base(greeting, event, context):
            return greeting

        handler = functools.partial(base, "partly")
        """
    ),
    "lambda": app("handler = lambda event, context: 'a lambda'"),
    "static_method": app(
        """
        class Service:
            @staticmethod
            def serve(event, context):
                return "static"

        handler = Service.serve
        """
    ),
    "bound_method": app(
        """
        class Service:
            def serve(self, event, context):
                return "bound"

        handler = Service().serve
        """
    ),
    "decorated": app(
        """
        import functools

        def logged(function):
            @functools.wraps(function)
            def call(event, context):
                print("before")
                return function(event, context)
            return call

        @logged
        def handler(event, context):
            return "decorated"
        """
    ),
    "attribute_of_the_module": app("def __getattr__(name):\n    return lambda e, c: name"),
    "attribute_that_fails": app("def __getattr__(name):\n    raise KeyError(name)"),
    "one_parameter": app("def handler(event):\n    return event"),
    "no_parameter": app("def handler():\n    return 1"),
    "three_parameters": app("def handler(event, context, more):\n    return 1"),
    "parameters_with_defaults": app("def handler(event=1, context=2, more=3):\n    return more"),
    "any_parameters": app("def handler(*given, **named):\n    return [len(given), named]"),
    "positional_only": app("def handler(event, context, /):\n    return 1"),
    "handler_replaced_later": of_handler(
        "global handler\nhandler = lambda e, c: 'new'\nreturn 'old'", invocations=2
    ),
    # Failures at import.
    "syntax_error": app("def handler(event, context:\n    return 1"),
    "syntax_error_in_an_import": Start(
        {"app.py": "import part\n" + OK, "part.py": "if True print('x')\n"}
    ),
    "indentation_error": app("def handler(event, context):\nreturn 1"),
    "tabs_and_spaces": Start({"app.py": "if True:\n\tx = 1\n        y = 2\n"}),
    "null_byte": Start({"app.py": "x = 1\0\n"}),
    "another_encoding": Start({"app.py": "# coding: no-such-encoding\n" + OK}),
    "error": app("raise ValueError('at import')"),
    "error_in_a_function": app("def setup():\n    return 1 / 0\n\nsetup()"),
    "error_in_an_import": Start({"app.py": "import part\n" + OK, "part.py": "{}['key']\n"}),
    "error_in_several_lines": app("raise ValueError('one\\ntwo')"),
    "error_beyond_ascii": app("raise ValueError('größer')"),
    "error_of_its_own": app("class Mine(Exception):\n    pass\n\nraise Mine('mine')"),
    "error_with_a_cause": app(
        "try:\n    {}['a']\nexcept KeyError as error:\n    raise ValueError('b') from error"
    ),
    "error_without_text": app("raise RuntimeError"),
    "error_of_a_missing_variable": app("import os\nTABLE = os.environ['TABLE']"),
    "error_logged_in_json": app("raise ValueError('at import')", AWS_LAMBDA_LOG_FORMAT="JSON"),
    "error_at_a_level": app("raise ValueError('at import')", AWS_LAMBDA_LOG_LEVEL="ERROR"),
    "error_in_python3_11": app(
        "raise ValueError('größer')", AWS_EXECUTION_ENV="AWS_Lambda_python3.11"
    ),
    "missing_import": app("import nowhere\n" + OK),
    "missing_name": app("from json import nothing\n" + OK),
    "missing_import_in_an_import": Start(
        {"app.py": "import part\n" + OK, "part.py": "import nowhere"}
    ),
    "import_error_by_hand": app("raise ImportError"),
    "circular_import": Start(
        {"app.py": "from part import x\n\ny = 1\n" + OK, "part.py": "from app import y\n\nx = 1\n"}
    ),
    "relative_import_outside_of_a_package": app("from . import part\n" + OK),
    "relative_import_in_a_package": Start(
        {
            "package/__init__.py": "",
            "package/app.py": "from . import part\n\nhandler = part.handler\n",
            "package/part.py": OK,
        },
        "package.app.handler",
    ),
    "missing_import_in_json": app("import nowhere\n" + OK, AWS_LAMBDA_LOG_FORMAT="JSON"),
    "recursion": app(
        "def again():\n    again()\n\n"
        "try:\n    again()\nexcept RecursionError as error:\n"
        "    raise RecursionError(str(error)) from None"
    ),
    "exit": app("import sys\nsys.exit(3)"),
    "exit_with_0": app("import sys\nsys.exit()"),
    "exit_with_a_text": app("import sys\nsys.exit('a text')"),
    "exit_at_once": app("import os\nprint('before', flush=True)\nos._exit(4)"),
    "keyboard_interrupt": app("raise KeyboardInterrupt"),
    "killed": app("import os\nos.kill(os.getpid(), 9)"),
    # Things that are done at import, and stay.
    "prints_at_import": of_handler("print('called')", "print('imported')\nprint('open', end='')"),
    "warns_at_import": of_handler(
        "return 'ok'", "import warnings\nwarnings.warn('at import')\nwarnings.warn('at import')"
    ),
    "invalid_escape": app("x = '\\\\d'\n".replace("\\\\", "\\") + OK),
    "logs_at_import": of_handler(LOG_ALL, "import logging\n" + dedent(LOG_ALL)),
    "logs_at_import_in_json": of_handler(
        LOG_ALL, "import logging\n" + dedent(LOG_ALL), AWS_LAMBDA_LOG_FORMAT="JSON"
    ),
    "logs_at_import_at_info": of_handler(
        LOG_ALL, "import logging\n" + dedent(LOG_ALL), AWS_LAMBDA_LOG_LEVEL="INFO"
    ),
    "level_at_import": of_handler(
        LOG_ALL, "import logging\nlogging.getLogger().setLevel(logging.INFO)"
    ),
    "level_by_name": of_handler(LOG_ALL, "import logging\nlogging.getLogger().setLevel('DEBUG')"),
    "formatter_at_import": of_handler(
        LOG_ALL,
        "import logging\n"
        "formatter = logging.Formatter('%(name)s %(message)s\\n')\n"
        "logging.getLogger().handlers[0].setFormatter(formatter)",
    ),
    "basic_config_at_import": of_handler(
        LOG_ALL, "import logging\nlogging.basicConfig(level=logging.DEBUG, format='%(message)s')"
    ),
    "basic_config_by_force": of_handler(
        LOG_ALL,
        "import logging\n"
        "logging.basicConfig(level=logging.DEBUG, format='%(levelname)s %(message)s', force=True)",
    ),
    "handlers_removed_at_import": of_handler(
        LOG_ALL,
        "import logging\nroot = logging.getLogger()\n"
        "for each in root.handlers[:]:\n    root.removeHandler(each)\n"
        "logging.basicConfig(level=logging.INFO)",
    ),
    "function_without_a_module": of_handler("logging.error('root')", "import logging"),
    "logging_shutdown": of_handler(
        "logging.shutdown()\nlogging.error('after')", "import logging", invocations=2
    ),
    "unknown_level": of_handler(LOG_ALL, "import logging", AWS_LAMBDA_LOG_LEVEL="LOUD"),
    "level_in_lower_case": of_handler(LOG_ALL, "import logging", AWS_LAMBDA_LOG_LEVEL="info"),
    "empty_level": of_handler(LOG_ALL, "import logging", AWS_LAMBDA_LOG_LEVEL=""),
    "notset_level": of_handler(LOG_ALL, "import logging", AWS_LAMBDA_LOG_LEVEL="NOTSET"),
    "format_in_lower_case": of_handler(LOG_ALL, "import logging", AWS_LAMBDA_LOG_FORMAT="json"),
    "unknown_format": of_handler(LOG_ALL, "import logging", AWS_LAMBDA_LOG_FORMAT="XML"),
    "captured_warnings": of_handler(
        "warnings.warn('captured')",
        "import logging, warnings\nlogging.captureWarnings(True)\nwarnings.warn('at import')",
    ),
    "thread_at_import": of_handler(
        "thread.join(); return found",
        "import threading\nfound = []\n"
        "thread = threading.Thread(target=found.append, args=(1,))\nthread.start()",
    ),
    "state_between_invocations": of_handler(
        "global count\ncount += 1\nreturn count", "count = 0", invocations=3
    ),
    "mutable_result": of_handler("kept.append(1)\nreturn kept", "kept = []", invocations=2),
    "recursion_limit": of_handler(
        "return sys.getrecursionlimit()", "import sys\nsys.setrecursionlimit(5000)", invocations=2
    ),
    "stdout_replaced_at_import": of_handler(
        "print('to the file'); return sys.stdout.getvalue()",
        "import io, sys\nsys.stdout = io.StringIO()",
    ),
    "exception_hook": of_handler("return 1 / 0", "import sys\nsys.excepthook = print"),
    "socket_timeout": of_handler(
        "return 'ok'", "import socket\nsocket.setdefaulttimeout(5)", invocations=2
    ),
    "umask_and_directory": of_handler(
        "return os.path.basename(os.getcwd())",
        "import os\nos.makedirs('sub', exist_ok=True)\nos.chdir('sub')",
        invocations=2,
    ),
    "variables_set_at_import": of_handler(
        "return os.environ['MINE']", "import os\nos.environ['MINE'] = 'set'", invocations=2
    ),
    "variables_cleared": of_handler("return 'ok'", "import os\nos.environ.clear()", invocations=2),
    "log_of_a_failure_and_the_next": of_handler(
        "global calls\ncalls += 1\nif calls == 1:\n    raise ValueError('first')\nprint('second')",
        "calls = 0",
        invocations=2,
    ),
    "logging_reloaded": of_handler(
        LOG_ALL,
        "import importlib, logging\nimportlib.reload(logging)\n"
        "logging.basicConfig(level=logging.INFO, format='%(message)s')",
    ),
    "logging_reloaded_alone": of_handler(
        LOG_ALL, "import importlib, logging\nimportlib.reload(logging)"
    ),
    "logging_removed_from_the_modules": of_handler(
        LOG_ALL, "import sys, logging\ndel sys.modules['logging']\nimport logging"
    ),
    "output_wrapped": of_handler(
        "print('größer')\nreturn sys.stdout.encoding",
        "import io, sys\n"
        "sys.stdout = io.TextIOWrapper(sys.stdout.buffer, 'utf-8', line_buffering=True)",
        invocations=2,
    ),
    "output_by_a_codec": of_handler(
        "print('größer')",
        "import codecs, sys\nsys.stdout = codecs.getwriter('utf-8')(sys.stdout.buffer)\n",
    ),
    "output_opened_again": of_handler(
        "print('opened')", "import os, sys\nsys.stdout = os.fdopen(os.dup(1), 'w', 1)"
    ),
    "fault_handler": of_handler("return 'ok'", "import faulthandler\nfaulthandler.enable()"),
    "low_recursion_limit": of_handler(
        "return {'a': [{'b': [1, {'c': 'd'}]}]}", "import sys\nsys.setrecursionlimit(80)"
    ),
    "error_at_a_low_recursion_limit": of_handler(
        "raise ValueError('low')", "import sys\nsys.setrecursionlimit(120)"
    ),
    "context_after_the_variables_changed": of_handler(
        "return [context.function_name, context.memory_limit_in_mb]",
        "import os\nos.environ['AWS_LAMBDA_FUNCTION_NAME'] = 'changed'",
    ),
    "json_patched": of_handler(
        "return {'a': 1}", "import json\njson.dumps = lambda *a, **k: 'patched'"
    ),
    "encoder_replaced": of_handler(
        "return {'a': 1, 'b': [event]}",
        "import json\n"
        "class Mine(json.JSONEncoder):\n"
        "    def encode(self, value):\n        return 'mine'\n"
        "json.JSONEncoder = json.encoder.JSONEncoder = Mine",
    ),
    "default_of_the_encoder": of_handler(
        "return {1, 2}", "import json\njson.JSONEncoder.default = lambda self, value: list(value)"
    ),
    "decoder_replaced": of_handler(
        "return event", "import json\njson.loads = json.JSONDecoder = lambda *a, **k: 'mine'"
    ),
    "decimal_context": of_handler(
        "return {'a': decimal.Decimal('1') / 3}", "import decimal\ndecimal.getcontext().prec = 5"
    ),
    "collector_off": of_handler("return gc.isenabled()", "import gc\ngc.disable()"),
    "time_patched": of_handler(
        "return context.get_remaining_time_in_millis() > 0",
        "import time\ntime.time = lambda: 1e9",
    ),
    "open_patched": of_handler("return 'ok'", "import builtins\nbuiltins.open = None"),
    "print_patched": of_handler("print('x')", "import builtins\nbuiltins.print = lambda *a: None"),
    # Imports.
    "own_file_before_the_standard_library": Start(
        {
            "app.py": "import calendar\n\ndef handler(e, c):\n    return calendar.OWN",
            "calendar.py": "OWN = 'own'",
        }
    ),
    "own_file_before_a_package": Start(
        {"app.py": "import yaml\n\ndef handler(e, c):\n    return yaml.OWN", "yaml.py": "OWN = 1"}
    ),
    "namespace_package": Start(
        {
            "app.py": "import space.part\n\ndef handler(e, c):\n    return space.part.X",
            "space/part.py": "X = 1",
        }
    ),
    "zip_on_the_path": of_handler(
        "return [each for each in sys.path if each.endswith('x.zip')]",
        "import sys\nsys.path.insert(0, 'x.zip')",
    ),
    "python_path": Start(
        {
            "app.py": "import extra\n\ndef handler(e, c):\n    return extra.X",
            "more/extra.py": "X = 'extra'",
        },
        environ={"PYTHONPATH": "more"},
    ),
    "module_is_imported_once": Start(
        {"app.py": "import app\n\ndef handler(e, c):\n    return 1\nprint(__name__)"}
    ),
    "name_and_file_of_the_module": of_handler(
        "return [__name__, __package__, os.path.basename(__file__), __spec__.name]", "import os"
    ),
    "main_guard": app("if __name__ == '__main__':\n    raise ValueError('run')\n" + OK),
    "site_customisation": Start({"app.py": OK, "sitecustomize.py": "print('customised')"}),
    "slow_import_is_waited_for": of_handler("return 'ok'", "import time\ntime.sleep(0.05)"),
    "at_exit_is_not_run": of_handler("return 'ok'", "import atexit\natexit.register(print, 'x')"),
    "unbuffered_output": of_handler("print('u')", PYTHONUNBUFFERED="1"),
    "warnings_as_errors": of_handler(
        "import warnings\nwarnings.warn('an error now')", PYTHONWARNINGS="error"
    ),
    "hash_seed": of_handler("return hash('a')", PYTHONHASHSEED="0"),
    "utf_8_mode": of_handler("import sys\nreturn sys.flags.utf8_mode", PYTHONUTF8="1"),
    "optimised": of_handler("assert False\nreturn __debug__", PYTHONOPTIMIZE="1"),
    "encoding_of_the_output": of_handler(
        "import sys\nprint('ü')\nreturn sys.stdout.encoding", PYTHONIOENCODING="latin-1"
    ),
    "development_mode": of_handler("import sys\nreturn sys.flags.dev_mode", PYTHONDEVMODE="1"),
    "snap_start": of_handler("return 'restored'", AWS_LAMBDA_INITIALIZATION_TYPE="snap-start"),
    "snap_start_with_hooks": of_handler(
        "return 'restored'",
        "import snapshot_restore_py\n"
        "snapshot_restore_py.register_before_snapshot(print, 'before')\n"
        "snapshot_restore_py.register_before_snapshot(print, 'before this')\n"
        "snapshot_restore_py.register_after_restore(print, 'after')",
        AWS_LAMBDA_INITIALIZATION_TYPE="snap-start",
    ),
    "snap_start_that_fails_before": of_handler(
        "return 'restored'",
        "import snapshot_restore_py\nsnapshot_restore_py.register_before_snapshot(int, 'x')",
        AWS_LAMBDA_INITIALIZATION_TYPE="snap-start",
    ),
    "snap_start_that_fails_after": of_handler(
        "return 'restored'",
        "import snapshot_restore_py\nsnapshot_restore_py.register_after_restore(int, 'x')",
        AWS_LAMBDA_INITIALIZATION_TYPE="snap-start",
    ),
}
