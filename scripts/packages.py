"""Installs pinned lists with pip, as they stand: no resolver, hashes required, wheels only.

Standard library only, and no package of the environment: this runs before there is one. Any pip since
22.3 will do, which is the one that Python 3.11.0 brought.
"""

import os
import re
import subprocess
import time
from collections.abc import Callable, Iterable
from pathlib import Path

INSTALL = [
    "install",
    "--no-deps",
    "--require-hashes",
    "--only-binary=:all:",
    "--no-compile",
    "--no-input",
    "--disable-pip-version-check",
    "--progress-bar=off",
]
# These would send packages elsewhere, add to the list or choose among its files. What says how the
# index is reached (index, proxy, certificates, time limits) stays as the user has it.
_NOT_OURS = (
    "ABI CONSTRAINT BUILD_CONSTRAINT DRY_RUN EDITABLE IGNORE_INSTALLED IMPLEMENTATION NO_BINARY "
    "ONLY_BINARY PLATFORM PREFER_BINARY PREFIX PYTHON PYTHON_VERSION QUIET REPORT REQUIREMENT ROOT SRC "
    "TARGET USER VERBOSE"
)
# An empty variable would leave the one of a configuration file in force.
_OVERRIDDEN = {"PIP_CONSTRAINT": os.devnull, "PIP_USER": "0", "PIP_DRY_RUN": "0"}
_REPORT_EVERY_S = 4.0
_SHOWN_LINES = 12


class InstallFailed(Exception):
    """The packages could not be installed; the message is a sentence for people."""


def install(
    python: str | Path,
    lists: Iterable[Path],
    options: Iterable[str] = (),
    progress: Callable[[str], object] = str,
    log: Path | None = None,
) -> None:
    """Installs what the lists name with the pip of `python`. Raises InstallFailed.

    `options` are further options of `pip install`, `progress` is told what is under way, every few
    seconds at most, and `log` gets all that pip prints.
    """
    command = [str(python), "-E", "-s", "-m", "pip", *INSTALL, *options]
    for path in lists:
        command += ["--requirement", str(path)]
    output, last, fetched = [], time.monotonic(), 0
    with subprocess.Popen(
        command,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as pip:
        for line in pip.stdout:
            output.append(line)
            fetched += line.startswith("Collecting ")
            told, at_once = _stage(line, fetched)
            if told and (at_once or time.monotonic() - last > _REPORT_EVERY_S):
                last = time.monotonic()
                progress(told)
    if log:
        log.write_text("".join(output), "utf-8")
    if pip.returncode:
        raise InstallFailed(
            explain("".join(output)) + (f" All that pip said: {log}" if log else "")
        )


def environment() -> dict[str, str]:
    """Returns this process's environment, without the settings of pip that would change the result."""
    dropped = {f"PIP_{name}" for name in _NOT_OURS.split()} | {"PIP_NO_DEPS", "PIP_PRE"}
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    return {**kept, **_OVERRIDDEN}


def _stage(line: str, fetched: int) -> tuple[str, bool]:
    """Returns what pip is doing by this line of its output, and whether that must be told at once."""
    if match := re.match(r"Collecting (\S+?)==", line):
        return f"{fetched} packages found, now {match[1]}", False
    if line.startswith("Installing collected packages: "):
        return f"unpacking {line.count(',') + 1} packages", True
    if "Retrying (Retry(total=4" in line:
        return "the package index does not answer; trying again for some seconds", True
    return "", False


def explain(output: str) -> str:
    """Says in a sentence or two why pip failed and what helps, with its last lines where nothing fits."""
    for pattern, sentence in _CAUSES:
        if match := re.search(pattern, output):
            return sentence.format(*match.groups())
    last = [line for line in output.splitlines() if line.strip()][-_SHOWN_LINES:]
    return "\n".join(["pip failed:", *(f"    {line}" for line in last), ""])


# The first that fits. A failed connection makes pip say "no matching distribution" as well.
_CAUSES = (
    (
        r"No module named pip",
        "This Python has no pip. On Debian and Ubuntu: apt install python3-pip python3-venv.",
    ),
    (
        r"No space left on device|Disk quota exceeded",
        "The disk is full. Make room, then run the command again.",
    ),
    (
        r"DO NOT MATCH THE HASHES[^\n]*\n\s+(\S+==\S+)",
        "The file of {0} is another one than the list was made with, so it was not installed. Either the "
        "index is not the public one, or somebody has changed a file.",
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED|SSLError|SSLCertVerificationError",
        "The certificate of the package index is not trusted. Behind a proxy that looks into connections, "
        "set PIP_CERT to its certificate.",
    ),
    (
        r"Retrying \(Retry\(|NewConnectionError|Failed to establish a new connection"
        r"|Temporary failure in name resolution|ConnectTimeoutError|ReadTimeoutError|ProxyError",
        "The package index cannot be reached. Is there a network? Behind a proxy, set HTTPS_PROXY; "
        "`pip config list` shows which index pip asks. Then run the command again.",
    ),
    (
        r"No matching distribution found for (\S+)",
        "There is no ready-made file (wheel) of {0} for this Python on this machine. The lists are made "
        "for Python 3.11 to 3.14 on Linux, and on macOS with Apple's processors. Another Python is chosen "
        "with PYTHON=python3.13.",
    ),
    (r"Permission denied: '([^']*)'", "{0} may not be written. Is the folder somebody else's?"),
)
