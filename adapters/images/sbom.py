"""What an image holds, as CycloneDX 1.6; the one door to cyclonedx and package URLs."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from email.parser import HeaderParser
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from cyclonedx.contrib.license.exceptions import FactoryException
from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.exception import CycloneDxException
from cyclonedx.model import (
    ExternalReference,
    ExternalReferenceType,
    HashAlgorithm,
    HashType,
    XsUri,
)
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import License, LicenseExpression
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from lifecycle.errors import DataError
from lifecycle.serving.manifest import CARD, Manifest

MODEL_FILES = (".onnx", ".ubj", ".npz")
"""Endings of files that are computed with; the others of a package tell about it."""

LONGEST_LICENCE = 80
"""Characters: some packages write the whole text where its name should stand."""


class Package(NamedTuple):
    """One package that an SBOM lists: `pypi`, `deb` or `generic`."""

    kind: str
    name: str
    version: str


class Pin(NamedTuple):
    """What a lock file says of one package."""

    version: str
    hashes: tuple[str, ...]


def sbom(
    packages: Path | Sequence[Path],
    *,
    name: str,
    version: str,
    serial: UUID,
    made: datetime,
    lock: str | None = None,
    model: Manifest | None = None,
    manifest_hash: str | None = None,
    dpkg: str | None = None,
    distro: str | None = None,
    python: str | None = None,
) -> str:
    """List what an image holds, as CycloneDX 1.6 JSON; the same content gives the same text.

    Libraries that are compiled into a wheel are part of it, and not listed on their own.

    Parameters
    ----------
    packages
        The folders of installed packages: `site-packages`, on Debian `dist-packages` too.
    name, version
        Of the image.
    serial, made
        What two lists of the same content differ by.
    lock
        The text of the lock file: gives the hashes that installed files were checked against.
    model, manifest_hash
        A packaged version, and the SHA-256 of its `manifest.json`.
    dpkg
        The text of `/var/lib/dpkg/status`.
    distro
        The release it is of, such as `debian-12`.
    python
        The version of a Python that is not one of dpkg's packages.

    Raises
    ------
    DataError
        If something is installed that cannot be named, or is not what the lock file pins.
    """
    folders = [packages] if isinstance(packages, Path) else list(packages)
    installed = _installed(folders)
    listed = _listed(installed, pins(lock) if lock is not None else {})
    others = [
        *([_model(model, manifest_hash)] if model is not None else []),
        *_debian(dpkg or "", distro),
        *([_python(python)] if python is not None else []),
    ]
    image = Component(type=ComponentType.CONTAINER, name=name, version=version, bom_ref="image")
    bom = Bom(
        serial_number=serial,
        metadata=BomMetaData(timestamp=made, component=image),
        components=[*listed.values(), *others],
    )
    _relate(bom, image, installed, listed, others)
    text: str = JsonV1Dot6(bom).output_as_string(indent=1)
    return text + "\n"


def read(text: str) -> tuple[Package, ...]:
    """List the packages an SBOM names by their package URL.

    Raises
    ------
    DataError
        If the text is not an SBOM.
    """
    try:
        bom = Bom.from_json(json.loads(text))
        urls = sorted({component.purl for component in _all(bom.components) if component.purl})
    except (ValueError, TypeError, KeyError, AttributeError, CycloneDxException) as error:
        raise DataError(f"This is not a CycloneDX SBOM in JSON: {error}.") from error
    return tuple(Package(url.type, url.name, url.version or "") for url in urls)


def pins(lock: str) -> dict[str, Pin]:
    r"""Read a lock file with hashes, by the canonical names of its packages.

    Raises
    ------
    DataError
        If a line pins nothing.

    Examples
    --------
    >>> pins("Foo_Bar==1.0 \\\n    --hash=sha256:" + "0" * 64)["foo-bar"].version
    '1.0'
    """
    found = {}
    for line in re.sub(r"\\\s*\n", " ", lock).splitlines():
        text = line.partition(" #")[0].strip()
        if not text or text.startswith(("#", "-")):
            continue
        wanted, *options = re.split(r"\s+--hash=", text)
        try:
            requirement = Requirement(wanted)
            (specifier,) = (each for each in requirement.specifier if each.operator == "==")
        except (InvalidRequirement, ValueError):
            raise DataError(f"The lock file pins nothing in {wanted!r}. Write name==1.0.") from None
        hashes = tuple(option.strip() for option in options)
        found[str(canonicalize_name(requirement.name))] = Pin(specifier.version, hashes)
    return found


def _all(components: Iterable[Component]) -> Iterator[Component]:
    for component in components:
        yield component
        yield from _all(component.components)


def _installed(folders: Sequence[Path]) -> dict[str, Distribution]:
    """Find what is installed, by canonical name; a folder before another hides what that has."""
    for folder in folders:
        if not folder.is_dir():
            raise DataError(f"There is no folder {folder} with installed packages.")
    found: dict[str, Distribution] = {}
    for distribution in distributions(path=[str(folder) for folder in folders]):
        # Not by brackets: importlib_metadata, once anybody has imported it, raises a KeyError.
        told = distribution.metadata.json
        given = str(told.get("name") or "")
        if not given or not told.get("version"):
            raise DataError(
                f"{getattr(distribution, '_path', 'A package')} has no name or version: it was "
                "half removed. Install into an empty folder."
            )
        found.setdefault(str(canonicalize_name(given)), distribution)
    return dict(sorted(found.items()))


def _listed(
    installed: Mapping[str, Distribution], locked: Mapping[str, Pin]
) -> dict[str, Component]:
    return {
        name: _package(name, distribution, locked.get(name))
        for name, distribution in installed.items()
    }


def _package(name: str, distribution: Distribution, pin: Pin | None) -> Component:
    metadata = distribution.metadata
    url = PackageURL("pypi", name=name, version=distribution.version)
    if pin is not None and not _is_same(pin.version, distribution.version):
        raise DataError(
            f"{name} {distribution.version} is installed, and the lock file pins {pin.version}. "
            "Build the image from the lock file, or make the lock file anew."
        )
    return Component(
        type=ComponentType.LIBRARY,
        name=metadata["Name"],
        version=distribution.version,
        bom_ref=url.to_string(),
        purl=url,
        description=metadata.json.get("summary"),
        licenses=_licences(distribution),
        external_references=_allowed_files(url, pin) if pin is not None and pin.hashes else (),
    )


def _is_same(pinned: str, installed: str) -> bool:
    try:
        return Version(pinned) == Version(installed)
    except InvalidVersion:
        return pinned == installed


def _allowed_files(url: PackageURL, pin: Pin) -> list[ExternalReference]:
    """Tell the hashes of the files a lock allows: which of them was installed, nobody records."""
    return [
        ExternalReference(
            type=ExternalReferenceType.DISTRIBUTION,
            url=XsUri(url.to_string()),
            comment="Installed from one file with one of these hashes.",
            hashes=[HashType.from_composite_str(value) for value in pin.hashes],
        )
    ]


def _licences(distribution: Distribution) -> list[License]:
    """Tell the licences a package declares, as an SPDX expression where it has one."""
    metadata, factory = distribution.metadata.json, LicenseFactory()
    declared = str(metadata.get("license_expression") or metadata.get("license") or "").strip()
    is_name = declared != "" and len(declared) <= LONGEST_LICENCE and "\n" not in declared
    if is_name and (known := _spdx(declared, factory)):
        return [known]
    classified = [
        entry.rpartition(" :: ")[2]
        for entry in metadata.get("classifier", ())
        if entry.startswith("License :: ") and entry.count(" :: ") > 1
    ]
    names = sorted(set(classified)) or ([declared] if is_name else [])
    return [factory.make_with_name(entry) for entry in names]


def _spdx(declared: str, factory: LicenseFactory) -> License | None:
    try:
        return factory.make_with_id(declared)
    except FactoryException:
        pass
    try:
        found: LicenseExpression = factory.make_with_expression(declared)
        return found
    except FactoryException:
        return None


def _model(manifest: Manifest, digest: str | None) -> Component:
    """List a packaged version: known by its manifest, which pins each of its files."""
    ours = f"model/{manifest.project}@{manifest.version}"
    return Component(
        type=ComponentType.MACHINE_LEARNING_MODEL,
        name=manifest.project,
        version=manifest.version,
        bom_ref=ours,
        description=f"Predicts {manifest.label} ({manifest.task.value}).",
        hashes=[_sha256(digest)] if digest else (),
        external_references=_card(manifest),
        components=[_file(ours, manifest.version, *file) for file in manifest.files.items()],
    )


def _card(manifest: Manifest) -> list[ExternalReference]:
    return [
        ExternalReference(
            type=ExternalReferenceType.MODEL_CARD, url=XsUri(name), hashes=[_sha256(value)]
        )
        for name, value in manifest.files.items()
        if name == CARD
    ]


def _file(model: str, version: str, name: str, digest: str) -> Component:
    computed = name.endswith(MODEL_FILES)
    return Component(
        type=ComponentType.MACHINE_LEARNING_MODEL if computed else ComponentType.FILE,
        name=name,
        version=version,
        bom_ref=f"{model}/{name}",
        hashes=[_sha256(digest)],
    )


def _sha256(value: str) -> HashType:
    return HashType(alg=HashAlgorithm.SHA_256, content=value)


def _debian(status: str, distro: str | None) -> list[Component]:
    """List the packages a Debian system has; removed ones of which settings remain are none."""
    found = []
    for stanza in re.split(r"\n\s*\n", status.strip()):
        fields = HeaderParser().parsestr(stanza)
        if not (fields["Status"] or "").endswith(" installed"):
            continue
        source = (fields["Source"] or "").partition(" ")[0]
        told = {"arch": fields["Architecture"], "distro": distro, "upstream": source}
        url = PackageURL(
            "deb",
            "debian",
            fields["Package"],
            fields["Version"],
            {key: value for key, value in told.items() if value},
        )
        found.append(
            Component(
                type=ComponentType.LIBRARY,
                name=fields["Package"],
                version=fields["Version"],
                bom_ref=url.to_string(),
                purl=url,
                description=(fields["Description"] or "").partition("\n")[0] or None,
            )
        )
    return found


def _python(version: str) -> Component:
    url = PackageURL("generic", name="python", version=version)
    return Component(
        type=ComponentType.PLATFORM,
        name="python",
        version=version,
        bom_ref=url.to_string(),
        purl=url,
        cpe=f"cpe:2.3:a:python:python:{version}:*:*:*:*:*:*:*",
    )


def _relate(
    bom: Bom,
    image: Component,
    installed: Mapping[str, Distribution],
    listed: Mapping[str, Component],
    others: Sequence[Component],
) -> None:
    """Tell what needs what: the image itself whatever nothing else needs."""
    needed: set[str] = set()
    for name, distribution in installed.items():
        wanted = {entry for entry in _required(distribution) if entry in listed} - {name}
        needed |= wanted
        bom.register_dependency(listed[name], [listed[entry] for entry in sorted(wanted)])
    tops = [component for name, component in listed.items() if name not in needed]
    bom.register_dependency(image, [*tops, *others])


def _required(distribution: Distribution) -> Iterator[str]:
    for text in distribution.requires or ():
        try:
            requirement = Requirement(text)
        except InvalidRequirement:  # it is listed all the same, only not what needs it
            continue
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield str(canonicalize_name(requirement.name))
