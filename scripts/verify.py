"""Compares what is installed with the lists that it was installed from.

    python scripts/verify.py requirements.txt...    # in the environment in question

says nothing and ends with 0 if each package is there, whole, in its version, and if all that one of
them requires is in the lists too. Requirements are those of the wheels' own metadata, extras included:
https://packaging.python.org/en/latest/specifications/core-metadata/#requires-dist-multiple-use
"""

import csv
import sys
from collections.abc import Iterable, Mapping
from importlib.metadata import Distribution, distributions
from pathlib import Path

from lists import ListError, Pin, canonical, read

try:
    from packaging.markers import Marker
    from packaging.requirements import InvalidRequirement, Requirement
    from packaging.version import Version
except ImportError:  # an environment of ours always has pip, which brings a copy
    from pip._vendor.packaging.markers import Marker
    from pip._vendor.packaging.requirements import InvalidRequirement, Requirement
    from pip._vendor.packaging.version import Version


def wanted(pins: Iterable[Pin], environment: Mapping[str, str] = {}) -> dict[str, str]:
    """Returns the version of each package that the pins want here.

    `environment` replaces single variables of the markers (`python_version`, `sys_platform`, ...).
    """
    return {
        pin.name: pin.version
        for pin in pins
        if not pin.marker or _holds(Marker(pin.marker), environment)
    }


def found(path: Iterable[str] | None = None) -> dict[str, Distribution]:
    """Returns what is installed, by canonical name, on `path` or on this Python's import path."""
    result = {}
    for distribution in distributions(**({} if path is None else {"path": list(path)})):
        if name := distribution.metadata[
            "Name"
        ]:  # None: the rest of a package that was half removed
            result.setdefault(canonical(name), distribution)
    return result


def problems(
    versions: Mapping[str, str],
    installed: Mapping[str, Distribution],
    environment: Mapping[str, str] = {},
    extras: Mapping[str, Iterable[str]] = {},
    may_require: Mapping[str, str] | None = None,
) -> list[str]:
    """Returns a sentence for each difference.

    `versions` is what must be installed, `extras` which extras the project itself asks of it, and
    `may_require` where requirements must be met, unless that is `versions` too.
    """
    result = []
    for name, version in sorted(versions.items()):
        if name not in installed:
            result.append(f"{name} {version} is not installed")
        elif Version(installed[name].version) != Version(version):
            result.append(f"{name} is {installed[name].version} and should be {version}")
        elif missing := _missing_files(installed[name]):
            more = f" and {len(missing) - 1} more files" if len(missing) > 1 else ""
            result.append(f"{name} {version} is not whole: {missing[0]}{more} missing")
    there = {name: installed[name] for name in versions if name in installed}
    available = versions if may_require is None else may_require
    return result + _unmet(there, available, environment, extras)


def _missing_files(distribution: Distribution) -> list[str]:
    """Returns what the record names and is not there; `Distribution.files` keeps silent about those."""
    names = [
        row[0] for row in csv.reader((distribution.read_text("RECORD") or "").splitlines()) if row
    ]
    # Commands lie outside, and elsewhere than the record says after an installation with --target.
    inside = [name for name in names if not name.endswith(".pyc") and ".." not in name.split("/")]
    return [name for name in inside if not Path(distribution.locate_file(name)).exists()]


def _unmet(installed, available, environment, extras) -> list[str]:
    """Follows every requirement, and those of every extra that is asked for."""
    result, asked = [], {(name, "") for name in installed}
    asked |= {(canonical(name), extra) for name, several in extras.items() for extra in several}
    waiting = sorted(asked)
    while waiting:
        name, extra = waiting.pop()
        if name not in installed:
            continue
        for requirement in _requirements(installed[name], extra, environment):
            required = canonical(requirement.name)
            who = f"{name}[{extra}]" if extra else name
            if required not in available:
                result.append(f"{who} requires {requirement}, which the list does not name")
            elif not requirement.specifier.contains(available[required], prereleases=True):
                result.append(
                    f"{who} requires {requirement}, and the list names {available[required]}"
                )
            new = {(required, each) for each in requirement.extras} - asked
            asked |= new
            waiting += sorted(new)
    return sorted(set(result))


def _requirements(distribution: Distribution, extra: str, environment: Mapping[str, str]):
    """Yields those of one extra, or those that hold without any."""
    for text in distribution.requires or ():
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue
        if requirement.marker is None:
            holds = not extra
        else:
            holds = _holds(requirement.marker, environment, extra)
            holds = holds and not (extra and _holds(requirement.marker, environment))
        if holds:
            requirement.marker = None
            yield requirement


def _holds(marker: Marker, environment: Mapping[str, str], extra: str = "") -> bool:
    return marker.evaluate({**environment, "extra": extra})


def main() -> int:
    try:
        pins = [pin for path in sys.argv[1:] for pin in read(Path(path))]
    except ListError as error:
        print(error)
        return 1
    differences = problems(wanted(pins), found())
    print("\n".join(differences))
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
