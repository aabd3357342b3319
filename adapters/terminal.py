"""The summary of a run, for a stranger at a terminal."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lifecycle.governance import figures
from lifecycle.governance.lineage import Lineage
from lifecycle.governance.story import Story
from lifecycle.verdict import Outcome, Verdict

_STYLES = {
    Outcome.PASS: "green", Outcome.WARN: "yellow", Outcome.FAIL: "bold red",
    Outcome.UNKNOWN: "bold magenta",
}  # fmt: skip


def summarise(story: Story, *, report: str | None, console: Console) -> None:
    """Print data, winner, test figures, every gate, and how it ended."""
    console.print()
    console.print(Text(f"{story.name}: {story.purpose.question}", style="bold"))
    for name, text in _facts(story):
        console.print(Text.assemble((f"  {name:<10}", "dim"), text))
    if story.evaluation is not None:
        console.print()
        console.print(_measures(story))
    verdicts = story.gates if story.evaluation is not None else story.checks
    if len(verdicts):
        console.print()
        console.print(verdict_table(_worth_telling(story, verdicts)))
    console.print()
    console.print(_ending(story))
    if report is not None:
        console.print(Text.assemble(("  report    ", "dim"), report), soft_wrap=True)


def _facts(story: Story) -> Iterator[tuple[str, str]]:
    intake, description, search = story.intake, story.description, story.search
    if intake is not None:
        window = ""
        if intake.start:
            window = f", {figures.moment(intake.start)} to {figures.moment(intake.end)}"
        yield "data", f"{figures.count(intake.rows)} rows{window}"
        yield (
            "",
            (
                f"{figures.count(story.refused_rows)} refused, {figures.count(intake.unlabelled)} "
                f"without a label, {figures.count(intake.outside_window)} outside the window"
            ),
        )
    if description is not None:
        yield "split", description.split
    if search is not None:
        families = sorted({trial.family for trial in search.trials})
        yield (
            "search",
            (
                f"{len(search.trials)} trials over {', '.join(families)} in "
                f"{figures.duration(search.seconds)}, {search.folds} {search.fold_kind} folds"
            ),
        )
        yield "winner", search.winner


def _measures(story: Story) -> Table:
    assert story.evaluation is not None
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("test figure")
    table.add_column("value")
    table.add_column("95% interval")
    for found in story.evaluation.measures:
        decimals = figures.decimals_of(found.low, found.high)
        interval = (
            f"{figures.number(found.low, decimals)} to {figures.number(found.high, decimals)}"
            if found.low is not None
            else figures.NOTHING
        )
        style = "bold" if found.metric == story.evaluation.primary else ""
        table.add_row(
            figures.metric_title(found.metric),
            figures.number(found.value, decimals),
            interval,
            style=style,
        )
    return table


def _worth_telling(story: Story, verdicts: Iterable[Verdict]) -> Iterable[Verdict]:
    """All gates; of the data checks, of which there may be hundreds, those that did not pass."""
    if story.evaluation is not None:
        return verdicts
    return [verdict for verdict in verdicts if verdict.outcome is not Outcome.PASS]


def verdict_table(verdicts: Iterable[Verdict]) -> Table:
    """Lay out verdicts: rule, what was measured, what is allowed, and why."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("", "rule", "measured", "limit", "reason"):
        table.add_column(column, overflow="fold")
    for verdict in verdicts:
        mark = Text(figures.MARKS[verdict.outcome], style=_STYLES[verdict.outcome])
        table.add_row(
            mark,
            Text(figures.legible(verdict.rule)),
            Text(figures.measured(verdict)),
            Text(figures.limit(verdict)),
            Text(figures.legible(verdict.reason, 400)),
        )
    return table


def _ending(story: Story) -> Text:
    reasons = ", ".join(verdict.rule for verdict in story.blocking)
    version = story.version
    if story.end == "stopped":
        return Text(f"✕ Refused before training, by {reasons}.", style="bold red")
    if story.end == "refused":
        kept = f" Kept as version {version.number}, without an alias." if version else ""
        return Text(f"✕ Refused by {reasons}.{kept}", style="bold red")
    if version is None:
        return Text("Unfinished: nothing was registered.", style="bold yellow")
    alias = f" as {version.alias}" if version.alias else ", in no role any more"
    return Text(f"✓ Registered {version.name} version {version.number}{alias}.", style="bold green")


def origin(lineage: Lineage, *, console: Console) -> None:
    """Print where a version came from."""
    dirty = " and uncommitted changes" if lineage.dirty else ""
    packages = ", ".join(f"{name} {version}" for name, version in lineage.packages.items())
    facts = {
        "run": f"{lineage.run} on stack {lineage.stack}, {figures.moment(lineage.started)} UTC",
        "data": lineage.data_fingerprint,
        "window": f"{lineage.window_start or 'open'} to {lineage.window_end or 'open'}",
        "code": f"{lineage.commit}{dirty}" if lineage.commit else "not under version control",
        "declared": lineage.declaration_fingerprint,
        "lock": lineage.lock_fingerprint or "no lock file",
        "seed": str(lineage.seed),
        "python": f"{lineage.python}; {packages}",
    }
    console.print()
    console.print(Text("Where it came from", style="bold"))
    for name, text in facts.items():
        console.print(Text.assemble((f"  {name:<10}", "dim"), text), soft_wrap=True)


def keep(page: str, story: Story, folder: Path) -> Path:
    """Write the report where people find it; give its path."""
    number = f"version-{story.version.number}" if story.version else "refused"
    path = folder / story.name / f"{number}.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")
    return path
