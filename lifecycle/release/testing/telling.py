"""A test in sentences: its rule, told before it begins, and its figures."""

from typing import Literal

from lifecycle.release.declaration import Experiment, Metric
from lifecycle.release.evidence import ArmFigures
from lifecycle.release.release import Design
from lifecycle.release.testing.sequential import FEWEST_OUTCOMES, FEWEST_UNITS, Difference
from lifecycle.section import write_duration

Kind = Literal["conversion", "sum"]


def count(units: int) -> str:
    """Write a whole number.

    Examples
    --------
    >>> count(15591)
    '15,591'
    """
    return f"{units:,}"


def amount(value: float, kind: Kind, *, signed: bool = False) -> str:
    """Write a difference: of conversions in points of percent.

    Examples
    --------
    >>> amount(0.0125, "conversion"), amount(-0.5, "sum", signed=True)
    ('1.25 points', '-0.5')
    >>> amount(0.01, "conversion")
    '1 point'
    """
    sign = "+" if signed else ""
    if kind == "sum":
        return f"{value:{sign}.4g}"
    points = f"{value * 100:{sign}.3g}"
    return f"{points} point{'' if points.lstrip('+-') == '1' else 's'}"


def level(value: float | None, kind: Kind) -> str:
    """Write a mean over units: of conversions in percent.

    Examples
    --------
    >>> level(0.05, "conversion"), level(12.345, "sum"), level(None, "sum")
    ('5.00 %', '12.35', 'nothing')
    """
    if value is None:
        return "nothing"
    return f"{value * 100:.2f} %" if kind == "conversion" else f"{value:.4g}"


def compared(
    metric: Metric,
    champion: ArmFigures,
    challenger: ArmFigures,
    found: Difference,
    confidence: float,
) -> str:
    """Tell what was found of a metric in both arms, without the full stop."""
    kind = metric.kind
    return (
        f'"{metric.name}" is {level(challenger.mean, kind)} over the {count(challenger.units)} '
        f"units of the challenger's arm and {level(champion.mean, kind)} over the "
        f"{count(champion.units)} of the champion's: {amount(found.value, kind, signed=True)} "
        f"(from {amount(found.low, kind, signed=True)} to {amount(found.high, kind, signed=True)} "
        f"at {confidence:.4g} %, whenever it is looked at)"
    )


def rule(experiment: Experiment, plan: Design) -> tuple[str, ...]:
    """Tell how a test will be decided."""
    metric = experiment.metric
    counts = (
        f"A unit counts as one if any {metric.name} is told of it, and as zero otherwise"
        if metric.kind == "conversion"
        else f"A unit counts with the sum of its {metric.name}, each once, and with zero without"
    )
    days = "" if plan.days is None else f", in about {plan.days:,.1f} days"
    ending = (
        "the challenger is promoted" if experiment.on_win == "promote" else "that is reported only"
    )
    told = [
        f"{counts}; what happens up to {write_duration(metric.within)} after it was first in the "
        "test.",
        f"The means over the units of both arms are compared at every look by a sequential test "
        f"that finds a difference where there is none in at most {plan.false_positives:.2%} of "
        f"tests, however often it is looked at; first with {FEWEST_UNITS} units in each arm and "
        f"outcomes of {FEWEST_OUTCOMES} units.",
        f"If the interval of the difference is {_side(metric.better)} zero, and no guard stands "
        f"in the way, {ending}. If it is {_side(_other(metric.better))} zero, the champion stays.",
        f"At {count(plan.units)} units of each arm whose time for outcomes is over{days}, an "
        f"effect of {amount(plan.effect, metric.kind)} is found with a probability of at least "
        f"{plan.power:.0%} (without it: {level(plan.baseline, metric.kind)}, {plan.source}). If "
        f"none is found by then, or within {write_duration(experiment.most)}, the champion stays.",
        *(_of_guard(guard.name, guard.worse, guard.kind) for guard in experiment.guard),
        "The test ends without a winner if its arms do not get as many units each (at "
        f"p <= {experiment.mismatch:g}), or if a unit was in both.",
    ]
    return tuple(told)


def _side(better: str) -> str:
    return "above" if better == "higher" else "below"


def _other(better: str) -> str:
    return "lower" if better == "higher" else "higher"


def _of_guard(name: str, worse: float, kind: Kind) -> str:
    if not worse:
        return (
            f"If {name} is clearly worse with the challenger, it is rolled back; it is not "
            "promoted before there is enough evidence to see that."
        )
    return (
        f"If {name} is worse with the challenger by clearly more than {amount(worse, kind)}, it "
        "is rolled back; before the planned end it is promoted only if it clearly is not."
    )
