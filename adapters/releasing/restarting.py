"""Starts again what ran once: from the same Bento or image, at a port of its own."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.clock import now
from adapters.hosting import Role, start
from adapters.supervision.record import write_instance
from lifecycle.errors import Refused
from lifecycle.serving.deployment import Built
from lifecycle.serving.live import Live

if TYPE_CHECKING:  # a rollback that starts nothing does not wait for what declares a project
    from lifecycle.project.project import Project


def restarting(
    find: Callable[[], "tuple[Project, Path]"], *, state: Path
) -> Callable[[Live], Live]:
    """Give what starts a version of a project again.

    Parameters
    ----------
    find
        Gives the project and its folder; asked only where something has to be started.
    """

    def restart(live: Live) -> Live:
        """Start it, and give where it runs now.

        Raises
        ------
        Refused
            If what it was started from is gone.
        """
        if not live.folder or not Path(live.folder).is_dir():
            raise Refused(
                f"Version {live.version} does not run any more, and its Bento {live.bento} is "
                f"gone. Deploy it: python run.py --pipeline deployment --project {live.project} "
                f"--version {live.version}"
            )
        project, home = find()
        built = Built(
            bento=live.bento,
            folder=live.folder,
            manifest=live.manifest,
            kind=live.kind,
            why="it ran so before",
            image=live.image,
        )
        role = Role(unit=live.unit)
        place, _ = start(built, project.serving, project.name, folder=home, state=state, role=role)
        moment = now().isoformat(timespec="seconds")
        changes = {"name": place.name, "host": place.host, "port": place.port, "started": moment}
        again = live.model_copy(update=changes)
        write_instance(state, again)
        return again

    return restart
