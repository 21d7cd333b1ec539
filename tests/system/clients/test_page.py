"""Has each client that runs here its row in docs/clients.md, with its version?"""

import json
import re

from tests.system.clients.page import client_rows
from tests.system.clients.process import ALL_CLIENTS, NPM, PYPI


def installed_versions() -> dict[str, str]:
    npm = json.loads((NPM / "package.json").read_text("utf-8"))["dependencies"]
    pins = re.findall(
        r"^([\w-]+)==([\w.]+)", (PYPI / "requirements.txt").read_text("utf-8"), re.MULTILINE
    )
    return {
        **{f"npm/{name.rpartition('/')[2]}": version for name, version in npm.items()},
        **{f"pypi/{name}": version for name, version in pins},
        "chromium": "",
    }


def test_every_client_that_runs_has_its_row_and_no_other_has_one():
    versions = installed_versions()

    assert {name: row.version for name, row in client_rows().items()} == {
        name: versions[name] for name in ALL_CLIENTS
    }


def test_at_least_four_come_from_npm_four_from_pypi_and_one_is_a_browser():
    kinds = [name.partition("/")[0] for name in ALL_CLIENTS]

    assert kinds.count("npm") >= 4
    assert kinds.count("pypi") >= 4
    assert kinds.count("chromium") == 1


def test_the_lock_file_names_hashes_and_no_registry():
    lock = json.loads((NPM / "package-lock.json").read_text("utf-8"))
    packages = [package for path, package in lock["packages"].items() if path]

    assert all(package["integrity"].startswith("sha512-") for package in packages)
    assert not any("resolved" in package for package in packages)
