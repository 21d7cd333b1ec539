"""Tests the pure parts: reading lists, checking them, and sentences for failures of pip."""

import errno
from importlib.metadata import PathDistribution

import pytest
from environment import sentence_for, why_no_venv
from hypothesis import given
from hypothesis import strategies as st
from lists import ListError, agree, canonical, read
from packages import explain
from verify import found, problems, wanted

HASH = "--hash=sha256:" + "0" * 64
NAMES = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,8}[A-Za-z0-9])?", fullmatch=True)
VERSIONS = st.from_regex(r"[0-9]{1,3}(\.[0-9]{1,3}){0,3}(\.post[0-9])?", fullmatch=True)


@given(st.lists(st.tuples(NAMES, VERSIONS, st.booleans(), st.integers(1, 3)), max_size=8))
def test_whatever_a_list_pins_is_read_as_it_stands(tmp_path_factory, pins):
    path = tmp_path_factory.getbasetemp() / "generated.txt"
    lines = []
    for name, version, with_marker, hashes in pins:
        marker = " ; python_full_version < '3.12'" if with_marker else ""
        lines += [
            f"{name}=={version}{marker} \\",
            *[f"    {HASH} \\"] * (hashes - 1),
            f"    {HASH}",
            "    # via x",
        ]
    path.write_text("\n".join(lines) + "\n")

    assert [(pin.name, pin.version, bool(pin.marker)) for pin in read(path)] == [
        (canonical(name), version, with_marker) for name, version, with_marker, _ in pins
    ]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("requests", "'requests' is not pinned with =="),
        (f"requests~=2.0 {HASH}", "is not pinned with =="),
        ("requests==2.0", "'requests==2.0' has no hash"),
        ("requests==2.0 --hash=sha256:abc", "has no hash"),
        ("-e .", "'-e .' is not pinned with =="),
        ("--index-url https://example.com", "is not pinned with =="),
        ("requests @ https://example.com/requests.whl", "is not pinned with =="),
    ],
)
def test_a_line_that_pins_nothing_is_named_with_its_number(tmp_path, line, says):
    (tmp_path / "list.txt").write_text(f"# a remark\n\n{line}\n")
    with pytest.raises(ListError, match=r"list\.txt, line 3: ") as raised:
        read(tmp_path / "list.txt")

    assert says in str(raised.value)


def test_lists_that_disagree_are_named(tmp_path):
    for name, version in (("a.txt", "1.0"), ("b.txt", "2.0")):
        (tmp_path / name).write_text(f"requests=={version} {HASH}\n")
    pins = {name: read(tmp_path / name) for name in ("a.txt", "b.txt")}

    agree({"a.txt": pins["a.txt"]})
    with pytest.raises(
        ListError, match=r"b\.txt names requests 2\.0, and a\.txt names 1\.0; `make lock`"
    ):
        agree(pins)


@pytest.fixture
def installed(tmp_path):
    """Returns a function that adds an installed package and returns all of them.

    For example `installed("moto", "5.0", "docker>=3; extra == 'dynamodb'")`.
    """

    def add(name, version, *requires, files=()):
        directory = tmp_path / f"{name}-{version}.dist-info"
        directory.mkdir()
        lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
        lines += [f"Requires-Dist: {requirement}" for requirement in requires]
        (directory / "METADATA").write_text("\n".join(lines) + "\n")
        (directory / "RECORD").write_text("".join(f"{file},,\n" for file in files))
        assert isinstance(found([str(tmp_path)])[canonical(name)], PathDistribution)
        return found([str(tmp_path)])

    return add


def test_what_is_missing_of_another_version_or_not_whole_is_said(installed, tmp_path):
    (tmp_path / "here.py").touch()
    installed("Whole_One", "1.0", files=["here.py", "../../bin/command", "__pycache__/here.pyc"])
    installed("old", "1.0")
    packages = installed("torn", "1.0", files=["torn/__init__.py", "torn/data.json", "here.py"])

    assert problems({"whole-one": "1", "old": "2.0", "torn": "1.0", "gone": "3.0"}, packages) == [
        "gone 3.0 is not installed",
        "old is 1.0 and should be 2.0",
        "torn 1.0 is incomplete: torn/__init__.py and 1 more files missing",
    ]


def test_a_list_is_closed_only_with_what_every_asked_extra_requires(installed):
    installed("cov", "7.0", "coverage[toml]>=7.10")
    installed(
        "coverage",
        "7.17",
        "tomli; python_version <= '3.11' and extra == 'toml'",
        "notes; extra == 'docs'",
    )
    packages = installed("moto", "5.0", "boto3>=1.0", "docker>=3; extra == 'dynamodb'")
    versions = {"cov": "7.0", "coverage": "7.17", "moto": "5.0", "boto3": "1.0"}
    packages["boto3"] = packages["moto"]
    check = lambda python, **extras: [  # noqa: E731
        text
        for text in problems(versions, packages, {"python_version": python}, extras)
        if "boto3" not in text
    ]

    assert check("3.11") == ["coverage[toml] requires tomli, which the list does not name"]
    assert check("3.12") == []
    assert check("3.12", moto={"dynamodb"}) == [
        "moto[dynamodb] requires docker>=3, which the list does not name"
    ]


def test_a_pin_outside_of_what_another_package_requires_is_said(installed):
    installed("boto3", "1.0", "botocore<2,>=1.5")
    packages = installed("botocore", "2.0")

    assert problems({"boto3": "1.0", "botocore": "2.0"}, packages) == [
        "boto3 requires botocore<2,>=1.5, and the list names 2.0"
    ]


def test_a_package_is_wanted_where_its_marker_holds(tmp_path):
    lines = [
        f"networkx==3.6 ; python_full_version < '3.12' {HASH}",
        f"networkx==3.7 ; python_full_version >= '3.12' {HASH}",
    ]
    (tmp_path / "list.txt").write_text(
        "\n".join([*lines, f"pywin32==3 ; sys_platform == 'win32' {HASH}"])
    )
    pins = read(tmp_path / "list.txt")

    assert wanted(pins, {"python_full_version": "3.11.7"}) == {"networkx": "3.6"}
    assert wanted(pins, {"python_full_version": "3.14.0"}) == {"networkx": "3.7"}
    assert "pywin32" in wanted(pins, {"sys_platform": "win32"})


DEBIAN = """The virtual environment was not created successfully because ensurepip is not
available.  On Debian/Ubuntu systems, you need to install the python3-venv
package using the following command.

    apt install python3.11-venv
"""
DISK_FULL = (
    "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device\n"
)
RETRYING = "WARNING: Retrying (Retry(total=4, connect=None)) after connection broken by "
NOT_FOUND = "ERROR: No matching distribution found for h11==0.16.0\n"
CERTIFICATE = f"{RETRYING}'SSLError(... CERTIFICATE_VERIFY_FAILED ...)': /simple/h11/\n{NOT_FOUND}"
NO_NAME = (
    f"{RETRYING}'NewConnectionError(... Temporary failure in name resolution)': /simple/h11/\n"
    f"{NOT_FOUND}"
)


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        (DISK_FULL, "The disk is full. Make room"),
        (CERTIFICATE, "The certificate of the package index is not trusted."),
        (NO_NAME, "The package index cannot be reached. Is there a network?"),
        ("/usr/bin/python3: No module named pip\n", "This Python has no pip."),
        (
            "ERROR: No matching distribution found for pydantic-core==2.50.4\n",
            "(wheel) of pydantic-core==2.50.4",
        ),
        ("something new\nand unheard of\n", "pip failed:\n    something new\n    and unheard of\n"),
    ],
)
def test_what_pip_says_becomes_a_sentence(output, sentence):
    assert sentence in explain(output)


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        (
            DEBIAN,
            "cannot create environments: its module venv or ensurepip is missing. On Debian and "
            "Ubuntu: apt install",
        ),
        ("/usr/bin/python3: No module named venv\n", "its module venv or ensurepip is missing"),
        ("Error: [Errno 28] No space left on device: '.venv/lib'\n", "The disk is full. Make room"),
        ("Error: [Errno 13] Permission denied: '/opt/.venv'\n", "/opt/.venv is not writable."),
    ],
)
def test_what_venv_says_becomes_a_sentence(output, sentence):
    assert sentence in why_no_venv(output)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "The disk is full. Make room"),
        (
            OSError(errno.EROFS, "Read-only file system", "/mnt/.venv"),
            "/mnt/.venv is not writable.",
        ),
    ],
)
def test_what_the_system_says_becomes_a_sentence(error, sentence):
    assert sentence in sentence_for(error)
