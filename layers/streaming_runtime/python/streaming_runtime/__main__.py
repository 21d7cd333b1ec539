"""Where the process starts and ends: the import path, then the loop."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
# Started as a file, not with -m: the package's parent belongs on the path, not the package.
sys.path[:] = [os.path.dirname(HERE), *(entry for entry in sys.path if entry != HERE)]

from streaming_runtime.loop import run  # noqa: E402


def rebuild_import_path(path, environ, opt_python):
    """Put Lambda's directories into `path`, in place; `opt_python` is the `python` directory of the layers.

    As on managed Python: task root, layers, interpreter, runtime directory (boto3), rest. A `PYTHONPATH` of the user's
    replaces layers and interpreter; one that is not set becomes the runtime directory, for child processes.
    """
    site_packages = f"lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
    task_root, runtime_dir = environ.get("LAMBDA_TASK_ROOT") or os.getcwd(), environ.get("LAMBDA_RUNTIME_DIR")
    layers = [] if "PYTHONPATH" in environ else [f"{opt_python}/{site_packages}", opt_python]
    interpreter = [f"{sys.prefix}/{site_packages}"] if layers else []
    first = [task_root, *layers, *interpreter, *filter(None, [runtime_dir])]
    path[:] = [*first, *(entry for entry in path if entry not in first)]
    for directory in (task_root, *layers):
        if os.path.isdir(directory) and any(name.endswith(".pth") for name in os.listdir(directory)):
            import site  # hardly any function has such a file, so hardly any pays for this

            site.addsitedir(directory)
    if runtime_dir:
        environ.setdefault("PYTHONPATH", runtime_dir)


if __name__ == "__main__":
    rebuild_import_path(sys.path, os.environ, os.path.dirname(HERE))
    for output in (sys.stdout, sys.stderr):  # a frozen environment must not sit on log lines
        output.reconfigure(line_buffering=True, errors="backslashreplace")
    sys.exit(run(os.environ))
