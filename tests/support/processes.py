"""Looks at processes through /proc."""

from pathlib import Path


def process_state(pid):
    """Returns the state's letter: T is stopped, S sleeps, Z is defunct. None: no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return None


def children_of(pid):
    """Returns the ids of the processes whose parent this is, defunct ones included."""
    children = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        if int(fields[1]) == pid:
            children.append(int(stat.parent.name))
    return sorted(children)
