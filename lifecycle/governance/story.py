"""Everything one training run can tell, as far as it got."""

from typing import Literal

from pydantic import Field

from lifecycle.data.description import Description
from lifecycle.data.intake import Intake
from lifecycle.evaluation.evidence import Evaluation
from lifecycle.governance.lineage import Lineage
from lifecycle.modeling.trials import SearchRecord
from lifecycle.section import Value
from lifecycle.task import Task
from lifecycle.verdict import Verdict, Verdicts


class Purpose(Value):
    """What the model is for, as the project's `about` section says; empty is "not stated"."""

    question: str = ""
    decision: str = ""
    owner: str = ""
    caveats: tuple[str, ...] = ()


class Version(Value):
    """What the registry made of the candidate.

    `alias` is `None` for one that was refused, and for one that a better has replaced.
    """

    name: str
    number: str
    alias: str | None = None


class Story(Value):
    """What the report and the model card are written from.

    A part that is `None` was not reached: a run the data checks stopped has neither search
    nor evaluation.

    Parameters
    ----------
    units
        Unit of a column by its name, the label's among them.
    positive
        Binary only: the class whose probability is the score.
    version
        `None` where nothing was handed to the registry.
    """

    name: str
    purpose: Purpose = Purpose()
    label: str
    task: Task
    positive: str | None = None
    units: dict[str, str] = Field(default_factory=dict)
    intake: Intake | None = None
    checks: Verdicts = Verdicts()
    description: Description | None = None
    search: SearchRecord | None = None
    evaluation: Evaluation | None = None
    gates: Verdicts = Verdicts()
    version: Version | None = None
    lineage: Lineage

    @property
    def end(self) -> Literal["registered", "refused", "stopped", "unfinished"]:
        """How the run ended.

        `stopped`: by the data checks; `refused`: by the gates; `unfinished`: by neither, and
        without a registered version.
        """
        if self.evaluation is None:
            return "stopped" if self.checks.blocks else "unfinished"
        if self.gates.blocks:
            return "refused"
        return "registered" if self.version is not None else "unfinished"

    @property
    def blocking(self) -> tuple[Verdict, ...]:
        """The verdicts that stopped it: of the checks, or else of the gates."""
        return self.checks.blocking or self.gates.blocking

    @property
    def refused_rows(self) -> int:
        """Rows left out because they could not be read, or not be what the schema declares."""
        if self.intake is None:
            return 0
        return self.intake.refused + sum(table.refused for table in self.intake.tables)

    @property
    def positive_class(self) -> str | None:
        """Binary: the class whose probability is the score, where it is known."""
        if self.task is not Task.BINARY:
            return None
        if self.evaluation is not None and len(self.evaluation.classes) == 2:
            return self.evaluation.classes[1]
        return self.positive

    @property
    def shown_class(self) -> str | None:
        """The class whose share the pictures show: the positive, or else the most frequent."""
        if self.task is not Task.MULTICLASS:
            return self.positive_class
        counts = self.description.label_counts if self.description is not None else ()
        return max(counts, key=lambda found: found.rows).value if counts else None

    @property
    def label_meaning(self) -> str:
        """What a `label` figure in the description is: a share of a class, or a mean."""
        if self.task is Task.REGRESSION:
            return f"mean {self.label}"
        return f"share where {self.label} is {self.shown_class or 'the positive class'}"
