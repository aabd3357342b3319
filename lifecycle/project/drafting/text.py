"""The text of a drafted declaration, with comments for whoever makes it their own."""

from collections.abc import Iterable, Iterator
from textwrap import indent

from lifecycle.project.drafting.columns import DraftColumn
from lifecycle.project.drafting.quoting import is_printable, number, scalar
from lifecycle.project.drafting.rows import Draft
from lifecycle.task import Task

WIDTH = 100


def write(draft: Draft, *, name: str, table: str, url: str, query: str) -> str:
    """Write a declaration that loads as it is."""
    parts = (
        _head(draft, name),
        _about(draft),
        _data(draft, table, url, query),
        _schema(draft),
        _checks(draft),
        _split(draft),
        _search(),
        _gates(draft),
        _watch(draft),
    )
    return "\n\n".join(filter(None, parts)) + "\n"


def _head(draft: Draft, name: str) -> str:
    lines = [
        f"# Drafted from {draft.arrived:,} rows. It trains as it is; every line is a guess that",
        "# somebody who knows the data should look at. What may stand here: run.py schema.",
        f"name: {scalar(name)}",
    ]
    return "\n".join(lines)


def _about(draft: Draft) -> str:
    target = draft.target.column
    question = {
        Task.BINARY: f"Is {target} {draft.positive}?",
        Task.MULTICLASS: f"Which {target} is it?",
        Task.REGRESSION: f"What is {target}?",
    }[draft.target.task]
    return "\n".join(
        (
            "about:  # for the model card: say it in your own words",
            f"  question: {scalar(question)}",
            "  decision: Not stated yet.  # what does somebody do differently for the answer?",
            "  owner: Not stated yet.  # who answers for the model?",
        )
    )


def _data(draft: Draft, table: str, url: str, query: str) -> str:
    lines = ["data:", "  tables:", f"    {table}: {scalar(url)}"]
    if query:
        lines += _query(query)
    if draft.key is not None:
        lines.append(f"  key: [{scalar(draft.key)}]")
    else:
        lines.append("  # key: [...]  # columns that together name a row; now the whole row does")
    if draft.time is not None:
        lines.append(f"  time: {scalar(draft.time)}  # when the question is asked")
    lines += [
        "  label:",
        f"    column: {scalar(draft.target.column)}",
        f"    task: {draft.target.task.value}  # {_comment(draft.target.reason)}",
    ]
    if draft.positive is not None:
        lines.append(f"    positive: {scalar(draft.positive)}  # whose probability is given")
    if draft.time is not None:
        lines.append("    # arrives_after: 1d  # how long until the truth is known")
    return "\n".join(lines)


def _query(query: str) -> list[str]:
    """Write SQL as it is, or in quotes where a name in it holds what YAML would not keep."""
    if all(is_printable(character) for line in query.split("\n") for character in line):
        return ["  query: |", indent(query, "    ")]
    return [f"  query: {scalar(query)}"]


def _schema(draft: Draft) -> str:
    lines = [
        "# Types, and limits with some room: a value outside of them stops a run before training.",
        "# Roles: feature (if none is given), ignore, leak (known later), sensitive, personal.",
        "schema:",
    ]
    return "\n".join([*lines, *(line for column in draft.columns for line in _column(column))])


def _column(column: DraftColumn) -> Iterator[str]:
    facts = [f"type: {column.type.value}"]
    if column.role is not None:
        facts.append(f"role: {column.role.value}")
    facts += [
        f"{end}: {number(limit)}"
        for end, limit in (("min", column.min), ("max", column.max))
        if limit is not None
    ]
    if column.missing is not None:
        facts.append(f"missing: {column.missing:.0%}")
    values = f"values: [{', '.join(map(scalar, column.values))}]"
    flow = ", ".join([*facts, values] if column.values else facts)
    line = f"  {scalar(column.name)}: {{{flow}}}"
    comment = f"# {_comment(column.comment)}" if column.comment else ""
    if comment and len(line) + len(comment) + 2 <= WIDTH:
        yield f"{line}  {comment}"
        return
    if comment:
        yield f"  {comment}"
    if len(line) <= WIDTH:
        yield line
        return
    yield f"  {scalar(column.name)}:"
    yield from (f"    {fact}" for fact in facts)
    if column.values:
        yield "    values:"
        yield from (f"      - {scalar(value)}" for value in column.values)


def _checks(draft: Draft) -> str:
    lines = [f"  {rule}: {limit}" for rule, limit in draft.checks.items()]
    return "\n".join(["checks:  # limits these rows would not have met", *lines]) if lines else ""


def _split(draft: Draft) -> str:
    if draft.time is not None:
        return "split: {by: time, test: 20%}  # the latest fifth is kept for the one final test"
    why = f"; {draft.not_split_by}" if draft.not_split_by else ""
    lines = [f"split: {{by: random, test: 20%}}  # by the hash of the key{_comment(why)}"]
    lines.append("# split: {by: group, column: ...}  # where several rows are about one thing")
    return "\n".join(lines)


def _search() -> str:
    return "\n".join(
        (
            "search:",
            "  families: [linear, forest, xgboost]",
            "  trials: 40",
            "  timeout: 2m  # longer is seldom much better",
            "  seed: 0",
        )
    )


def _gates(draft: Draft) -> str:
    lines = [
        "# All of them have to pass before a version may be champion. They are gentle here: put in",
        "# what the decision needs.",
        "gates:",
        *(f"  - {{{gate}}}" for gate in _choose_gates(draft)),
    ]
    return "\n".join(lines)


def _watch(draft: Draft) -> str:
    """Show what may be declared of the time after training, as comments; defaults hold."""
    lines = [
        "# Once a version is deployed it is watched, and asked whether a successor is due; that is",
        "# released step by step. To say how, take the # away; all there is: run.py schema.",
        "# monitoring:",
        "#   window: 1d  # looked at as one: 1h, 7d or month; below 200 predictions tell little",
    ]
    if draft.key is not None:
        lines.append("#   labels: {query: true}  # look in the tables for what became true since")
    lines += [
        '#   alerts: {to: ["json://localhost:8080/alerts"]}  # webhook, mailto://, slack:// ...',
        "# retraining:",
        "#   when: [drift, concept]  # also: schedule (with every: 30d), new_data",
        "#   approval: manual  # a successor that won waits for run.py approve; or automatic",
        "# release:",
        "#   strategy: canary  # how a successor gets the requests; or blue-green, shadow, ab",
    ]
    return "\n".join(lines)


def _choose_gates(draft: Draft) -> Iterable[str]:
    task = draft.target.task
    loss = "rmse" if task is Task.REGRESSION else "log_loss"
    figure = {Task.BINARY: "roc_auc", Task.MULTICLASS: "accuracy", Task.REGRESSION: "r2"}[task]
    certainty = "confidence: 0.8" if draft.is_small else "better_by: 1%"
    yield f"kind: baseline, metric: {loss}, {certainty}"
    yield f"kind: champion, metric: {loss}, confidence: 0.95"
    yield f"kind: overfit, metric: {figure}, at_most: {0.4 if draft.is_small else 0.3}"
    if task.is_classification and not draft.is_small:
        yield "kind: calibration, at_most: 0.1"
    yield f"kind: latency, p99_ms: {max(250, 2 * len(draft.columns))}"
    yield "kind: size, megabytes: 100"


def _comment(text: str) -> str:
    """Keep a comment on its line, whatever names and values it repeats."""
    line = " ".join("".join(one if is_printable(one) else " " for one in text).split())
    return line if len(line) <= 160 else f"{line[:150]}..."
