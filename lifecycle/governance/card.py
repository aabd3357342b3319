"""The model card: what a version is for, how good it is and where it fails, in Markdown.

Its sections follow M. Mitchell et al., Model Cards for Model Reporting, FAT* 2019.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from lifecycle.data.intake import Intake
from lifecycle.evaluation.evidence import Comparison, Evaluation
from lifecycle.governance import figures
from lifecycle.governance.caveats import caveats, worst_slices
from lifecycle.governance.story import Story
from lifecycle.task import Task
from lifecycle.verdict import Outcome, Verdicts

NOT_STATED = "not stated"
MOST_ROWS = 20
"""Rows of one table; the report holds the rest."""


def model_card(story: Story) -> str:
    """Write the card of one version; every figure is from its evidence.

    What the evidence does not hold reads "not stated". Values of the data are escaped, so that
    a category cannot change the card's structure.
    """
    sections = (
        ("Intended use", _intended_use(story)),
        ("Data", _data(story)),
        ("Evaluation", _evaluation(story)),
        ("Slices and fairness", _slices_and_fairness(story)),
        ("Caveats", _caveats(story)),
        ("How it was made", _making(story)),
    )
    parts = [f"# Model card: {_text(story.name)}", _status(story)]
    for title, lines in sections:
        parts.append(f"## {title}")
        parts.extend(lines)
    return "\n\n".join(parts) + "\n"


def _status(story: Story) -> str:
    version = story.version
    if version is None:
        ends = {"stopped": "the data checks stopped the run", "refused": "the gates refused it"}
        return f"Not registered: {ends.get(story.end, 'the run did not finish')}."
    which = f"Version {_text(version.number)} of {_text(version.name)}"
    if story.end == "refused":
        return f"{which}: **refused**, kept with its verdicts."
    if version.alias is None:
        return f"{which}: registered, and no longer in any role."
    return f"{which}, registered as **{_text(version.alias)}**."


def _intended_use(story: Story) -> Iterator[str]:
    answer = {
        Task.BINARY: f"probability that {_text(story.label)} is "
        f"{_text(story.positive_class) if story.positive_class else 'the positive class'}",
        Task.MULTICLASS: f"probability of each class of {_text(story.label)}",
        Task.REGRESSION: f"{_text(story.label)}, a number"
        + (f" in {_text(story.units[story.label])}" if story.label in story.units else ""),
    }[story.task]
    yield _facts(
        ("Question", _stated(story.purpose.question)),
        ("Decision it serves", _stated(story.purpose.decision)),
        ("Owner", _stated(story.purpose.owner)),
        ("Answer", f"{answer} ({story.task.value})"),
        ("Uses it is not meant for", NOT_STATED),
    )


def _data(story: Story) -> Iterator[str]:
    if story.intake is None:
        yield NOT_STATED
        return
    description = story.description
    yield _facts(
        ("Rows", figures.count(story.intake.rows)),
        ("Window", _window(story)),
        ("From", _span(story.intake)),
        ("Trained on", _rows(description.train_rows if description else None)),
        ("Tested on", _rows(description.test_rows if description else None)),
        ("Split", _stated(description.split if description else "")),
        ("Rows without a label", figures.count(story.intake.unlabelled)),
        ("Rows outside the window", figures.count(story.intake.outside_window)),
        ("Checks", _outcomes(story.checks)),
        ("Fingerprint", _code(story.intake.fingerprint)),
    )
    yield _table(
        ("table", "rows", "refused", "from"),
        [
            (table.table, figures.count(table.rows), figures.count(table.refused), table.url)
            for table in story.intake.tables
        ],
    )
    if description and description.label_counts:
        labelled = max(sum(found.rows for found in description.label_counts), 1)
        yield "Labels of the training rows:"
        yield _table(
            (story.label, "rows", "share"),
            [
                (found.value, figures.count(found.rows), figures.share(found.rows / labelled))
                for found in description.label_counts
            ],
        )


def _evaluation(story: Story) -> Iterator[str]:
    evaluation = story.evaluation
    if evaluation is None:
        yield f"{NOT_STATED}: the run ended before."
        return
    yield f"{_tested_on(evaluation)} Brackets are bootstrap intervals."
    yield _table(
        ("metric", "value", "confidence"),
        [
            (
                figures.metric_title(found.metric),
                figures.measure(found),
                figures.share(found.confidence) if found.low is not None else figures.NOTHING,
            )
            for found in evaluation.measures
        ],
    )
    yield _comparisons((*evaluation.champion, *evaluation.baselines))
    yield _facts(
        ("Decision threshold", _threshold(story)),
        ("Calibration", _calibration(story, evaluation)),
        ("Latency of one row", _latency(evaluation)),
        ("Size", figures.size(evaluation.size_bytes) if evaluation.size_bytes else NOT_STATED),
    )
    yield _gates(story.gates)


def _tested_on(evaluation: Evaluation) -> str:
    rows, shared = figures.plural(evaluation.rows, "test row"), evaluation.train_rows_in_test
    if shared is None:
        return f"On {rows}; whether any was also trained on is {NOT_STATED}."
    if shared:
        return f"On {rows}, of which {figures.count(shared)} were also trained on."
    return f"On {rows}, none of which was trained on."


def _comparisons(found: Sequence[Comparison]) -> str:
    if not found:
        return f"Comparisons: {NOT_STATED}."
    return _table(
        ("against", "metric", "candidate", "other", "gain (above zero is better)"),
        [
            (
                one.against + (f" (version {one.version})" if one.version else ""),
                figures.metric_title(one.metric),
                figures.number(one.candidate, figures.decimals_of_gain(one)),
                figures.number(one.other, figures.decimals_of_gain(one)),
                figures.gain(one),
            )
            for one in found
        ],
    )


def _gates(gates: Verdicts) -> str:
    if not len(gates):
        return f"Gates: {NOT_STATED}."
    return _table(
        ("gate", "outcome", "measured", "limit", "reason"),
        [
            (
                verdict.rule,
                verdict.outcome.value,
                figures.measured(verdict),
                figures.limit(verdict),
                verdict.reason,
            )
            for verdict in sorted(gates, key=lambda verdict: not verdict.outcome.blocks)
        ],
    )


def _slices_and_fairness(story: Story) -> Iterator[str]:
    evaluation = story.evaluation
    if evaluation is None:
        yield NOT_STATED
        return
    groups = [part for part in evaluation.slices if part.kind == "group"]
    worst = [part for part in worst_slices(evaluation) if part.kind == "found"]
    for title, parts in (("Groups", groups), ("Worst slices found", worst)):
        yield f"**{title}**: {'' if parts else NOT_STATED}".rstrip()
        if parts:
            yield _table(
                ("where", "rows", "metric", "measured", "worse by"),
                [
                    (
                        f"{part.column} = {part.value}",
                        figures.count(part.rows),
                        figures.metric_title(part.metric),
                        figures.number(part.measured),
                        figures.number(part.gap),
                    )
                    for part in parts
                ],
            )
    if not evaluation.fairness:
        yield f"**Fairness**: {NOT_STATED}"
        return
    yield "**Fairness**"
    yield _table(
        ("metric", "over", "value", "note"),
        [
            (
                figures.metric_title(fair.metric),
                fair.column,
                figures.number(fair.value),
                fair.reason,
            )
            for fair in evaluation.fairness
        ],
    )


def _caveats(story: Story) -> Iterator[str]:
    yield "\n".join(f"- {_text(sentence, 500)}" for sentence in caveats(story)) or "None found."


def _making(story: Story) -> Iterator[str]:
    search, lineage = story.search, story.lineage
    code = f"`{lineage.commit}`" if lineage.commit else NOT_STATED
    state = {True: ", with uncommitted changes", False: "", None: ""}[lineage.dirty]
    seed = search.seed if search else lineage.seed
    yield _facts(
        ("Model", _stated(search.winner if search else "")),
        ("Search", _search(story)),
        ("Seed", NOT_STATED if seed is None else str(seed)),
        ("Run", f"{_text(lineage.run)}, project {_text(lineage.project)}"),
        ("Stack", _stated(lineage.stack)),
        ("Began", _moment(lineage.started) if lineage.started else NOT_STATED),
        ("Took", figures.duration(lineage.seconds) if lineage.seconds else NOT_STATED),
        ("Code", code + state),
        ("Declaration", _code(lineage.declaration_fingerprint)),
        ("Data", _code(lineage.data_fingerprint)),
        ("Lock file", _code(lineage.lock_fingerprint)),
        ("Python", _stated(lineage.python)),
    )
    if lineage.packages:
        yield _table(("package", "version"), sorted(lineage.packages.items()))


def _search(story: Story) -> str:
    if story.search is None:
        return NOT_STATED
    trials = story.search.trials
    families = sorted({trial.family for trial in trials})
    return (
        f"{figures.plural(len(trials), 'trial')} of {_text(', '.join(families))} on "
        f"{figures.plural(story.search.folds, 'fold')} ({_text(story.search.fold_kind)}), "
        f"by {figures.metric_title(story.search.metric)}, in "
        f"{figures.duration(story.search.seconds)}; ended by its {story.search.stopped_by}"
    )


def _threshold(story: Story) -> str:
    evaluation, search = story.evaluation, story.search
    if evaluation is None or evaluation.threshold is None:
        return NOT_STATED
    reason = search.threshold_reason if search else ""
    return figures.number(evaluation.threshold) + (f" ({_text(reason, 300)})" if reason else "")


def _calibration(story: Story, evaluation: Evaluation) -> str:
    how = _text(story.search.calibration) if story.search else NOT_STATED
    if evaluation.calibration_error is None:
        return how
    return f"{how}; expected calibration error {figures.number(evaluation.calibration_error)}"


def _latency(evaluation: Evaluation) -> str:
    found = evaluation.latency
    if found is None:
        return NOT_STATED
    p50, p99 = figures.number(found.p50_ms), figures.number(found.p99_ms)
    return f"p50 {p50} ms, p99 {p99} ms over {figures.plural(found.calls, 'call')}"


def _window(story: Story) -> str:
    start, end = story.lineage.window_start, story.lineage.window_end
    if not start and not end:
        return NOT_STATED
    return f"{_moment(start) if start else 'open'} to {_moment(end) if end else 'open'}"


def _span(intake: Intake) -> str:
    if not intake.start or not intake.end:
        return NOT_STATED
    return f"{_moment(intake.start)} to {_moment(intake.end)}"


def _moment(iso: str) -> str:
    return _text(figures.moment(iso))


def _rows(rows: int | None) -> str:
    return NOT_STATED if rows is None else figures.plural(rows, "row")


def _outcomes(verdicts: Verdicts) -> str:
    if not len(verdicts):
        return NOT_STATED
    counted = [
        (outcome, sum(verdict.outcome is outcome for verdict in verdicts)) for outcome in Outcome
    ]
    return ", ".join(f"{figures.count(many)} {outcome}" for outcome, many in counted if many)


def _stated(text: str) -> str:
    return _text(text, 500) if text.strip() else NOT_STATED


def _code(text: str | None) -> str:
    return "`" + figures.legible(text).replace("`", "") + "`" if text else NOT_STATED


def _text(text: str, limit: int = 120) -> str:
    """Escape what Markdown or HTML would read as structure."""
    return re.sub(r"([\\`*_\[\]<>|#~&!])", r"\\\1", figures.legible(text, limit))


def _facts(*facts: tuple[str, str]) -> str:
    return "\n".join(f"- **{name}**: {value}" for name, value in facts)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    every = list(rows)
    lines = [[_text(cell, 300) for cell in row] for row in [head, *every[:MOST_ROWS]]]
    lines.insert(1, ["---"] * len(head))
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    left = len(every) - MOST_ROWS
    return table if left <= 0 else f"{table}\n\n{figures.count(left)} more are in the report."
