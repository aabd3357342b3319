"""What every gate that compares with the champion asks first."""

from lifecycle.evaluation.evidence import Comparison, Evaluation
from lifecycle.evaluation.gates.wording import misfit, unknown
from lifecycle.verdict import Outcome, Verdict


def find_challenge(rule: str, metric: str, evaluation: Evaluation) -> Comparison | Verdict:
    """Find the comparison with the champion, or the verdict that there is none.

    Without a champion there is nothing to defend: pass. With one and without a comparison the
    evidence is missing: unknown.
    """
    if reason := misfit(metric, evaluation):
        return unknown(rule, reason)
    if evaluation.champion_version is None and not evaluation.champion:
        return Verdict(rule=rule, outcome=Outcome.PASS, reason="There is no version to beat yet.")
    for comparison in evaluation.champion:
        if comparison.metric == metric:
            return comparison
    return unknown(
        rule,
        f"Version {evaluation.champion_version} could not be compared with: "
        f"{_why(metric, evaluation)}",
    )


def _why(metric: str, evaluation: Evaluation) -> str:
    own = (gap.reason for gap in evaluation.missing if gap.evidence == f"champion {metric}")
    return next(own, evaluation.why_missing("champion"))
