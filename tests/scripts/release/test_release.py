"""Tests that `make release` makes the same bytes from the same commit, and complete files."""

import hashlib
import importlib.util
import marshal
import os
import re
import shutil
import subprocess
import sys
import tarfile
from email.parser import BytesParser
from zipfile import ZipFile

import pytest
from streaming_runtime import __version__

from local_lambda.template.cloudformation import load
from tests.support.paths import ROOT
from tests.support.releases import git, make_release
from tests.support.sam import lint, translate
from tests.support.tools import sam_cli

WHEEL = f"lambda_streaming-{__version__}-py3-none-any.whl"
SDIST = f"lambda_streaming-{__version__}.tar.gz"
LAYER = f"streaming-runtime-layer-{__version__}.zip"
CONSTRAINTS = f"constraints-{__version__}.txt"
BILLS = [f"{WHEEL}.cdx.json", f"{LAYER}.cdx.json", f"service-{__version__}.cdx.json"]
TEMPLATES = [f"layer-{__version__}.yaml", f"serverless-repository-{__version__}.yaml"]
PACKAGES = {
    "streaming_runtime",
    "lambda_streaming",
    "event_stream",
    "local_lambda",
    "sse_conformance",
}
# Runs the command like the script that pip makes for it.
AS_INSTALLED = """
import sys
from importlib.metadata import entry_points

(command,) = entry_points(group="console_scripts", name="local-lambda")
sys.exit(command.load()())
"""
RUNTIMES = ["python3.11", "python3.12", "python3.13", "python3.14"]


def files_of(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_two_releases_of_one_commit_are_the_same_byte_for_byte(release, repository, tmp_path):
    """Makes a release later, in another folder, with another umask and other files around."""
    clone = tmp_path / "elsewhere"
    git(tmp_path, "clone", "--quiet", str(repository), str(clone))
    for path in clone.rglob("*.py"):
        os.utime(path, (1e9, 1e9))
    (clone / "dist").mkdir()
    (clone / "dist/of-the-user.txt").write_text("kept")
    (clone / "layers/streaming_runtime/python/streaming_runtime/__pycache__").mkdir()

    ended = make_release(clone, clone / "dist", umask=0o077)

    assert ended.returncode == 0, ended.stderr
    again = files_of(clone / "dist")
    assert again.pop("of-the-user.txt") == b"kept"
    assert again == files_of(release)
    assert set(again) == {
        WHEEL,
        SDIST,
        LAYER,
        CONSTRAINTS,
        *TEMPLATES,
        *BILLS,
        "SHA256SUMS",
        "LICENSE",
        "README.md",
    }


def test_the_sums_are_those_of_the_files(release):
    sums = dict(
        reversed(line.split("  ")) for line in (release / "SHA256SUMS").read_text().splitlines()
    )
    contents = files_of(release)
    del contents["SHA256SUMS"]

    assert sums == {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}


def test_the_wheel_holds_the_packages_typed_and_nothing_of_the_service(release):
    with ZipFile(release / WHEEL) as wheel:
        names = wheel.namelist()
        metadata = BytesParser().parsebytes(
            wheel.read(f"lambda_streaming-{__version__}.dist-info/METADATA")
        )
    packages = {name.split("/")[0] for name in names}

    assert packages == {
        *PACKAGES,
        f"lambda_streaming-{__version__}.dist-info",
    }
    for package in PACKAGES:
        assert f"{package}/py.typed" in names
    assert "lambda_streaming/testing/plugin.py" in names
    page = {path.name for path in (ROOT / "local_lambda/admin/page").iterdir()}
    assert {f"local_lambda/admin/page/{name}" for name in page} <= set(names)
    assert (metadata["Name"], metadata["Version"]) == ("lambda-streaming", __version__)
    assert metadata["Requires-Python"] == ">=3.11"
    required = metadata.get_all("Requires-Dist")
    assert required
    assert all(
        "extra == 'local'" in requirement for requirement in required
    )  # the core needs nothing


def test_the_constraints_are_the_versions_that_are_tested_here(release):
    lines = (release / CONSTRAINTS).read_text().splitlines()
    pinned = re.findall(
        r"^([\w.-]+==[^ \\;]+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE
    )

    assert [line.split(" ;")[0] for line in lines] == pinned
    assert not [line for line in lines if "--hash" in line]


def test_the_sdist_makes_the_same_wheel(release, tmp_path):
    with tarfile.open(release / SDIST) as sdist:
        sdist.extractall(tmp_path, filter="data")
    source = tmp_path / f"lambda_streaming-{__version__}"
    command = [
        sys.executable,
        "-m",
        "hatchling",
        "build",
        "--target",
        "wheel",
        "--directory",
        tmp_path / "made",
    ]
    subprocess.run(command, cwd=source, check=True, capture_output=True)

    with ZipFile(release / WHEEL) as wheel, ZipFile(tmp_path / "made" / WHEEL) as other:
        assert {name: wheel.read(name) for name in wheel.namelist()} == {
            name: other.read(name) for name in other.namelist()
        }
    assert not (source / "functions").exists()


def test_the_layer_has_the_run_bit_and_bytecode_that_no_time_stamp_can_make_void(release):
    with ZipFile(release / LAYER) as layer:
        entries = {entry.filename: entry for entry in layer.infolist()}
        compiled = {name: layer.read(name) for name in entries if name.endswith(".pyc")}
    package = "python/streaming_runtime"
    sources = {name for name in entries if name.endswith(".py")}
    expected = {
        path.relative_to(ROOT / "layers/streaming_runtime").as_posix()
        for path in (ROOT / "layers/streaming_runtime/python").rglob("*.py")
    }

    assert entries["bootstrap"].external_attr >> 16 == 0o100755
    assert sources == expected
    others = set(entries) - sources - set(compiled)
    assert others == {"bootstrap", f"{package}/LICENSE"}
    mine = importlib.util.cache_from_source("x.py").removeprefix("__pycache__/x")
    folders = {name: name.rpartition("/")[0] for name in sources}
    assert {
        f"{folder}/__pycache__/{name.rpartition('/')[2][:-3]}{mine}"
        for name, folder in folders.items()
    } <= set(compiled)
    for name, content in compiled.items():
        assert int.from_bytes(content[4:8], "little") == 0b01, name  # PEP 552: unchecked, by hash
    own = compiled[f"{package}/__pycache__/loop{mine}"]
    assert marshal.loads(own[16:]).co_filename == f"/opt/{package}/loop.py"


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_publishes_the_layer_for_every_python_that_it_is_declared_for(release, name):
    template = load((release / name).read_text())
    properties = template["Resources"]["StreamingRuntimeLayer"]["Properties"]

    assert (release / properties["ContentUri"]).is_file()
    assert properties["CompatibleRuntimes"] == RUNTIMES
    assert properties["CompatibleArchitectures"] == ["arm64", "x86_64"]
    assert "@" not in (release / name).read_text()


def test_sam_takes_the_templates(release):
    """Runs the linter of `sam validate --lint` once for both."""
    sam = sam_cli()
    ended = lint(sam, *(release / name for name in TEMPLATES))

    assert ended.returncode == 0, ended.stdout + ended.stderr
    for name in TEMPLATES:
        kinds = [each["Type"] for each in translate(sam, release / name)["Resources"].values()]
        assert kinds == ["AWS::Lambda::LayerVersion"]


def test_the_repository_s_template_says_what_the_repository_asks_for(release):
    """The repository requires these properties.

    Page serverlessrepo-publishing-applications.html in
    https://docs.aws.amazon.com/serverlessrepo/latest/devguide/
    """
    template = load((release / TEMPLATES[1]).read_text())
    application = template["Metadata"]["AWS::ServerlessRepo::Application"]

    assert application["SemanticVersion"] == __version__
    assert re.fullmatch(r"[A-Za-z0-9-]{1,140}", application["Name"])
    assert len(application["Description"]) <= 256
    assert len(application["Author"]) <= 127
    assert re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?", application["Author"])
    assert len(application["Labels"]) <= 10
    for key in ("LicenseUrl", "ReadmeUrl"):
        assert (release / application[key]).is_file()


def test_the_templates_of_the_service_declare_the_same_pythons():
    template = load((ROOT / "template.yaml").read_text())
    assert (
        template["Resources"]["StreamingRuntimeLayer"]["Properties"]["CompatibleRuntimes"]
        == RUNTIMES
    )


@pytest.fixture
def changeable(repository, tmp_path):
    git(tmp_path, "clone", "--quiet", str(repository), str(tmp_path / "clone"))
    return tmp_path / "clone"


def test_what_is_not_committed_is_not_released(changeable):
    (changeable / "README.md").write_text("changed")
    ended = make_release(changeable, changeable / "dist")

    assert ended.returncode == 1
    assert (
        "not everything is committed (M README.md, ...): a release is made from a commit"
        in ended.stderr
    )
    assert not (changeable / "dist").exists()


def test_a_tag_of_another_version_is_refused(changeable):
    ended = make_release(changeable, changeable / "dist", "--tag", "v99.0.0")

    assert ended.returncode == 1
    assert (
        "the tag is v99.0.0, and layers/streaming_runtime/python/streaming_runtime/version.py says"
        in ended.stderr
    )
    assert make_release(changeable, changeable / "dist", "--tag", f"v{__version__}").returncode == 0


def test_bytecode_that_is_asked_for_and_cannot_be_had_is_an_error(changeable):
    ended = make_release(changeable, changeable / "dist", "--bytecode-for", "3.10")

    assert ended.returncode == 1
    assert "bytecode for Python 3.10 is required" in ended.stderr


def test_a_folder_that_is_no_clone_is_refused(repository, tmp_path):
    shutil.copytree(repository, tmp_path / "copy", ignore=shutil.ignore_patterns(".git"))
    ended = make_release(tmp_path / "copy", tmp_path / "dist")

    assert ended.returncode == 1
    assert "is no clone: a release is made from a commit" in ended.stderr


def test_the_changelog_has_a_heading_for_this_version():
    assert re.search(
        rf"^## {re.escape(__version__)}\b", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE
    )


def test_pip_installs_the_repository_itself(repository, tmp_path):
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
    ]
    subprocess.run(
        [*command, "--target", tmp_path / "here", repository], check=True, capture_output=True
    )

    assert {path.name for path in (tmp_path / "here").iterdir() if path.is_dir()} >= {
        "streaming_runtime",
        "event_stream",
    }
    code = "import event_stream, streaming_runtime; print(streaming_runtime.__version__)"
    environ = {"PYTHONPATH": str(tmp_path / "here")}
    said = subprocess.run(
        [sys.executable, "-S", "-c", code], env=environ, capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == __version__
    for start in (
        ["-m", "local_lambda"],
        ["-c", AS_INSTALLED],
    ):  # without the extra, by either name
        command = [sys.executable, "-S", *start]
        ended = subprocess.run(
            command, env=environ, cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert ended.returncode == 1
        assert (
            "is not installed; the emulator needs it: pip install 'lambda-streaming[local]'"
            in ended.stderr
        )
        assert "Traceback" not in ended.stderr
