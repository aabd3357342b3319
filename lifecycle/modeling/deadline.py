"""The time a search has, and what of it must be left for later."""

from collections.abc import Callable
from dataclasses import dataclass, field

from lifecycle.modeling.families.family import OutOfTime

SELECTION_SHARE = 0.3
"""The part of the time by which the selection of features has to end."""

CONCLUSION_SHARE = 0.03
"""The part of the time kept for blending and calibration."""


@dataclass
class Deadline:
    """Seconds a search may take in all, its final fit included.

    Parameters
    ----------
    limit
        Without one, everything may take as long as it does.
    clock
        Seconds since any moment.
    spent
        Seconds that earlier processes of the same search took for their trials.
    reserve
        Seconds the final fit will need, as far as the trials so far tell.

    Examples
    --------
    >>> now = iter([0.0, 50.0, 90.0])
    >>> deadline = Deadline(limit=100.0, clock=lambda: next(now))
    >>> deadline.reserve = 10.0
    >>> deadline.left, deadline.left
    (37.0, -3.0)
    """

    limit: float | None
    clock: Callable[[], float]
    spent: float = 0.0
    reserve: float = 0.0
    start: float = field(init=False)

    def __post_init__(self) -> None:
        self.start = self.clock()

    @property
    def elapsed(self) -> float:
        """Seconds since this process began the search."""
        return self.clock() - self.start

    @property
    def left(self) -> float | None:
        """Seconds left for trials."""
        if self.limit is None:
            return None
        later = self.reserve + CONCLUSION_SHARE * self.limit
        return self.limit - later - self.spent - self.elapsed

    @property
    def is_over(self) -> bool:
        """Whether no trial may begin or go on."""
        left = self.left
        return left is not None and left <= 0

    @property
    def overrun(self) -> float:
        """Seconds past the limit; 0 before it."""
        return 0.0 if self.limit is None else max(0.0, self.elapsed - self.limit)

    def check_selection(self) -> None:
        """Raise `OutOfTime` where the selection of features must end."""
        if self.limit is not None and self.elapsed > SELECTION_SHARE * self.limit:
            raise OutOfTime

    def check_trials(self) -> None:
        """Raise `OutOfTime` where a trial must end."""
        if self.is_over:
            raise OutOfTime

    def check_conclusion(self) -> None:
        """Raise `OutOfTime` where blending and calibration must end, for the final fit.

        They may draw on half of what is set aside for it, as not every model it is set aside
        for will be chosen.
        """
        if self.limit is not None and self.elapsed > self.limit - self.reserve / 2:
            raise OutOfTime

    def check_end(self) -> None:
        """Raise `OutOfTime` where everything must end."""
        if self.overrun > 0:
            raise OutOfTime
