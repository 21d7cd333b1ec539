"""Installs pinned lists with pip, as they stand: no resolver, hashes required, wheels only.

This module uses the standard library only, and no package of the environment, since it runs before
there is one. It needs pip 22.3 or newer, which Python 3.11.0 brings.
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
# These settings would send packages elsewhere, add to the list or choose among its files. The
# settings that say how the index is reached (index, proxy, certificates, timeouts) stay.
_NOT_OURS = (
    "ABI CONSTRAINT BUILD_CONSTRAINT DRY_RUN EDITABLE IGNORE_INSTALLED IMPLEMENTATION NO_BINARY "
    "ONLY_BINARY PLATFORM PREFER_BINARY PREFIX PYTHON PYTHON_VERSION QUIET REPORT REQUIREMENT "
    "ROOT SRC TARGET USER VERBOSE"
)
# An empty variable would leave the setting of a configuration file in force.
_OVERRIDDEN = {"PIP_CONSTRAINT": os.devnull, "PIP_USER": "0", "PIP_DRY_RUN": "0"}
_REPORT_EVERY_S = 4.0
_SHOWN_LINES = 12


class InstallFailed(Exception):
    """Raised when packages could not be installed; the message is a sentence for people."""


def install(
    python: str | Path,
    lists: Iterable[Path],
    options: Iterable[str] = (),
    progress: Callable[[str], object] = str,
    log: Path | None = None,
) -> None:
    """Installs what the lists name with the pip of `python`. Raises InstallFailed.

    `options` are further options of `pip install`. `progress` is called with what pip is doing, at
    most every few seconds. `log` receives the whole output of pip.
    """
    command = [str(python), "-E", "-s", "-m", "pip", *INSTALL, *options]
    for path in lists:
        command += ["--requirement", str(path)]
    output: list[str] = []
    reported_at = time.monotonic()
    fetched = 0
    with subprocess.Popen(
        command,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as pip:
        assert pip.stdout is not None
        for line in pip.stdout:
            output.append(line)
            fetched += line.startswith("Collecting ")
            stage, at_once = _stage(line, fetched)
            if stage and (at_once or time.monotonic() - reported_at > _REPORT_EVERY_S):
                reported_at = time.monotonic()
                progress(stage)
    if log:
        log.write_text("".join(output), "utf-8")
    if pip.returncode:
        reason = explain("".join(output))
        raise InstallFailed(f"{reason} The whole output of pip: {log}" if log else reason)


def environment() -> dict[str, str]:
    """Returns the environment variables without those settings of pip that change its result."""
    dropped = {f"PIP_{name}" for name in _NOT_OURS.split()} | {"PIP_NO_DEPS", "PIP_PRE"}
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    return {**kept, **_OVERRIDDEN}


def _stage(line: str, fetched: int) -> tuple[str, bool]:
    """Returns what pip is doing, by this line of its output, and whether to report it at once."""
    if match := re.match(r"Collecting (\S+?)==", line):
        return f"{fetched} packages found, now {match[1]}", False
    if line.startswith("Installing collected packages: "):
        return f"unpacking {line.count(',') + 1} packages", True
    if "Retrying (Retry(total=4" in line:
        return "the package index does not respond; trying again for some seconds", True
    return "", False


def explain(output: str) -> str:
    """Returns a sentence or two: why pip failed, and what helps.

    If no known cause matches, it returns the last lines of pip.
    """
    for pattern, sentence in _CAUSES:
        if match := re.search(pattern, output):
            return sentence.format(*match.groups())
    last = [line for line in output.splitlines() if line.strip()][-_SHOWN_LINES:]
    return "\n".join(["pip failed:", *(f"    {line}" for line in last), ""])


# The first pattern that matches is taken. The order matters: after a failed connection, pip also
# says "no matching distribution".
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
        "The file of {0} differs from the one that the list was made with, so it was not "
        "installed. Either the index is not the public one, or somebody has changed a file.",
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED|SSLError|SSLCertVerificationError",
        "The certificate of the package index is not trusted. Behind a proxy that inspects "
        "connections, set PIP_CERT to its certificate.",
    ),
    (
        r"Retrying \(Retry\(|NewConnectionError|Failed to establish a new connection"
        r"|Temporary failure in name resolution|ConnectTimeoutError|ReadTimeoutError|ProxyError",
        "The package index cannot be reached. Is there a network? Behind a proxy, set HTTPS_PROXY; "
        "`pip config list` shows which index pip asks. Then run the command again.",
    ),
    (
        r"No matching distribution found for (\S+)",
        "There is no ready-made file (wheel) of {0} for this Python on this machine. The lists are "
        "made for Python 3.11 to 3.14 on Linux, and on macOS with Apple's processors. "
        "PYTHON=python3.13 chooses another Python.",
    ),
    (
        r"Permission denied: '([^']*)'",
        "{0} is not writable. Does the folder belong to somebody else?",
    ),
)
