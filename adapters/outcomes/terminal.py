"""What is told at a terminal of outcomes."""

from typing import Literal

from rich.console import Console
from rich.table import Table
from rich.text import Text

from adapters.outcomes.files import Added
from adapters.outcomes.reading import Overview


def print_added(added: Added, file: str, *, console: Console | None = None) -> None:
    """Print what a file brought."""
    console = console or Console()
    console.print(
        Text(f"{added.written:,} of {added.rows:,} outcomes of {file} were added.", style="bold"),
        soft_wrap=True,
    )
    remarks = (
        (added.known, "known already by their name and id, and not written again"),
        (added.different, "were told otherwise before; what is told last counts"),
    )
    for count, what in remarks:
        if count:
            console.print(Text(f"  {count:,} {what}"), soft_wrap=True)


def print_overview(found: Overview, project: str, *, console: Console | None = None) -> None:
    """Print how much was told, by name."""
    console = console or Console()
    if not found.names:
        console.print(
            Text(
                f'No outcome was told for "{project}" so far. Tell them to POST /outcomes, or '
                f"add a file: run.py outcomes add FILE --project {project}."
            ),
            soft_wrap=True,
        )
    else:
        console.print(_table(found))
    if found.torn:
        console.print(Text(f"{found.torn:,} lines cannot be read."), soft_wrap=True)


def _table(found: Overview) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("outcome", "told", "again", "units", "of requests", "last told (UTC)"):
        side: Literal["left", "right"] = "left" if name == "outcome" else "right"
        table.add_column(name, justify=side, no_wrap=True)
    for one in found.names:
        table.add_row(
            one.name,
            f"{one.told:,}",
            f"{one.repeated:,}",
            f"{one.units:,}",
            f"{one.of_requests:,}",
            f"{one.last:%-d %b %Y %H:%M}",
        )
    return table
