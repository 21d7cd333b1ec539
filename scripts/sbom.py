"""Writes the bills of materials of a release: CycloneDX 1.6 as JSON, checked against its schema.

    python scripts/sbom.py MADE --version 1.2.3 --epoch-s 1700000000 --source . --packages PATH

`MADE` is the folder of the release, `PATH` the packages of the environment, which know their
licences. It runs with the Python of .venv-audit, since it needs cyclonedx-python-lib. There is one
bill for the wheel, one for the layer and one for the functions of the service.
"""

import argparse
import hashlib
import re
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import Distribution, PackageMetadata
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5
from zipfile import ZipFile

from cyclonedx.factory.license import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.model.license import License
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from lists import Pin, read
from packageurl import PackageURL
from verify import found

OWN = "lambda-streaming"
OWN_LICENCE = "MIT"
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


class SbomError(Exception):
    """Raised when a bill cannot be made; the message says why."""


def licence_of(distribution: Distribution | None) -> License | None:
    """Returns what the metadata of a package says: an expression, a name, or a classifier."""
    if distribution is None:
        return None
    metadata = distribution.metadata
    text = _said(metadata, "License-Expression")
    if not text:
        classifiers = metadata.get_all("Classifier") or []
        named = [each for each in classifiers if each.startswith("License :: ")]
        text = " AND ".join(each.rpartition(" :: ")[2] for each in named[:1])
    if not text:
        text = _said(metadata, "License").strip().partition("\n")[0]
    return LicenseFactory().make_from_string(text) if text else None


def _said(metadata: PackageMetadata, field: str) -> str:
    values: list[str] = metadata.get_all(field) or [""]
    return values[0]


def package(pin: Pin, distribution: Distribution | None, scope: ComponentScope) -> Component:
    """Returns a package of a list. Its hashes are those of all files that the list accepts."""
    licence = licence_of(distribution)
    purl = PackageURL("pypi", name=pin.name, version=pin.version)
    return Component(
        type=ComponentType.LIBRARY,
        name=pin.name,
        version=pin.version,
        purl=purl,
        bom_ref=str(purl),
        scope=scope,
        licenses=[licence] if licence else None,
        hashes=[sha256(digest) for digest in sorted(set(_HASH.findall(pin.text)))],
    )


def packages(
    listed: Path, installed: dict[str, Distribution], scope: ComponentScope
) -> list[Component]:
    """Returns the packages of a list, each once, whatever its marker."""
    pins = {pin.name: pin for pin in read(listed)}
    return [package(pin, installed.get(name), scope) for name, pin in sorted(pins.items())]


def files_in(archive: Path) -> list[Component]:
    """Returns the files of a wheel or of the layer's zip file."""
    result = []
    with ZipFile(archive) as opened:
        for name in sorted(opened.namelist()):
            digest = hashlib.sha256(opened.read(name)).hexdigest()
            result.append(
                Component(
                    type=ComponentType.FILE,
                    name=name,
                    bom_ref=f"file:{name}",
                    hashes=[sha256(digest)],
                )
            )
    return result


def sha256(digest: str) -> HashType:
    return HashType(alg=HashAlgorithm.SHA_256, content=digest)


def bill(
    name: str, version: str, made: datetime, content: Iterable[Component], archive: Path | None
) -> str:
    """Returns the JSON. Raises SbomError when the schema refuses it."""
    licence = LicenseFactory().make_from_string(OWN_LICENCE)
    digest = hashlib.sha256(archive.read_bytes()).hexdigest() if archive else ""
    subject = Component(
        type=ComponentType.LIBRARY if archive else ComponentType.APPLICATION,
        name=name,
        version=version,
        bom_ref=f"{name}@{version}",
        licenses=[licence],
        hashes=[sha256(digest)] if digest else None,
    )
    components = list(content)
    # The same release has the same bytes: neither the number nor the time is drawn anew.
    bom = Bom(
        serial_number=uuid5(NAMESPACE_URL, f"{name}@{version}:{made.isoformat()}:{digest}"),
        components=components,
    )
    bom.metadata.component = subject
    bom.metadata.timestamp = made
    libraries = [each for each in components if each.type == ComponentType.LIBRARY]
    bom.register_dependency(subject, libraries)
    text: str = JsonV1Dot6(bom).output_as_string(indent=1) + "\n"
    if error := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
        raise SbomError(f"{name}: the schema of CycloneDX 1.6 refuses it: {error}")
    return text


def bills(
    made: Path, version: str, epoch_s: int, source: Path, installed: dict[str, Distribution]
) -> dict[str, str]:
    """Returns each bill by its file name. Raises SbomError, ListError and OSError."""
    at = datetime.fromtimestamp(epoch_s, UTC)
    wheel = made / f"lambda_streaming-{version}-py3-none-any.whl"
    layer = made / f"streaming-runtime-layer-{version}.zip"
    # Nothing of this is in the wheel: `pip install "lambda-streaming[local]"` brings it.
    optional = packages(source / "requirements.txt", installed, ComponentScope.OPTIONAL)
    service = packages(
        source / "layers/dependencies/requirements.txt", installed, ComponentScope.REQUIRED
    )
    return {
        f"{wheel.name}.cdx.json": bill(OWN, version, at, [*files_in(wheel), *optional], wheel),
        f"{layer.name}.cdx.json": bill(
            "streaming-runtime-layer", version, at, files_in(layer), layer
        ),
        f"service-{version}.cdx.json": bill("lambda-sse", version, at, service, None),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("made", type=Path)
    parser.add_argument("--version", required=True)
    parser.add_argument("--epoch-s", type=int, required=True)
    parser.add_argument("--source", type=Path, required=True)
    parser.add_argument("--packages", required=True)
    arguments = parser.parse_args()
    try:
        every = bills(
            made=arguments.made,
            version=arguments.version,
            epoch_s=arguments.epoch_s,
            source=arguments.source,
            installed=found([arguments.packages]),
        )
    except (SbomError, ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    for name, text in every.items():
        (arguments.made / name).write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
