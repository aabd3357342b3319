"""What scores alone expect of a version, against what came.

python -m benchmarks.estimates [SEARCH ...]

Flights: a version is trained on January and February 2013, judged on March, and asked about each
month of the rest of the year. SEARCH changes the search: `trials=20`. The estimate is what
monitoring tells without labels; the verdicts are what it says once they have come.
"""

import sys
import time
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from adapters import studies
from adapters.declaration import load
from adapters.warehouse import gather
from benchmarks.measuring import ROOT
from lifecycle.data.conform import conform, resolve
from lifecycle.evaluation.answers import answer, score
from lifecycle.evaluation.evaluate import evaluate
from lifecycle.evaluation.evidence import Evaluation
from lifecycle.evaluation.plan import plan_for
from lifecycle.modeling.candidate import Candidate
from lifecycle.monitoring.declaration import Concept, Labels
from lifecycle.monitoring.evidence import Counted, LossSums, Performance
from lifecycle.monitoring.performance.assess import assess
from lifecycle.monitoring.performance.judge import judge_performance
from lifecycle.monitoring.performance.slow import follow
from lifecycle.monitoring.performance.spread import window_units
from lifecycle.monitoring.span import Span, spans
from lifecycle.verdict import Outcome

SHOWN = ("log_loss", "roc_auc", "accuracy", "brier")
JUDGED, ASKED, END = datetime(2013, 3, 1), datetime(2013, 4, 1), datetime(2014, 1, 1)


def prepare(changes: list[str]) -> tuple[Candidate, Evaluation, pa.Table]:
    """Train and judge a version; give it with the rows it will be asked about."""
    wanted = ["data.window.from=2013-01-01", "data.window.to=2014-01-01", "search.trials=4"]
    loaded = load("flights", root=ROOT, overrides=wanted + [f"search.{each}" for each in changes])
    project = loaded.project
    data, search = project.data, project.search
    raw, _ = gather(data, project.columns, home=loaded.folder)
    table, _, _ = conform(raw, project.columns, data)
    schema = resolve(raw, project.columns, data)
    train, test = _cut(table, datetime(2013, 1, 1), JUDGED), _cut(table, JUDGED, ASKED)
    candidate, record = studies.search(
        train, data=data, schema=schema, split=project.split, features=project.features,
        search=search, storage=None, study="estimates",
    )  # fmt: skip
    plan = plan_for(project.gates, project.evaluation, task=data.label.task, primary="log_loss")
    evaluation = evaluate(
        candidate, test, train, data=data, schema=schema, plan=plan, record=record,
        seed=search.seed, clock=time.perf_counter,
    )  # fmt: skip
    return candidate, evaluation, _cut(table, ASKED, END)


def _cut(table: pa.Table, start: datetime, end: datetime) -> pa.Table:
    moment = table["time_hour"].cast(pa.timestamp("us"))
    return table.filter(pc.and_(pc.greater_equal(moment, start), pc.less(moment, end)))


def look(candidate: Candidate, evaluation: Evaluation, rows: pa.Table) -> Performance:
    """Assess a window all of whose labels have come."""
    labelled = answer(candidate, rows, "late")
    return assess(
        labelled,
        score(candidate, rows),
        groups={name: rows[name] for name in ("carrier", "origin")},
        units=window_units(rows["time_hour"]),
        evaluation=evaluation,
        concept=Concept(),
        labels=Labels(),
        counts=Counted(predictions=len(rows), labelled=len(rows), told=len(rows)),
        as_of=datetime(2014, 1, 1, tzinfo=UTC),
        seed=7,
        label="late",
    )


def tell_months(candidate: Candidate, evaluation: Evaluation, asked: pa.Table) -> None:
    """Print estimate, truth and error of each month, and what the rules say."""
    print(f"{'month':8}" + "".join(f"{name:>30}" for name in SHOWN))
    print(f"{'':8}" + f"{'estimate':>12}{'truth':>9}{'off by':>9}" * len(SHOWN))
    errors: dict[str, list[float]] = {name: [] for name in SHOWN}
    for span in spans(ASKED.replace(tzinfo=UTC), END.replace(tzinfo=UTC), "month"):
        rows = _cut(asked, span.start.replace(tzinfo=None), span.end.replace(tzinfo=None))
        told = look(candidate, evaluation, rows)
        found = {each.metric: each for each in told.estimates}
        line = f"{span.start:%Y-%m} "
        for name in SHOWN:
            each = found[name]
            line += f"{each.value:12.4f}{each.truth or 0:9.4f}{each.error or 0:+9.4f}"
            errors[name].append(abs(each.error or 0))
        verdicts = judge_performance(told, evaluation, Concept(), Labels(), "log_loss")
        fails = [each.verdict.rule for each in verdicts if each.verdict.outcome is Outcome.FAIL]
        print(f"{line}  fails: {', '.join(fails) or 'none'}")
    means = "".join(f"{np.mean(errors[name]):30.4f}" for name in SHOWN)
    print(f"{'mean off':8}{means}")


def tell_days(candidate: Candidate, evaluation: Evaluation, asked: pa.Table) -> None:
    """Print how often each rule says what of single days, and what the slow detector says."""
    counts: dict[str, dict[str, int]] = {}
    history: list[tuple[Span, LossSums]] = []
    began = time.process_time()
    days = spans(ASKED.replace(tzinfo=UTC), END.replace(tzinfo=UTC), timedelta(days=1))
    first = None
    for span in days:
        rows = _cut(asked, span.start.replace(tzinfo=None), span.end.replace(tzinfo=None))
        if not len(rows):
            continue
        told = look(candidate, evaluation, rows)
        if told.losses is not None:
            history.append((span, told.losses))
        for each in judge_performance(told, evaluation, Concept(), Labels(), "log_loss"):
            own = counts.setdefault(each.verdict.rule, {})
            own[each.verdict.outcome.value] = own.get(each.verdict.outcome.value, 0) + 1
        slow = follow(history, evaluation, Concept())
        if slow.is_changed and first is None:
            first = f"{span}, says since {slow.since:%-d %b}"
    print(f"\n{len(days)} days, {1000 * (time.process_time() - began) / len(days):.0f} ms CPU each")
    for rule, own in counts.items():
        print(f"  {rule:34} " + ", ".join(f"{name} {own[name]}" for name in sorted(own)))
    print(f"  slow change: first in {first or 'no window'}")


if __name__ == "__main__":
    version, own, later = prepare(sys.argv[1:])
    print(f"{version.family}, judged on {own.rows:,} rows by {own.resampled_by}")
    for measure in own.measures:
        print(f"  {measure.metric:28} {measure.value:.4f} ({measure.low} to {measure.high})")
    tell_months(version, own, later)
    tell_days(version, own, later)
