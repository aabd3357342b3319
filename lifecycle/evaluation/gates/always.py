"""What is judged whether or not a project declares it."""

from lifecycle.evaluation.evidence import Evaluation
from lifecycle.evaluation.gates.wording import unknown, words
from lifecycle.verdict import Outcome, Verdict

_FEW_ROWS = 30
"""Below this, intervals and figures are too rough to lean on (a convention)."""


def judge_always(evaluation: Evaluation) -> tuple[Verdict, ...]:
    """Judge what no evaluation can be believed without."""
    return _judge_overlap(evaluation), _judge_rows(evaluation), _judge_primary(evaluation)


def _judge_overlap(evaluation: Evaluation) -> Verdict:
    rule, shared = "overlap", evaluation.train_rows_in_test
    if shared is None:
        return unknown(rule, evaluation.why_missing(rule), 0)
    told = (
        f"{shared:,} of {evaluation.rows:,} test rows were also trained on, so no figure can be "
        "believed: find out how they got into both."
        if shared
        else f"None of the {evaluation.rows:,} test rows was trained on."
    )
    return Verdict(
        rule=rule,
        outcome=Outcome.FAIL if shared else Outcome.PASS,
        measured=shared,
        limit=0,
        reason=told,
    )


def _judge_rows(evaluation: Evaluation) -> Verdict:
    is_few = evaluation.rows < _FEW_ROWS
    return Verdict(
        rule="test rows",
        outcome=Outcome.WARN if is_few else Outcome.PASS,
        measured=evaluation.rows,
        limit=_FEW_ROWS,
        reason=(
            f"There are only {evaluation.rows:,} test rows: every figure is rough."
            if is_few
            else f"There are {evaluation.rows:,} test rows."
        ),
    )


def _judge_primary(evaluation: Evaluation) -> Verdict:
    rule = "primary metric"
    measure = evaluation.measure(evaluation.primary)
    if measure is None:
        return unknown(rule, evaluation.why_missing(f"metric {evaluation.primary}"))
    return Verdict(
        rule=rule,
        outcome=Outcome.PASS,
        measured=measure.value,
        reason=f"{words(evaluation.primary)} could be measured on the test rows.",
    )


def tell_undeclared() -> Verdict:
    """Warn that nothing was asked of the candidate."""
    return Verdict(
        rule="gates",
        outcome=Outcome.WARN,
        reason=(
            "No gates were declared, so any model may be registered: declare some under gates, "
            "for example {kind: baseline, metric: log_loss, better_by: 2%}."
        ),
    )
