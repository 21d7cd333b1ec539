"""A package index on disk: wheels of a few lines each, and lists that pin them."""

import hashlib
from pathlib import Path
from zipfile import ZipFile


class Index:
    """A simple repository in `simple/` below `root`.

    https://packaging.python.org/en/latest/specifications/simple-repository-api/
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.url = (root / "simple").as_uri()

    def add(self, name: str, version: str, requires=(), extras=(), tag="py3-none-any") -> None:
        """Makes a wheel whose module says its version."""
        folder = self.root / "simple" / name
        folder.mkdir(parents=True, exist_ok=True)
        information = f"{name}-{version}.dist-info"
        metadata = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
        metadata += [f"Provides-Extra: {extra}" for extra in extras]
        metadata += [f"Requires-Dist: {requirement}" for requirement in requires]
        files = {
            f"{name}.py": f"version = {version!r}\n",
            f"{information}/METADATA": "\n".join(metadata) + "\n",
            f"{information}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n",
        }
        record = [f"{each},," for each in (*files, f"{information}/RECORD")]
        with ZipFile(folder / f"{name}-{version}-{tag}.whl", "w") as wheel:
            for path, content in {
                **files,
                f"{information}/RECORD": "\n".join(record) + "\n",
            }.items():
                wheel.writestr(path, content)
        links = [f'<a href="{each.name}">{each.name}</a>' for each in sorted(folder.glob("*.whl"))]
        (folder / "index.html").write_text("<!DOCTYPE html>\n" + "\n".join(links))

    def pin(self, name: str, version: str, marker: str = "") -> str:
        """Returns the lines of a list."""
        wheels = (self.root / "simple" / name).glob(f"{name}-{version}-*.whl")
        hashes = [
            f"--hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}" for wheel in wheels
        ]
        return (
            " \\\n    ".join([f"{name}=={version}" + (f" ; {marker}" if marker else ""), *hashes])
            + "\n"
        )
