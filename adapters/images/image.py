"""From a Bento to an image."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from adapters.images.context import HERE, SBOM, SITE, copy_bento, install, packed
from adapters.images.engine import (
    BUILDING_SECONDS,
    BuildError,
    ImageError,
    Missing,
    asking,
    build_failure,
    connected,
    engine,
)
from adapters.images.foundation import foundation_of
from lifecycle.section import Value
from lifecycle.serving.manifest import Manifest


class Built(Value):
    """An image.

    Parameters
    ----------
    id
        Its digest: the same wherever the same image is.
    size_mb
        Its layers, those of its base among them, in millions of bytes.
    sbom
        What is installed in it (CycloneDX, JSON); it lies in the image as well.
    """

    id: str
    tag: str
    size_mb: float
    sbom: str = ""


def build(
    bento: Path,
    *,
    tag: str,
    base: str,
    labels: Mapping[str, str],
    lock: Path,
    sbom: Callable[[Path], str] | None = None,
) -> Built:
    """Build the image of a Bento: what the lock file pins, the Bento, and a Python to run it.

    Nothing is fetched inside the build, which has no network: packages are fetched here, and
    checked against their hashes.

    Parameters
    ----------
    bento
        The folder of a built Bento.
    base
        An image with `python3.11` and glibc; it is pulled if it is not there.
    labels
        See `labels_of`.
    lock
        `service/requirements.lock`.
    sbom
        Makes the bill of materials from the folder of installed packages; `foundation_of`
        says what the base brings.

    Raises
    ------
    NoEngine
        If no Docker engine answers.
    ImageError
        If the base is not to be had or lacks something, or the build breaks.
    """
    foundation_of(base)  # before anything else: the likeliest thing to be missing
    with TemporaryDirectory(prefix="perennial-image-") as name:
        context = Path(name)
        install(lock, context / SITE, architecture=engine().architecture)
        bill = sbom(context / SITE) if sbom else ""
        if bill:
            (context / SBOM).write_text(bill, encoding="utf-8")
        copy_bento(bento, context / "bento")
        for file in ("Dockerfile", "prepare.py", "healthcheck.py"):
            shutil.copy(HERE / file, context)
        with connected(seconds=BUILDING_SECONDS) as client:
            image = _build(client, context, tag=tag, base=base, labels=labels)
        return Built(id=image.id, tag=tag, size_mb=image.attrs["Size"] / 1e6, sbom=bill)


def _build(client: Any, context: Path, *, tag: str, base: str, labels: Mapping[str, str]) -> Any:
    with packed(context) as file, asking(f"build {tag}"):
        try:
            image, _ = client.images.build(
                fileobj=file,
                custom_context=True,
                tag=tag,
                buildargs={"BASE": base},
                labels=dict(labels),
                network_mode="none",
                rm=True,
                forcerm=True,
            )
        except BuildError as error:
            raise ImageError(
                f"The image {tag} could not be built on {base}:\n{build_failure(error)}\n"
                "  A base must have python3.11, glibc and libstdc++ (python:3.11-slim has)."
            ) from error
    return image


def remove_image(tag: str) -> None:
    """Remove an image, and whatever layers nothing else needs; one that is not there is fine.

    Raises
    ------
    ImageError
        If a container still uses it.
    """
    with connected() as client, asking(f"remove the image {tag}"):
        try:
            client.images.remove(tag)
        except Missing:
            return


def labels_of(manifest: Manifest, digest: str) -> dict[str, str]:
    """Name on the image what is served and where it came from.

    Parameters
    ----------
    digest
        SHA-256 of the manifest.
    """
    told = {
        "org.opencontainers.image.title": manifest.project,
        "org.opencontainers.image.version": manifest.version,
        "org.opencontainers.image.revision": manifest.commit,
        "perennial.candidate": manifest.candidate,
        "perennial.data": manifest.data,
        "perennial.manifest": digest,
        "perennial.trained": manifest.trained,
    }
    return {name: value for name, value in told.items() if value}
