"""`make` installs what the lists name, and only where it may.

Newer releases and any pip change nothing; others' environments are left alone.
When something is wrong, a person reads a sentence.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from zipfile import ZipFile

import lists
import pytest

from tests.support.paths import ROOT
from tests.support.tools import missing


def contents(folder):
    """Returns all files of a folder, with their times and contents."""
    return {
        path: (path.lstat().st_mtime_ns, path.read_bytes() if path.is_file() else None)
        for path in [folder, *folder.rglob("*")]
        if not path.is_symlink()
    }


# The oldest pip that came with Python 3.11, that of 3.13, and the newest at the time of writing.
PIPS = {
    "22.3": "1daab4b8d3b97d1d763caeb01a4640a2250a0ea899e257b1e44b9eded91e15ab",
    "24.2": "2cd581cf58ab7fcfca4ce8efa6dcacd0de5bf8d0a3eb9ec927e07405f4d9e2a2",
    "26.3": "f3b60b20ffaadd4415ed7957212a38ac63fa4c5fa375bd0f4a797777940fad13",
}


@pytest.fixture(scope="module", params=PIPS)
def pip(request, tmp_path_factory):
    """Returns one version of pip as a wheel."""
    if request.param == "22.3" and sys.version_info >= (3, 12):
        pytest.skip("pip 22.3 does not run on Python 3.12 and newer")
    folder = tmp_path_factory.mktemp("pip")
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--disable-pip-version-check",
    ]
    ended = subprocess.run(
        [*command, "--dest", folder, f"pip=={request.param}"], capture_output=True, check=False
    )
    wheels = list(folder.glob("pip-*.whl"))
    if ended.returncode or not wheels:
        missing(f"pip {request.param}", "a package index that can be reached")
    assert hashlib.sha256(wheels[0].read_bytes()).hexdigest() == PIPS[request.param]
    return request.param, wheels[0]


def test_what_the_list_names_is_installed_by_any_pip_though_newer_releases_exist(
    workplace, made, whole_list, pip
):
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
    assert [workplace.installed("made", name) for name in ("report", "measure", "notation")] == [
        "1.0"
    ] * 3
    used = subprocess.run(
        [made / "bin/python", "-m", "pip", "--version"], capture_output=True, text=True, check=True
    ).stdout
    assert used.startswith(f"pip {version} ")  # it is the same environment as before
    assert (made / "of-the-user").read_text() == version


@pytest.mark.parametrize(
    "settings",
    [
        {
            "PIP_NO_BINARY": ":all:",
            "PIP_PRE": "1",
            "PIP_TARGET": "elsewhere",
            "PIP_CONSTRAINT": "constraints.txt",
        },
        {"PIP_USER": "1", "PIP_DRY_RUN": "1", "PYTHONPATH": "of-the-user", "PYTHONSAFEPATH": "1"},
        {"PIP_CONFIG_FILE": "pip.conf"},
    ],
    ids=" ".join,
)
def test_no_setting_of_the_users_pip_changes_what_is_installed(
    workplace, made, whole_list, settings
):
    (workplace.folder / "constraints.txt").write_text("measure==2.0\n")
    (workplace.folder / "pip.conf").write_text(
        "[global]\nconstraint = constraints.txt\n[install]\nuser = true\n"
    )
    module = workplace.folder / "of-the-user/lists.py"
    module.parent.mkdir(exist_ok=True)
    module.write_text("raise SystemExit('a module of the user')")
    workplace.forget("made")
    workplace.write(whole_list)

    ended = workplace.make("environment-to-run", "VENV=made", environment=settings)

    assert ended.returncode == 0, ended.stdout
    assert [workplace.installed("made", name) for name in ("report", "measure", "notation")] == [
        "1.0"
    ] * 3


def somebodys_environment(folder):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)


def somebodys_files(folder):
    folder.mkdir()
    (folder / "thesis.txt").write_text("the only copy")


def somebodys_stamp(folder):
    """Respects a file of the same name that another program wrote."""
    somebodys_environment(folder)
    (folder / "installed").write_text('{"made_by": "somebody else"}')


def somebodys_files_with_an_empty_one_of_the_stamps_name(folder):
    somebodys_files(folder)
    (folder / "installed").touch()


SOMEBODYS = [
    somebodys_environment,
    somebodys_files,
    somebodys_stamp,
    somebodys_files_with_an_empty_one_of_the_stamps_name,
]


@pytest.mark.parametrize("make", SOMEBODYS)
@pytest.mark.parametrize("target", ["dev", "test"])
def test_an_environment_that_make_did_not_make_is_refused_and_left_as_it_is(
    workplace, whole_list, tmp_path, make, target
):
    folder = tmp_path / "theirs"
    make(folder)
    workplace.write(whole_list)
    before = contents(folder)

    ended = workplace.make(target, f"VENV={folder}")

    assert ended.returncode != 0
    assert (
        f"{folder} was not made by this Makefile, so it is left untouched. Name another"
        in ended.stdout
    )
    assert contents(folder) == before


def test_a_file_in_the_place_of_the_environment_is_refused(workplace, tmp_path):
    (tmp_path / "file").write_text("kept")
    ended = workplace.make("environment-to-run", f"VENV={tmp_path / 'file'}")

    assert ended.returncode != 0
    assert "was not made by this Makefile" in ended.stdout
    assert (tmp_path / "file").read_text() == "kept"


def test_clean_removes_the_environments_that_make_made_and_no_other(workplace, made):
    somebodys_environment(workplace.folder / ".venv")
    shutil.copytree(made, workplace.folder / ".venv-ours", symlinks=True)
    before = contents(workplace.folder / ".venv")

    ended = workplace.make("clean")

    assert ended.returncode == 0
    assert ended.stdout.count(".venv was not made by this Makefile, so it stays") == 1
    assert not (workplace.folder / ".venv-ours").exists()
    assert contents(workplace.folder / ".venv") == before
    shutil.rmtree(workplace.folder / ".venv")
    assert workplace.make("clean").returncode == 0


def test_what_is_complete_is_left_alone_whatever_the_times_of_files_say(
    workplace, made, whole_list
):
    workplace.write(whole_list)
    os.utime(workplace.folder / "requirements.txt", (2e9, 2e9))
    before = contents(made)

    ended = workplace.make(
        "environment-to-run", "VENV=made", environment={"PIP_INDEX_URL": "http://127.0.0.1:9/"}
    )

    assert (ended.returncode, ended.stdout) == (0, "")
    assert contents(made) == before


def test_a_changed_list_is_installed_into_the_environment_that_is_there(
    workplace, index, made, whole_list
):
    """Removes packages that it no longer names, and keeps those of the user."""
    workplace.write(index.pin("notation", "2.0"))
    (workplace.site_packages("made") / "of_the_user.py").write_text("version = 'mine'\n")

    ended = workplace.make("environment-to-run", "VENV=made")
    names = ("notation", "measure", "report", "of_the_user")

    assert ended.returncode == 0, ended.stdout
    assert "creating it" not in ended.stdout
    assert [workplace.installed("made", name) for name in names] == ["2.0", "", "", "mine"]
    workplace.write(whole_list)
    assert workplace.make("environment-to-run", "VENV=made").returncode == 0
    assert [workplace.installed("made", name) for name in names] == ["1.0", "1.0", "1.0", "mine"]


def test_the_rest_for_tests_comes_on_top_and_running_needs_nothing_of_it(
    workplace, index, made, whole_list
):
    workplace.write(index.pin("notation", "1.0"), whole_list)
    workplace.make("environment-to-run", "VENV=made")
    assert [workplace.installed("made", name) for name in ("notation", "report")] == ["1.0", ""]

    workplace.make("environment", "VENV=made")
    assert [workplace.installed("made", name) for name in ("notation", "report")] == ["1.0", "1.0"]
    assert workplace.make("environment-to-run", "VENV=made").stdout == ""
    assert workplace.installed("made", "report") == "1.0"


def test_lists_that_disagree_are_refused(workplace, index, made, whole_list):
    workplace.write(index.pin("notation", "2.0"), whole_list)
    ended = workplace.make("environment", "VENV=made")

    assert ended.returncode != 0
    assert "requirements-dev.txt names notation 1.0, and requirements.txt names 2.0" in ended.stdout


def broken_while_it_was_made(folder):
    stamp = {"made_by": "make of lambda-streaming", "made": False}
    (folder / "installed").write_text(json.dumps(stamp))
    shutil.rmtree(folder / "lib")


def broken_since_its_python_is_gone(folder):
    for python in folder.glob("bin/python*"):
        python.unlink()
        python.symlink_to("/nowhere/python3")


def made_by_an_older_version(folder):
    (folder / "installed").write_text("")


@pytest.mark.parametrize("happened", [broken_while_it_was_made, made_by_an_older_version])
def test_what_is_ours_is_mended(workplace, index, made, happened):
    workplace.write(index.pin("notation", "2.0"))
    happened(made)

    ended = workplace.make("environment-to-run", "VENV=made")

    assert ended.returncode == 0, ended.stdout
    assert workplace.installed("made", "notation") == "2.0"


def test_two_that_install_at_once_wait_for_each_other(workplace, index, made):
    workplace.write(index.pin("notation", "1.0"))
    broken_since_its_python_is_gone(made)
    command = workplace.command("environment-to-run", "VENV=made", f"PYTHON={sys.executable}")
    both = [subprocess.Popen(**command) for _ in range(2)]
    outputs = [process.communicate(timeout=120)[0] for process in both]

    assert [process.returncode for process in both] == [0, 0], outputs
    assert sum("creating it with Python" in output for output in outputs) == 1
    assert sum("another make is installing into it; waiting" in output for output in outputs) == 1
    assert workplace.installed("made", "notation") == "1.0"


def test_another_python_than_the_one_that_is_asked_for_is_refused(workplace, made, tmp_path):
    """Uses a PYTHON that claims to be 3.99, as if the user had two versions."""
    other = tmp_path / "python3.99"
    claim = 'import sys; sys.version_info = (3, 99, 0, "final", 0); sys.argv = sys.argv[1:]; '
    claim += "import os, runpy; sys.path.insert(0, os.path.dirname(sys.argv[0])); "
    claim += 'runpy.run_path(sys.argv[0], run_name="__main__")'
    other.write_text(
        "#!/bin/sh\n"
        f'[ "$1" = -c ] && exec {sys.executable} "$@"\n'
        "shift 2\n"
        f"exec {sys.executable} -c '{claim}' \"$@\"\n"
    )
    other.chmod(0o755)
    before = contents(made)

    ended = workplace.make("environment-to-run", "VENV=made", python=str(other))

    assert ended.returncode != 0
    assert "PYTHON asks for 3.99. Name another environment (VENV=.venv-3.99)" in ended.stdout
    assert contents(made) == before


@pytest.mark.parametrize(
    ("says", "sentence"),
    [
        (None, "{python} was not found. Install Python 3.11 or newer"),
        ("(3, 9, 2)", "Python 3.11 or newer is needed, and {python} is 3.9. Install a newer one"),
        ("(2, 7, 18)", "Python 3.11 or newer is needed, and {python} is 2.7. Install a newer one"),
    ],
)
def test_a_python_that_will_not_do_is_named_with_what_helps(workplace, tmp_path, says, sentence):
    python = tmp_path / "python"
    if says:
        program = f"import sys; sys.version_info = {says}; exec(sys.argv[1])"
        python.write_text(f"#!/bin/sh\nexec {sys.executable} -c '{program}' \"$2\"\n")
        python.chmod(0o755)
    ended = workplace.make("dev", "VENV=never", python=str(python))

    assert ended.returncode != 0
    assert sentence.format(python=python) in ended.stdout
    assert "Traceback" not in ended.stdout
    assert not (workplace.folder / "never").exists()


@pytest.mark.parametrize(
    ("lines", "settings", "sentence"),
    [
        ("report>=1.0\n", {}, "requirements.txt, line 1: 'report>=1.0' is not pinned with =="),
        ("# a remark\n\nreport==1.0\n", {}, "requirements.txt, line 3: 'report==1.0' has no hash"),
        ("{report}", {}, "report requires measure[text]>=1.0, which the list does not name"),
        (
            "{report}{measure}",
            {},
            "measure[text] requires notation>=1.0, which the list does not name",
        ),
        ("{compiled}", {}, "There is no ready-made file (wheel) of compiled==1.0 for this Python"),
        (
            "{wrong}",
            {},
            "The file of notation==1.0 differs from the one that the list was made with",
        ),
        (
            "{report}",
            {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "1", "PIP_NO_PROXY": "*"},
            "The package index cannot be reached. Is there a network?",
        ),
    ],
    ids=[
        "not pinned",
        "no hash",
        "not closed",
        "an extra not closed",
        "no wheel",
        "wrong hash",
        "no network",
    ],
)
def test_what_goes_wrong_is_said_in_a_sentence(workplace, index, made, lines, settings, sentence):
    pins = {name: index.pin(name, "1.0") for name in ("report", "measure", "notation", "compiled")}
    pins["wrong"] = f"notation==1.0 --hash=sha256:{'0' * 64}\n"
    workplace.write(lines.format(**pins))
    workplace.forget("made")

    ended = workplace.make("environment-to-run", "VENV=made", environment=settings)

    assert ended.returncode != 0
    assert sentence in ended.stdout
    assert "Traceback" not in ended.stdout
    recorded = json.loads((made / "installed").read_text())["lists"]
    assert not any(
        "sha256" in each for each in recorded.values()
    )  # the list does not count as installed


def test_every_list_of_the_repository_is_pinned_with_hashes_and_they_agree():
    versions = {}
    for path in (
        "requirements.txt",
        "requirements-dev.txt",
        "layers/dependencies/requirements.txt",
    ):
        pins = lists.read(ROOT / path)
        assert len(pins) > 10
        for pin in pins:
            assert versions.setdefault((pin.name, pin.marker), pin.version) == pin.version, (
                path,
                pin.name,
            )
    assert lists.read(ROOT / ".ci/requirements-sam.txt")
    to_run = {pin.name for pin in lists.read(ROOT / "requirements.txt")}
    assert not to_run & {
        "pytest",
        "ruff",
        "selenium",
        "schemathesis",
        "hypothesis",
        "coverage",
        "cfn-lint",
    }
    assert to_run < {pin.name for pin in lists.read(ROOT / "requirements-dev.txt")}
