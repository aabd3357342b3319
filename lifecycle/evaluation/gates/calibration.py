"""Whether the probabilities can be taken at their word."""

from typing import Literal, Self

from pydantic import Field

from lifecycle.evaluation.evidence import Evaluation
from lifecycle.evaluation.gates.wording import figure, misfit, unknown
from lifecycle.evaluation.plan import Needs
from lifecycle.section import Section
from lifecycle.verdict import Outcome, Verdict

_METRIC = "expected_calibration_error"


class CalibrationGate(Section):
    """Scores and what came true lie no further apart than so much, on average.

    Few rows show a calibration error by chance alone. Where the error is above the limit and
    a perfectly calibrated model might show as much, the answer is unknown: take more rows.

    Parameters
    ----------
    at_most
        Expected calibration error, in probability: 0 is perfect, 0.05 is off by five points.
    """

    kind: Literal["calibration"]
    at_most: float = Field(gt=0, lt=1)

    @classmethod
    def example(cls) -> Self:
        """Give one that a sound model passes."""
        return cls(kind="calibration", at_most=0.06)

    def needs(self) -> Needs:
        """Read the calibration error."""
        return Needs(metrics=(_METRIC,))

    def judge(self, evaluation: Evaluation) -> tuple[Verdict, ...]:
        """Hold the calibration error against the limit and its noise floor."""
        rule, error = "calibration", evaluation.calibration_error
        if reason := misfit(_METRIC, evaluation):
            return (unknown(rule, reason, self.at_most),)
        if error is None:
            return (unknown(rule, evaluation.why_missing(rule), self.at_most),)
        told = (
            f"Probabilities and what came true differ by {figure(error)} on average on "
            f"{evaluation.rows:,} test rows; at most {figure(self.at_most)} is allowed"
        )
        if error <= self.at_most:
            return (self._answer(Outcome.PASS, error, f"{told}."),)
        noise = evaluation.calibration_noise
        if noise is not None and error > noise:
            return (self._answer(Outcome.FAIL, error, f"{told}."),)
        doubt = "unmeasured" if noise is None else figure(noise)
        more = f"{told}, but chance alone may bring {doubt} on so few rows: take more of them."
        return (self._answer(Outcome.UNKNOWN, error, more),)

    def _answer(self, outcome: Outcome, error: float, reason: str) -> Verdict:
        return Verdict(
            rule="calibration",
            outcome=outcome,
            measured=error,
            limit=self.at_most,
            reason=reason,
        )
