"""What is told at a terminal of labels."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from rich.console import Console
from rich.table import Table
from rich.text import Text

from adapters.events.observing import Unmatched
from adapters.labelling.files import Added
from adapters.labelling.known import Known


def print_added(added: Added, file: str, *, console: Console | None = None) -> None:
    """Print what a file brought, and what of it needs somebody's eyes."""
    console = console or Console()
    recorded = added.recorded
    console.print(
        Text(f"{recorded.written:,} of {added.rows:,} rows of {file} were added.", style="bold"),
        soft_wrap=True,
    )
    remarks = (
        (recorded.known, "known already, and not written again"),
        (added.without, "without a label so far"),
        (recorded.unmatched, "of those added name nothing that was predicted so far"),
        (added.faulty, "faulty, and left out:"),
    )
    for count, what in remarks:
        if count:
            console.print(Text(f"  {count:,} {what}"), soft_wrap=True)
    for fault in added.faults:
        console.print(Text(f"    {fault}"), soft_wrap=True)
    if added.faulty > len(added.faults):
        console.print(f"    and {added.faulty - len(added.faults):,} more")


def print_known(
    windows: Sequence[Known], project: str, wanted: float, *, console: Console | None = None
) -> None:
    """Print how much is known of some windows; a share below the declared one is marked."""
    console = console or Console()
    if not windows:
        console.print(f'Nothing was predicted for "{project}" so far, so nothing can be labelled.')
        return
    table = Table(box=None, pad_edge=False)
    for name in ("window", "predictions", "labelled", "corrected", "unmatched", "not yet, since"):
        side: Literal["left", "right"] = "left" if name == "window" else "right"
        table.add_column(name, justify=side, no_wrap=True)
    for known in windows:
        counts, share = known.counts, known.counts.share or 0.0
        table.add_row(
            known.span.in_short,
            f"{counts.predictions:,}",
            Text(f"{share:.1%}", style="" if share >= wanted else "bold red"),
            f"{counts.corrected:,}",
            f"{counts.unmatched:,}",
            f"{known.oldest:%-d %b %Y %H:%M}" if known.oldest else "",
        )
    console.print(table)
    if any((known.counts.share or 0.0) < wanted for known in windows):
        console.print(
            Text(
                f"Below {wanted:.0%} (monitoring.labels.share) no figure is given of how good "
                f"the answers were. Tell labels: run.py labels add FILE --project {project}."
            ),
            soft_wrap=True,
        )


def print_unmatched(found: Unmatched, since: datetime, *, console: Console | None = None) -> None:
    """Print labels that name nothing, so that whoever told them can see why."""
    console = console or Console()
    told = f"{found.count:,} labels told since {since:%-d %b %Y %H:%M} name nothing predicted."
    console.print(Text(told), soft_wrap=True)
    for label in found.examples:
        named = f"key {label['key']}" if label["key"] else f"{label['id']} row {label['row']}"
        told = (
            f"  {label['at'][:16]} by {label['by'] or 'anybody'}: {named}, label {label['label']}"
        )
        console.print(Text(told), soft_wrap=True)
    if found.count > len(found.examples):
        console.print(f"  and {found.count - len(found.examples):,} more")
