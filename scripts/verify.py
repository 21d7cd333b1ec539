"""Compares the installed packages with the lists that they were installed from.

    python scripts/verify.py requirements.txt...    # with the Python of the environment

It prints nothing and exits with 0 if every package is there, complete and in its version, and if
the lists also hold everything that these packages require. The requirements are those of the
wheels' own metadata, extras included:
https://packaging.python.org/en/latest/specifications/core-metadata/#requires-dist-multiple-use
"""

import csv
import sys
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import TYPE_CHECKING

from lists import ListError, Pin, canonical, read

if TYPE_CHECKING:
    from packaging.markers import Marker
    from packaging.requirements import InvalidRequirement, Requirement
    from packaging.version import Version
else:
    try:
        from packaging.markers import Marker
        from packaging.requirements import InvalidRequirement, Requirement
        from packaging.version import Version
    except ImportError:  # an environment of ours always has pip, which brings a copy
        from pip._vendor.packaging.markers import Marker
        from pip._vendor.packaging.requirements import InvalidRequirement, Requirement
        from pip._vendor.packaging.version import Version


def wanted(pins: Iterable[Pin], environment: Mapping[str, str] = {}) -> dict[str, str]:
    """Returns the version of each package that the pins require here.

    `environment` overrides single variables of the markers (`python_version`, `sys_platform`, ...).
    """
    return {
        pin.name: pin.version
        for pin in pins
        if not pin.marker or _holds(Marker(pin.marker), environment)
    }


def found(path: Iterable[str] | None = None) -> dict[str, Distribution]:
    """Returns the installed packages on `path`, by normalised name.

    Without `path` it searches the import path of this Python.
    """
    where = sys.path if path is None else list(path)
    result: dict[str, Distribution] = {}
    for distribution in distributions(path=where):
        # A package that was removed in part has no name.
        if name := distribution.metadata["Name"]:
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

    `versions` must be installed. `extras` are the extras that the project itself asks for. All
    requirements must be met by `may_require`, or by `versions` if it is None.
    """
    result = []
    for name, version in sorted(versions.items()):
        if name not in installed:
            result.append(f"{name} {version} is not installed")
        elif Version(installed[name].version) != Version(version):
            result.append(f"{name} is {installed[name].version} and should be {version}")
        elif missing := _missing_files(installed[name]):
            more = f" and {len(missing) - 1} more files" if len(missing) > 1 else ""
            result.append(f"{name} {version} is incomplete: {missing[0]}{more} missing")
    result += _unmet(
        installed={name: installed[name] for name in versions if name in installed},
        available=versions if may_require is None else may_require,
        environment=environment,
        extras=extras,
    )
    return result


def _missing_files(distribution: Distribution) -> list[str]:
    """Returns the files that the record names and that are missing.

    `Distribution.files` leaves them out silently.
    """
    record = distribution.read_text("RECORD") or ""
    names = [row[0] for row in csv.reader(record.splitlines()) if row]
    # Commands lie outside of the directory. After an installation with --target, they are not where
    # the record says.
    inside = [name for name in names if not name.endswith(".pyc") and ".." not in name.split("/")]
    return [name for name in inside if not Path(str(distribution.locate_file(name))).exists()]


def _unmet(
    installed: Mapping[str, Distribution],
    available: Mapping[str, str],
    environment: Mapping[str, str],
    extras: Mapping[str, Iterable[str]],
) -> list[str]:
    """Follows every requirement, and the requirements of every extra that is asked for."""
    result = []
    asked = {(name, "") for name in installed}
    asked |= {(canonical(name), extra) for name, several in extras.items() for extra in several}
    waiting = sorted(asked)
    while waiting:
        name, extra = waiting.pop()
        if name not in installed:
            continue
        for requirement in _requirements(installed[name], extra, environment):
            required = canonical(requirement.name)
            requires = f"{name}[{extra}] requires" if extra else f"{name} requires"
            version = available.get(required)
            if version is None:
                result.append(f"{requires} {requirement}, which the list does not name")
            elif not requirement.specifier.contains(version, prereleases=True):
                result.append(f"{requires} {requirement}, and the list names {version}")
            new = {(required, each) for each in requirement.extras} - asked
            asked |= new
            waiting += sorted(new)
    return sorted(set(result))


def _requirements(
    distribution: Distribution, extra: str, environment: Mapping[str, str]
) -> Iterator[Requirement]:
    """Yields the requirements of one extra, or those that hold without any."""
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
