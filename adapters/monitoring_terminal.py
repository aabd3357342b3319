"""What is told at a terminal of the windows that were looked at, and of retraining."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from adapters.report.monitoring import telling
from adapters.report.monitoring.alarms import ENDINGS, SEVERITIES, gravity
from adapters.terminal import STYLES, print_facts, print_verdicts
from lifecycle.governance import figures
from lifecycle.monitoring.alert import Alert
from lifecycle.monitoring.review import Review
from lifecycle.retraining.decision import Decision
from lifecycle.verdict import Outcome

WINDOWS = 12
"""Windows told one line each; of more, the newest."""

VERDICTS = 8
"""Verdicts told in full, the gravest first; the report holds the others."""


def print_reviews(
    reviews: Sequence[Review],
    alerts_told: Sequence[Alert],
    *,
    report: str | None,
    console: Console,
    decisions: Sequence[Decision] = (),
) -> None:
    """Print each window in a line, then what is wrong in the newest, who was told, what to do.

    Parameters
    ----------
    reviews
        Of one project or of several, in any order.
    alerts_told
        Those that stand or that somebody was told of, also those that are over by now.
    report
        Where the pages lie.
    decisions
        Of retraining, so that what to do next fits to what was decided.
    """
    ordered = sorted(reviews, key=lambda review: (review.project, review.span.start))
    if not ordered:
        console.print("No window was over since the last look, so there was nothing to look at.")
    for project, found in groupby(ordered, key=lambda review: review.project):
        alerts = [alert for alert in alerts_told if alert.project == project]
        own = [decision for decision in decisions if decision.project == project]
        _print_project(project, [*found], alerts, own, console)
    if report is not None:
        console.print(Text.assemble(("  report    ", "dim"), report), soft_wrap=True)


def _print_project(
    project: str,
    reviews: Sequence[Review],
    alerts: Sequence[Alert],
    decisions: Sequence[Decision],
    console: Console,
) -> None:
    console.print()
    windows = [review for review in reviews if not review.is_look]
    looked = figures.plural(len(windows), "window") if windows else "only the service"
    as_of = telling.moment(max(review.as_of for review in reviews))
    console.print(Text(f"{project}: {looked} looked at, as of {as_of}", style="bold"))
    if len(windows) > 1:
        console.print()
        console.print(_windows(windows))
    newest = [*_newest(windows), *(review for review in reviews if review.is_look)]
    for review in newest:
        _print_findings(review, console)
    _print_alerts(alerts, console)
    steps = dict.fromkeys(
        step
        for review in newest
        for step in telling.next_steps(review, alerts=alerts, decisions=decisions)
    )
    if steps:
        console.print()
    _print_steps(steps, console)
    console.print()


def _print_steps(steps: Iterable[tuple[str, str]], console: Console) -> None:
    for what, command in steps:
        console.print(Text(f"  {what}:"), soft_wrap=True)
        console.print(Text(f"    {command}", style="bold"), soft_wrap=True)


def _windows(reviews: Sequence[Review]) -> Table:
    """Draw the windows, a line each."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, overflow="ellipsis", max_width=12)
    for _ in ("rows", "labels"):
        table.add_column(justify="right", no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    left = len(reviews) - WINDOWS
    if left > 0:
        table.add_row(Text(f"  … {figures.plural(left, 'earlier window')}", style="dim"))
    for review in reviews[-WINDOWS:]:
        outcome = telling.outcome_of(review) or Outcome.UNKNOWN
        mark, span = (figures.MARKS[outcome], STYLES[outcome]), f" {review.span.in_short}"
        table.add_row(
            Text.assemble("  ", mark, span),
            Text(figures.legible(f"v{review.version}" if review.version else "none", 12)),
            f"{figures.count(review.predictions)} asked",
            _labelled(review),
            Text(_in_short(review), style=STYLES[outcome] if outcome.blocks else "dim"),
        )
    return table


def _labelled(review: Review) -> str:
    share = review.labels.share
    if share is None:
        return ""
    return "no label" if not share else f"{figures.share(share)} labelled"


def _in_short(review: Review) -> str:
    outcome = telling.outcome_of(review)
    if outcome is None:
        return "nothing was looked at"
    if outcome is Outcome.PASS:
        return "all rules hold"
    if outcome is Outcome.UNKNOWN and not review.predictions:
        return "nobody asked"
    causes = telling.causes_with(review, outcome)
    return f"{'unknown: ' if outcome is Outcome.UNKNOWN else ''}{', '.join(causes)}"


def _newest(reviews: Sequence[Review]) -> list[Review]:
    """Take the reviews of the window that leads: of two versions there are two.

    And those of the newest one, where that is another.
    """
    lead = telling.leading(reviews)
    ends = {review.span.end for review in (*reviews[-1:], *([lead] if lead else []))}
    return [review for review in reviews if review.span.end in ends]


def _print_findings(review: Review, console: Console) -> None:
    """Print what does not hold in full, and count what does."""
    verdicts = telling.in_order(review)
    wrong = [verdict for verdict in verdicts if verdict.outcome is not Outcome.PASS]
    ending = telling.conclude(review)
    outcome = Outcome(ending.tone)
    console.print()
    title = Text(f"{figures.MARKS[outcome]} {ending.title}.", style=STYLES[outcome])
    console.print(title)
    console.print(Padding(Text(ending.text, style="dim"), (0, 0, 0, 2), expand=False))
    if wrong:
        console.print()
        print_verdicts(wrong[:VERDICTS], console)
    rest = verdicts[len(wrong[:VERDICTS]) :]
    if rest:
        more = "and " if wrong else ""
        console.print(Text(f"  {more}{telling.tally(rest)}", style="dim"))


def _print_alerts(alerts: Sequence[Alert], console: Console) -> None:
    if not alerts:
        return
    console.print()
    console.print(Text("Alerts", style="bold"))
    for alert in sorted(alerts, key=lambda told: (not told.is_open, gravity(told), told.number)):
        tone, mark = SEVERITIES[alert.severity] if alert.is_open else ("pass", "✓")
        state = alert.severity if alert.is_open else "over"
        line = Text.assemble(
            f"  {alert.number:>3} ",
            (f"{mark} {state:<8} ", STYLES[Outcome(tone)]),
            figures.legible(alert.title, 200),
        )
        line.rstrip()
        console.print(line, soft_wrap=True)


def print_decision(decision: Decision, console: Console) -> None:
    """Print whether a successor is due and why, what was asked, and what came of it."""
    tone, mark = ENDINGS[decision.ending]
    style = STYLES[Outcome(tone)] if tone != "none" else "bold"
    told = figures.legible(decision.told, 900)
    console.print()
    if decision.ending in ("not due", "running") and told:
        console.print(Text(f"{mark} {decision.project}: {told}", style=style))
    else:
        console.print(Text(f"{mark} {_decided(decision)}", style=style))
        if told:
            text = Text(telling.sentence(told))
            console.print(Padding(text, (0, 0, 0, 2), expand=False))
    console.print()
    print_facts(_facts(decision), console)
    if len(decision.checks):
        console.print()
        print_verdicts(telling.gravest_first(decision.checks), console)
    _print_trials(decision, console)
    steps = [*_after(decision)]
    if steps:
        console.print()
    _print_steps(steps, console)


def _decided(decision: Decision) -> str:
    """Say in a line what was decided or came of it."""
    successor = f"version {decision.version}" if decision.version else "the successor"
    champion = f"version {decision.champion}" if decision.champion else "what answers now"
    if decision.ending == "lost" and decision.version == decision.champion:
        return f"{decision.project}: the rows have not changed, so the same version came out again."
    endings = {
        "not due": "not due: no successor is trained.",
        "running": "due: a successor is being trained.",
        "won": f"{successor} passed every gate and is the challenger.",
        "awaiting": f"{successor} passed every gate and waits for a yes.",
        "approved": f"{successor} was approved and takes over.",
        "rejected": f"{successor} was rejected; {champion} goes on answering.",
        "lost": f"a gate refused {successor}; {champion} goes on answering.",
        "stopped": f"a data check refused the rows to train on; {champion} goes on answering.",
        "broke": f"the run did not come to an end; {champion} goes on answering.",
    }
    return f"{decision.project}: {endings[decision.ending]}"


def _facts(decision: Decision) -> Iterator[tuple[str, str]]:
    if not decision.told:
        for reason in decision.reasons:
            yield reason.kind, figures.legible(reason.told, 600)
    yield "as of", telling.moment(decision.as_of)
    yield "labels", f"{figures.count(decision.labels)} have come in all"
    if (window := decision.window) is not None:
        yield "rows", f"{_stretch(window.start, window.end)} ({window.window})"
        yield "because", figures.legible(window.reason, 600)
    if decision.by:
        yield "asked by", figures.legible(decision.by)
    if decision.settled_by:
        yield "said by", figures.legible(decision.settled_by)
    if decision.remark:
        yield "remark", figures.legible(decision.remark, 400)
    if decision.run:
        yield "run", decision.run


def _stretch(start: datetime | None, end: datetime) -> str:
    first = telling.moment(start).removesuffix(" UTC") if start else "the first row"
    return f"{first} to {telling.moment(end)}"


def _print_trials(decision: Decision, console: Console) -> None:
    trials = decision.window.trials if decision.window else ()
    if not trials:
        return
    console.print()
    for trial in trials:
        value = figures.interval(trial.value, trial.low, trial.high)
        rows = figures.plural(trial.rows, "row")
        name = figures.metric_title(trial.metric)
        told = trial.reason if trial.value is None else f"{name} {value} from {rows}"
        print_facts([(trial.window, told)], console)


def _after(decision: Decision) -> Iterable[tuple[str, str]]:
    project = decision.project
    if decision.ending == "awaiting":
        yield "To let it take over", f"python run.py approve --project {project}"
    elif decision.ending == "won":
        yield "To let it take over", f"python run.py --pipeline deployment --project {project}"
    elif decision.ending == "not due":
        told = "To see what was found in the windows"
        yield told, f"python run.py --pipeline monitoring --project {project}"
