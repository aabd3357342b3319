"""What the ledger knows of releases: `releases`; and a new decision after a rollback: `readmit`."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.place import named, opened_state, who
from lifecycle.errors import ProjectError, Refused, suggest

if TYPE_CHECKING:
    from adapters.records import Records

Project = Annotated[str, typer.Option(help="Whose.")]


def releases(
    project: Project = "flights",
    number: Annotated[int | None, typer.Option(help="Show one release in full.")] = None,
    at: Annotated[
        str | None, typer.Option(help='Say what was live then: "2026-11-20 14:00" (UTC).')
    ] = None,
    most: Annotated[int, typer.Option(min=1, help="How many, the newest.")] = 20,
) -> None:
    """Print who released which version when, what came of it, and what was live at any moment."""
    folder = opened_state()
    from adapters.records import Records

    if number is not None and at is not None:
        raise ProjectError("Say either --number, to see a release, or --at, to see a moment.")
    name, then = named(project, folder), None if at is None else _moment(at)
    with Records.open(folder) as records:
        if then is not None:
            _print_moment(name, then, records)
        elif number is not None:
            _print_one(name, number, folder, records)
        else:
            _print_all(name, most, records)


def readmit(
    version: Annotated[str, typer.Option(help="The version that was rolled back.")],
    project: Project = "flights",
    by: Annotated[
        str | None, typer.Option(help="Who says so; by default whoever is logged in.")
    ] = None,
    why: Annotated[str, typer.Option(help="What has changed; it is written down.")] = "",
) -> None:
    """Let a version that was rolled back be released again."""
    folder = opened_state()
    from adapters.clock import now
    from adapters.records import Records
    from lifecycle.release.ledger import is_barred
    from lifecycle.release.release import Movement

    if not why.strip():
        raise ProjectError(
            "Say why it may be released again, for whoever reads the ledger: "
            '--why "the feature was repaired"'
        )
    name = named(project, folder)
    with Records.open(folder) as records:
        movements = records.movements(name)
        if is_barred(movements, version) is None:
            raise Refused(_not_barred(name, version, {one.version for one in movements}))
        entered = records.enter(
            Movement(
                project=name,
                kind="readmit",
                version=version,
                at=now(),
                by=by or who(),
                reason=why.strip(),
                state="done",
                settled=True,
            )
        )
    print(f"Version {version} of {name} may be released again (movement {entered.number}):")
    print(f"  python run.py --pipeline release --project {name} --version {version}")


def _print_all(project: str, most: int, records: "Records") -> None:
    from rich.console import Console

    from adapters.release_terminal import print_ledger

    found, moves = records.releases(project, most), records.movements(project, most)
    if not found and not moves:
        print(f"Nothing was released yet: python run.py --pipeline release --project {project}")
        return
    print_ledger(found, moves, console=Console())


def _print_moment(project: str, at: datetime, records: "Records") -> None:
    from rich.console import Console

    from adapters.release_terminal import print_live
    from lifecycle.release.ledger import last_before

    movement = last_before(records.movements(project), at)
    plan = movement.after if movement is not None else None
    print_live(project, at, plan, movement, console=Console())


def _print_one(project: str, number: int, folder: Path, records: "Records") -> None:
    from rich.console import Console

    from adapters.release_terminal import LOOKS, print_one
    from adapters.report.release.page import file_name
    from adapters.report.release.page import folder as pages_of

    release = records.release(number)
    if release is None or release.project != project:
        numbers = [str(one.number) for one in records.releases(project, 20)]
        raise ProjectError(f'"{project}" has no release {number}. {suggest(str(number), numbers)}')
    page = pages_of(folder / "reports", project) / file_name(release)
    print_one(
        release,
        records.movements(project, release=number),
        records.looks(number, thin=LOOKS),
        page=str(page) if page.exists() else None,
        console=Console(),
    )


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ProjectError(
            f'--at is "{text}". Write a moment: "2026-11-20 14:00", in UTC unless it names its '
            'zone, as in "2026-11-20 15:00+01:00".'
        ) from None
    found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    if found > datetime.now(UTC):
        raise ProjectError(f"--at is {found:%Y-%m-%d %H:%M} UTC, which is yet to come.")
    return found


def _not_barred(project: str, version: str, known: set[str]) -> str:
    told = f"Version {version} of {project} is not barred: "
    if version not in known:
        return f"{told}it was never released. {suggest(version, known)}"
    return f"{told}it was not rolled back, or has been readmitted since. Nothing was changed."
