"""From a package to something that runs: its Bento, and the image where there is an engine."""

import tempfile
from pathlib import Path

from adapters import bentos, images
from adapters.packaging import Packaged
from lifecycle.serving.declaration import Serving
from lifecycle.serving.deployment import Built, Kind


def build(packaged: Packaged, serving: Serving, *, root: Path, state: Path) -> Built:
    """Build the Bento of a package, and its image where it is to run as a container.

    Raises
    ------
    NoEngine
        If a container is declared, and no engine answers.
    """
    kind, why = choose(serving)
    with tempfile.TemporaryDirectory(prefix="perennial-package-") as name:
        folder = Path(name) / "package"
        digest = packaged.write(folder)
        bento = bentos.build(folder, packaged.manifest, digest, root=root, store=state / "bentoml")
    built = Built(bento=bento.tag, folder=bento.folder, manifest=digest, kind=kind, why=why)
    if kind == "process":
        return built
    lock = root / bentos.LOCK
    image = images.build(
        Path(bento.folder),
        tag=f"perennial/{bento.tag}",
        base=serving.image.base,
        labels=images.labels_of(packaged.manifest, digest),
        lock=lock,
        sbom=lambda site: bill_of_materials(site, packaged, lock),
    )
    told = {"image": image.tag, "image_mb": image.size_mb}
    return built.model_copy(update=told)


def choose(serving: Serving) -> tuple[Kind, str]:
    """Say whether a version runs as a container or a process, and why."""
    if serving.engine == "process":
        return "process", "it is declared so"
    try:
        engine = images.engine()
    except images.NoEngine as absence:
        if serving.engine == "docker":
            raise
        return "process", f"{absence}".splitlines()[0].rstrip(".")
    return "container", f"Docker {engine.version} answers"
