"""How figures, limits and verdicts are put into words, the same in every gate."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from lifecycle.errors import suggest
from lifecycle.evaluation.evidence import Evaluation
from lifecycle.evaluation.metric_names import METRICS, metric_title, metrics_for
from lifecycle.task import Task
from lifecycle.verdict import Outcome, Verdict

_SHARE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*%\s*")


def _check(value: str | float) -> str | float:
    if isinstance(value, str) and not _SHARE.fullmatch(value):
        raise ValueError("an amount is a number in the metric's unit, or a share such as 2%")
    if isinstance(value, float) and not 0 <= value < float("inf"):
        raise ValueError("an amount is zero or above")
    return value


Amount = Annotated[float | str, AfterValidator(_check)]
"""How much: `0.01` is in the metric's own unit, `2%` is a share of what it is compared with."""

Confidence = Annotated[float, Field(ge=0.5, le=0.995)]
"""Of a two-sided interval; 0.995 is the most that the kept bootstrap samples can carry."""


def resolve(amount: float | str, reference: float) -> float:
    """Put an amount into the metric's unit.

    Examples
    --------
    >>> resolve("2%", 0.5), resolve(0.02, 0.5)
    (0.01, 0.02)
    """
    if isinstance(amount, str) and (match := _SHARE.fullmatch(amount)):
        return float(match[1]) / 100 * abs(reference)
    return float(amount)


def figure(value: float) -> str:
    """Write a figure with at most four digits, and below one in at most four decimals.

    Examples
    --------
    >>> figure(0.512345), figure(0.071921), figure(55.6660), figure(1234567.0), figure(0.0)
    ('0.5123', '0.0719', '55.67', '1,234,567', '0')
    >>> figure(-0.2), figure(-0.00001234)
    ('−0.2', '−1.234e−05')
    """
    if abs(value) >= 10_000:
        text = f"{value:,.0f}"
    elif 0.001 <= abs(value) < 1:
        text = f"{value:.4f}".rstrip("0").rstrip(".")
    else:
        text = f"{value:.4g}"
    return text.replace("-", "−")


def words(metric: str) -> str:
    """Write a metric's name at the start of a sentence.

    Examples
    --------
    >>> words("log_loss"), words("roc_auc")
    ('Log loss', 'ROC AUC')
    """
    title = metric_title(metric)
    return title[:1].upper() + title[1:]


def difference(gain: float) -> str:
    """Tell which way a gain points, and how far.

    Examples
    --------
    >>> difference(0.2), difference(-0.2), difference(0.0)
    ('better by 0.2', 'worse by 0.2', 'no better and no worse')
    """
    if gain == 0:
        return "no better and no worse"
    return f"{'better' if gain > 0 else 'worse'} by {figure(abs(gain))}"


def unknown(rule: str, reason: str, limit: float | str | None = None) -> Verdict:
    """Answer that the evidence is missing, which blocks."""
    return Verdict(rule=rule, outcome=Outcome.UNKNOWN, limit=limit, reason=reason)


def passes(is_met: bool) -> Outcome:
    """Turn a condition into pass or fail."""
    return Outcome.PASS if is_met else Outcome.FAIL


def misfit(metric: str, evaluation: Evaluation) -> str | None:
    """Tell why a metric cannot be judged for this task, or nothing where it can."""
    legal = metrics_for(Task(evaluation.task))
    if metric in legal:
        return None
    if metric in METRICS:
        tasks = " and ".join(task.value for task in METRICS[metric].tasks)
        return (
            f'"{metric}" is defined for {tasks}, and this task is {evaluation.task}. '
            f"{suggest(metric, legal)}"
        )
    return f'There is no metric "{metric}". {suggest(metric, legal)}'
