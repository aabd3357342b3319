"""The summary of a run, for a stranger at a terminal."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from rich.box import Box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from lifecycle.data.intake import Intake
from lifecycle.evaluation.evidence import Evaluation
from lifecycle.governance import figures
from lifecycle.governance.lineage import Lineage
from lifecycle.governance.story import Story
from lifecycle.verdict import Outcome, Verdict

STYLES = {
    Outcome.PASS: "green", Outcome.WARN: "yellow", Outcome.FAIL: "bold red",
    Outcome.UNKNOWN: "bold magenta",
}  # fmt: skip
_REASONS = {outcome: "" if outcome is not Outcome.PASS else "dim" for outcome in Outcome}

_NAMES = 11
_WIDEST = 44
_FEW = 3

_LINE = Box("    \n    \n ── \n    \n    \n    \n    \n    \n")
"""A line below the head, and nothing else."""


def summarise(story: Story, *, report: str | None, console: Console) -> None:
    """Print data, winner, test figures, every gate, and how it ended."""
    console.print()
    console.print(Text(f"{story.name}: {story.purpose.question}", style="bold"))
    print_facts(_facts(story), console)
    if story.evaluation is not None:
        console.print()
        console.print(_measures(story.evaluation))
    verdicts = [*_worth_telling(story)]
    if verdicts:
        console.print()
        print_verdicts(verdicts, console)
    console.print()
    console.print(_ending(story), soft_wrap=True)
    if report is not None:
        console.print(Text.assemble(("  report    ", "dim"), report), soft_wrap=True)


def print_facts(facts: Iterable[tuple[str, str]], console: Console) -> None:
    """Print facts, each with its name before it."""
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=_NAMES, style="dim")
    grid.add_column(overflow="fold")
    for name, text in facts:
        grid.add_row(f"  {name}", Text(text))
    console.print(grid)


def _facts(story: Story) -> Iterator[tuple[str, str]]:
    if story.intake is not None:
        yield "data", _came(story, story.intake)
    if len(story.checks):
        yield "checks", _checked(story)
    if story.description is not None:
        yield "split", story.description.split
    search = story.search
    if search is not None:
        families = sorted({trial.family for trial in search.trials})
        yield (
            "search",
            f"{figures.plural(len(search.trials), 'trial')} of {', '.join(families)} in "
            f"{figures.duration(search.seconds)}, on {figures.plural(search.folds, 'fold')} "
            f"({search.fold_kind})",
        )
        yield "winner", search.winner


def _came(story: Story, intake: Intake) -> str:
    window = ""
    if intake.start:
        window = f", {figures.moment(intake.start)} to {figures.moment(intake.end)}"
    left = {
        "refused": story.refused_rows,
        "without a label": intake.unlabelled,
        "outside the window": intake.outside_window,
    }
    told = ", ".join(f"{figures.count(rows)} {why}" for why, rows in left.items() if rows)
    return f"{figures.plural(intake.rows, 'row')}{window}; left out: {told or 'none'}"


def _checked(story: Story) -> str:
    counted = {
        outcome: [found for found in story.checks if found.outcome is outcome]
        for outcome in Outcome
    }
    told = [f"{len(counted[Outcome.PASS])} passed"]
    if warned := counted[Outcome.WARN]:
        told.append(f"{len(warned)} warned ({_listed(warned)})")
    if story.checks.blocks:
        told.append(f"{len(story.checks.blocking)} blocked")
    return ", ".join(told)


def _measures(evaluation: Evaluation) -> Table:
    table = Table(box=_LINE, pad_edge=False, show_edge=False, padding=(0, 2, 0, 0))
    table.add_column(f"  on {figures.plural(evaluation.rows, 'test row')}")
    table.add_column("value", justify="right")
    table.add_column(f"{_confidence(evaluation)} interval")
    for found in evaluation.measures:
        decimals = figures.decimals_of(found.low, found.high, value=found.value)
        interval = (
            f"{figures.number(found.low, decimals)} to {figures.number(found.high, decimals)}"
            if found.low is not None
            else ""
        )
        table.add_row(
            f"  {figures.metric_title(found.metric)}",
            figures.number(found.value, decimals),
            interval,
            style="bold" if found.metric == evaluation.primary else "",
        )
    return table


def _confidence(evaluation: Evaluation) -> str:
    return figures.share(evaluation.measures[0].confidence) if evaluation.measures else "95%"


def _worth_telling(story: Story) -> Iterable[Verdict]:
    """All gates; of the data checks, of which there may be hundreds, those that stopped it."""
    if story.evaluation is not None:
        return story.gates
    return [found for found in story.checks if found.outcome is not Outcome.PASS]


def print_verdicts(verdicts: Iterable[Verdict], console: Console) -> None:
    """Print verdicts: outcome, rule, what was measured, what is allowed, and below it why."""
    told = [*verdicts]
    rules = min(max(len(figures.legible(found.rule)) for found in told), _WIDEST)
    for found in told:
        against = "" if found.limit is None else f", limit {figures.limit(found)}"
        value = "" if found.measured is None else f"measured {figures.measured(found)}"
        line = Text.assemble(
            "  ",
            (figures.MARKS[found.outcome], STYLES[found.outcome]),
            f" {figures.legible(found.rule):<{rules}}  ",
            f"{value}{against}".removeprefix(", "),
        )
        line.rstrip()
        console.print(line, soft_wrap=True)
        reason = Text(figures.legible(found.reason, 400), style=_REASONS[found.outcome])
        console.print(Padding(reason, (0, 0, 0, 6), expand=False))


def _listed(verdicts: Sequence[Verdict]) -> str:
    """Name the first rules, and count the others."""
    names = [f'"{figures.legible(found.rule)}"' for found in verdicts[:_FEW]]
    more = [f"{figures.count(len(verdicts) - _FEW)} more"] if len(verdicts) > _FEW else []
    *first, last = [*names, *more] or ["nothing"]
    return f"{', '.join(first)} and {last}" if first else last


def _ending(story: Story) -> Text:
    reasons = _listed(story.blocking)
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
        "window": _window(lineage),
        "code": f"{lineage.commit}{dirty}" if lineage.commit else "not under version control",
        "declared": lineage.declaration_fingerprint,
        "lock": lineage.lock_fingerprint or "no lock file",
        "seed": str(lineage.seed),
        "python": f"{lineage.python}; {packages}",
    }
    console.print()
    console.print(Text("Where it came from", style="bold"))
    print_facts(facts.items(), console)


def _window(lineage: Lineage) -> str:
    if lineage.window_start is None and lineage.window_end is None:
        return "all rows"
    return f"{lineage.window_start or 'the first'} to {lineage.window_end or 'the last'}"


def keep(page: str, story: Story, folder: Path) -> Path:
    """Write the report where people find it; give its path."""
    number = story.version.number if story.version else None
    path = place(folder, story.name, number)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")
    return path


def place(folder: Path, project: str, version: str | None) -> Path:
    """Tell where the report of a version lies; of none, that of the last run that had none.

    Examples
    --------
    >>> place(Path("reports"), "flights", "3").as_posix()
    'reports/flights/version-3.html'
    """
    return folder / project / (f"version-{version}.html" if version else "refused.html")
