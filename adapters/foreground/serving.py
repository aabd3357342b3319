"""Packages versions, proves that they say what was trained, and serves them in the foreground."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from adapters import bentos, registry
from adapters.bentos import Bento
from adapters.declaration import LoadedProject
from adapters.foreground.ground import ground_of, taken
from adapters.foreground.running import Chosen, run
from adapters.foreground.shares import read_shares
from adapters.packaging import package, prove_parity
from adapters.precautions import require_free
from lifecycle.errors import ProjectError
from lifecycle.release.plan import WHOLE


def serve(loaded: LoadedProject, *, wanted: Sequence[str], root: Path, state: Path) -> None:
    """Serve one or more versions behind a router, until Ctrl-C.

    Parameters
    ----------
    wanted
        Versions and their shares, `3=90%`; none: the version that stands.

    Raises
    ------
    ProjectError
        If the shares are none, or something listens already where it is declared to be served.
    Refused
        If what would be served says something else than was trained.
    RegistryError
        If there is no such version.
    """
    serving, name = loaded.project.serving, loaded.project.name
    shares = read_shares(wanted) if wanted else {}
    ground = ground_of(state, name, drain_seconds=serving.limits.seconds)
    with taken(ground):
        require_free(serving.host, serving.port)
        chosen = [
            Chosen(version=number, weight=weight, bento=_build(loaded, number, root, state))
            for number, weight in _numbered(name, shares).items()
        ]
        run(loaded, chosen, ground=ground, root=root, state=state)


def _numbered(project: str, shares: Mapping[str, int]) -> dict[str, int]:
    """Find the number of each version that is wanted."""
    found: dict[str, int] = {}
    for name, weight in (shares or {registry.standing(project): WHOLE}).items():
        number = registry.number_of(project, name)
        if number in found:
            raise ProjectError(
                f'"{name}" is version {number}, which is named already. Name each version once.'
            )
        found[number] = weight
    return found


def _build(loaded: LoadedProject, number: str, root: Path, state: Path) -> Bento:
    project = loaded.project
    candidate = registry.candidate_of(project.name, number)
    packaged = package(
        candidate, registry.story_of(project.name, number), project.data, project.serving
    )
    parity = prove_parity(packaged, candidate, registry.holdout_of(project.name, number))
    parity.judge().require(f"Version {number}, as it would be served,")
    with tempfile.TemporaryDirectory(prefix="perennial-package-") as name:
        folder = Path(name) / "package"
        digest = packaged.write(folder)
        return bentos.build(folder, packaged.manifest, digest, root=root, store=state / "bentoml")
