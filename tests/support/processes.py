"""Looks at processes through /proc."""

from pathlib import Path


def process_state(pid):
    """Returns the state's letter: T is stopped, S sleeps, Z is defunct. None: no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return None
