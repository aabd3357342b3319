"""What a search did: every trial, and why the winner won."""

from typing import Literal

from pydantic import Field

from lifecycle.section import Value


class TrialRecord(Value):
    """One trial: a family with parameters, its loss on each fold, and how it ended.

    Parameters
    ----------
    refit_seconds
        How long a fit of it on all rows is expected to take.
    """

    number: int
    family: str
    state: Literal["complete", "pruned", "stopped", "failed"]
    params: dict[str, float | int | str | bool]
    loss: float | None = None
    fold_losses: tuple[float, ...] = ()
    rounds: int | None = None
    seconds: float
    refit_seconds: float = 0.0
    reason: str = ""


class SearchRecord(Value):
    """The whole search, in the order of the trials.

    Parameters
    ----------
    metric
        What was minimised or maximised.
    winner
        In words: `xgboost`, or `ensemble of xgboost 0.7, linear 0.3`.
    validation
        The winner's out-of-fold value of the metric, after calibration.
    dropped
        Features that selection left out.
    notes
        What the declared time did not allow, and where it was overrun.
    """

    metric: str
    seed: int
    folds: int
    fold_kind: str
    trials: tuple[TrialRecord, ...]
    winner: str
    winner_params: dict[str, float | int | str | bool] = Field(default_factory=dict)
    members: dict[str, float] = Field(default_factory=dict)
    validation: float
    dropped: tuple[str, ...] = ()
    stopped_by: Literal["trials", "timeout"]
    seconds: float
    calibration: str = "none"
    threshold: float | None = None
    threshold_reason: str = ""
    notes: tuple[str, ...] = ()
