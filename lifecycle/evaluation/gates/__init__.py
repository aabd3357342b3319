"""Gates: rules on an evaluation that all have to pass before a version may be champion.

To add one, write a file beside this with a frozen section (a `kind` without a default, `needs`,
`judge` and `example`) and add its line to `Gate`; the contract tests pick it up by themselves.
"""

from collections.abc import Iterable, Iterator
from typing import Annotated

from pydantic import ConfigDict, Field, RootModel

from lifecycle.evaluation.evidence import Evaluation
from lifecycle.evaluation.gates.always import judge_always, tell_undeclared
from lifecycle.evaluation.gates.baseline import BaselineGate
from lifecycle.evaluation.gates.calibration import CalibrationGate
from lifecycle.evaluation.gates.champion import ChampionGate
from lifecycle.evaluation.gates.fairness import FairnessGate
from lifecycle.evaluation.gates.latency import LatencyGate
from lifecycle.evaluation.gates.metric import MetricGate
from lifecycle.evaluation.gates.non_inferiority import NonInferiorityGate
from lifecycle.evaluation.gates.overfit import OverfitGate
from lifecycle.evaluation.gates.size import SizeGate
from lifecycle.evaluation.gates.slices import SlicesGate
from lifecycle.verdict import Verdicts

Gate = Annotated[
    MetricGate
    | BaselineGate
    | ChampionGate
    | NonInferiorityGate
    | OverfitGate
    | CalibrationGate
    | SlicesGate
    | FairnessGate
    | LatencyGate
    | SizeGate,
    Field(discriminator="kind"),
]


class Gates(RootModel[tuple[Gate, ...]]):
    """The `gates` section: what is asked of a candidate, in the order of the declaration."""

    model_config = ConfigDict(frozen=True)
    root: tuple[Gate, ...] = ()

    def __iter__(self) -> Iterator[Gate]:  # type: ignore[override]
        return iter(self.root)

    def __len__(self) -> int:
        return len(self.root)

    def judge(self, evaluation: Evaluation) -> Verdicts:
        """Hold the evaluation against every gate, and against what is always judged."""
        return judge(self.root, evaluation)


def judge(gates: Iterable[Gate], evaluation: Evaluation) -> Verdicts:
    """Hold an evaluation against gates, and against what is always judged.

    Without any gate the always-on rules still answer, and a warning says that there was none.
    """
    declared = tuple(verdict for gate in gates for verdict in gate.judge(evaluation))
    return Verdicts((*(declared or (tell_undeclared(),)), *judge_always(evaluation)))
