"""Tests the bills of materials of a release against what its files hold."""

import hashlib
import json
from zipfile import ZipFile

import lists
import pytest
from streaming_runtime import __version__

from tests.support.paths import ROOT

WHEEL = f"lambda_streaming-{__version__}-py3-none-any.whl"
LAYER = f"streaming-runtime-layer-{__version__}.zip"
SERVICE = f"service-{__version__}"


def bill(release, name):
    return json.loads((release / f"{name}.cdx.json").read_text("utf-8"))


def components(document, kind):
    return {each["name"]: each for each in document["components"] if each["type"] == kind}


@pytest.mark.parametrize("archive", [WHEEL, LAYER])
def test_the_bill_of_an_archive_names_every_file_with_its_hash(release, archive):
    document = bill(release, archive)
    with ZipFile(release / archive) as opened:
        inside = {name: hashlib.sha256(opened.read(name)).hexdigest() for name in opened.namelist()}
    listed = components(document, "file")

    assert {name: each["hashes"][0]["content"] for name, each in listed.items()} == inside
    whole = hashlib.sha256((release / archive).read_bytes()).hexdigest()
    assert document["metadata"]["component"]["hashes"] == [{"alg": "SHA-256", "content": whole}]
    assert document["metadata"]["component"]["version"] == __version__


def test_the_layer_has_no_package_of_others(release):
    assert components(bill(release, LAYER), "library") == {}


@pytest.mark.parametrize(
    ("name", "listed", "scope"),
    [
        (SERVICE, "layers/dependencies/requirements.txt", "required"),
        (WHEEL, "requirements.txt", "optional"),
    ],
)
def test_each_package_has_the_version_and_the_hashes_of_the_list_and_a_licence(
    release, name, listed, scope
):
    packages = components(bill(release, name), "library")
    pins = {pin.name: pin for pin in lists.read(ROOT / listed)}

    assert packages.keys() == pins.keys()
    for each, pin in pins.items():
        assert packages[each]["version"] == pin.version
        assert packages[each]["scope"] == scope
        assert packages[each]["purl"].startswith(f"pkg:pypi/{each}@")
        assert {item["content"] for item in packages[each]["hashes"]} == {
            text.partition("sha256:")[2].split()[0] for text in pin.text.split("--hash=")[1:]
        }
    # Packages of another platform are not installed here, so nobody can read their licence.
    without = {each for each, found in packages.items() if not found.get("licenses")}
    assert without <= {each for each, pin in pins.items() if pin.marker}


def test_the_format_is_cyclonedx_and_the_sums_name_the_bills(release):
    sums = (release / "SHA256SUMS").read_text("utf-8")
    for name in (WHEEL, LAYER, SERVICE):
        document = bill(release, name)
        assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
        assert f"  {name}.cdx.json\n" in sums
