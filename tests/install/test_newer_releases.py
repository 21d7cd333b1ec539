"""A list installs what it names, whatever was released since, with an old pip and with a new one."""

import hashlib
import shutil
import subprocess
import sys
from zipfile import ZipFile

import pytest

from tests.tools import missing

# The oldest that Python 3.11 came with, the one of 3.13, and the newest at the time of writing.
PIPS = {
    "22.3": "1daab4b8d3b97d1d763caeb01a4640a2250a0ea899e257b1e44b9eded91e15ab",
    "24.2": "2cd581cf58ab7fcfca4ce8efa6dcacd0de5bf8d0a3eb9ec927e07405f4d9e2a2",
    "26.3": "f3b60b20ffaadd4415ed7957212a38ac63fa4c5fa375bd0f4a797777940fad13",
}


@pytest.fixture(scope="module", params=PIPS)
def pip(request, tmp_path_factory):
    """One version of pip as a wheel."""
    if request.param == "22.3" and sys.version_info >= (3, 12):
        pytest.skip("pip 22.3 does not run on Python 3.12 and newer")
    folder = tmp_path_factory.mktemp("pip")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--disable-pip-version-check"]
    ended = subprocess.run([*command, "--dest", folder, f"pip=={request.param}"], capture_output=True, check=False)
    wheels = list(folder.glob("pip-*.whl"))
    if ended.returncode or not wheels:
        missing(f"pip {request.param}", "a package index that can be reached")
    assert hashlib.sha256(wheels[0].read_bytes()).hexdigest() == PIPS[request.param]
    return request.param, wheels[0]


def test_what_the_list_names_is_installed_by_any_pip_though_newer_releases_exist(workplace, made, whole_list, pip):
    version, wheel = pip
    workplace.forget("made")
    site_packages = workplace.site_packages("made")
    for old in site_packages.glob("pip*"):
        shutil.rmtree(old)
    ZipFile(wheel).extractall(site_packages)
    (made / "of-the-user").write_text(version)

    workplace.write(whole_list)
    ended = workplace.make("environment-to-run", "VENV=made")

    assert ended.returncode == 0, ended.stdout
    assert [workplace.installed("made", name) for name in ("report", "measure", "notation")] == ["1.0"] * 3
    used = subprocess.run(
        [made / "bin/python", "-m", "pip", "--version"], capture_output=True, text=True, check=True
    ).stdout
    assert used.startswith(f"pip {version} ")  # the environment that was there, and not another one
    assert (made / "of-the-user").read_text() == version


@pytest.mark.parametrize(
    "settings",
    [
        {"PIP_NO_BINARY": ":all:", "PIP_PRE": "1", "PIP_TARGET": "elsewhere", "PIP_CONSTRAINT": "constraints.txt"},
        {"PIP_USER": "1", "PIP_DRY_RUN": "1", "PYTHONPATH": "of-the-user", "PYTHONSAFEPATH": "1"},
        {"PIP_CONFIG_FILE": "pip.conf"},
    ],
    ids=" ".join,
)
def test_no_setting_of_the_users_pip_changes_what_is_installed(workplace, made, whole_list, settings):
    (workplace.folder / "constraints.txt").write_text("measure==2.0\n")
    (workplace.folder / "pip.conf").write_text("[global]\nconstraint = constraints.txt\n[install]\nuser = true\n")
    module = workplace.folder / "of-the-user/lists.py"
    module.parent.mkdir(exist_ok=True)
    module.write_text("raise SystemExit('a module of the user')")
    workplace.forget("made")
    workplace.write(whole_list)

    ended = workplace.make("environment-to-run", "VENV=made", environment=settings)

    assert ended.returncode == 0, ended.stdout
    assert [workplace.installed("made", name) for name in ("report", "measure", "notation")] == ["1.0"] * 3
