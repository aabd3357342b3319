"""From a package to something that runs: its Bento, and the image where there is an engine."""

import tempfile
from datetime import datetime
from pathlib import Path
from uuid import NAMESPACE_OID, uuid5

from adapters import bentos, images
from adapters.images.sbom import sbom
from adapters.images.vulnerabilities import database, known_vulnerabilities
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
    return built.model_copy(update=_image(packaged, built, serving, root=root, state=state))


def _image(
    packaged: Packaged, built: Built, serving: Serving, *, root: Path, state: Path
) -> dict[str, object]:
    """Build the image; say what it is called, how large it is, and what is known to be wrong."""
    lock, base = root / bentos.LOCK, serving.image.base
    foundation = images.foundation_of(base)
    image = images.build(
        Path(built.folder),
        tag=f"perennial/{built.bento}",
        base=base,
        labels=images.labels_of(packaged.manifest, built.manifest),
        lock=lock,
        sbom=lambda site: sbom(
            site,
            name=built.bento.partition(":")[0],
            version=built.bento.partition(":")[2],
            # The same content gives the same bill, and so the same image.
            serial=uuid5(NAMESPACE_OID, built.manifest),
            made=datetime.fromisoformat(packaged.manifest.trained),
            lock=lock.read_text(encoding="utf-8"),
            model=packaged.manifest,
            manifest_hash=built.manifest,
            dpkg=foundation.dpkg,
            distro=foundation.distro,
            python=foundation.python,
        ),
    )
    bill = state / "serving" / packaged.manifest.project / "images"
    bill.mkdir(parents=True, exist_ok=True)
    path = bill / f"{built.bento.partition(':')[2]}.cdx.json"
    path.write_text(image.sbom, encoding="utf-8")
    holes = known_vulnerabilities(image.sbom, database())
    return {
        "image": image.tag,
        "image_mb": image.size_mb,
        "sbom": str(path),
        "vulnerabilities": holes,
    }


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
