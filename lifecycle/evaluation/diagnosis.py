"""Training against test error, in plain words."""

from lifecycle.evaluation.evidence import Comparison, Diagnosis, Measure
from lifecycle.evaluation.metric_names import gain

_FEW_ROWS = 200
_FEW_ROWS_A_COLUMN = 20
_LITTLE_GAIN = 0.02
_MUCH_LOST = 0.5
"""The limits are conventions: they choose words, no gate reads them."""


def diagnose(
    test: Measure,
    train: float,
    validation: float | None,
    baseline: Comparison,
    *,
    train_rows: int,
    columns: int,
) -> Diagnosis:
    """Tell what holds the candidate back most.

    What the candidate learned is its gain over the baseline; it is judged by how much of the
    gain on training rows is lost on test rows, and on validation rows.

    Parameters
    ----------
    test
        The primary metric on test rows.
    validation
        The same metric out of fold, where the search recorded it.
    baseline
        The constant baseline in the same metric.
    columns
        Number of features.
    """
    metric, other = test.metric, baseline.other
    learned = gain(metric, train, other)
    lost = gain(metric, train, test.value)
    lost_before = None if validation is None else gain(metric, train, validation)
    is_small = train_rows < max(_FEW_ROWS, _FEW_ROWS_A_COLUMN * columns)
    is_weak = learned <= _LITTLE_GAIN * abs(other)
    loses = not is_weak and lost > _MUCH_LOST * learned and _is_clear(test, train)
    kept_before = lost_before is not None and lost_before <= _MUCH_LOST / 2 * learned
    if loses and kept_before:
        finding, advice = "shift", _SHIFT
    elif (loses or baseline.low <= 0) and is_small:
        finding, advice = "too little data", _TOO_LITTLE
    elif loses:
        finding, advice = "overfitting", _OVERFITTING
    elif is_weak:
        finding, advice = "underfitting", _UNDERFITTING
    else:
        finding, advice = "sound", _SOUND
    return Diagnosis.model_validate(
        {
            "finding": finding,
            "metric": metric,
            "train": train,
            "validation": validation,
            "test": test.value,
            "advice": advice,
        }
    )


def _is_clear(test: Measure, train: float) -> bool:
    """Whether the training figure lies outside the test figure's interval."""
    return test.low is None or test.high is None or not test.low <= train <= test.high


_SHIFT = (
    "Validation rows were answered about as well as training rows, test rows clearly worse: the "
    "test rows differ from what the model was made from. Look at what changed between the two "
    "periods, and try a more recent or a longer training window."
)
_TOO_LITTLE = (
    "There are few training rows for this many columns, and what was learned does not carry "
    "over to test rows. More rows will help most; until then declare fewer features and keep "
    "to simple families."
)
_OVERFITTING = (
    "More than half of what was learned on training rows is lost on test rows: the model learned "
    "them by heart. Allow less complexity, drop features that do not help, look for columns "
    "that name single rows, or bring more rows."
)
_UNDERFITTING = (
    "Even on training rows the model is hardly better than the baseline: the features say little "
    "about the label as they are. Add tables or columns that could know more, allow more "
    "complex families, or ask whether the question can be answered at that moment at all."
)
_SOUND = (
    "Most of what was learned on training rows holds on test rows. Further gains will come from "
    "more telling features rather than from more tuning."
)
