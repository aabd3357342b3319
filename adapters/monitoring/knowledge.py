"""What is known of a version before anybody asks it anything: all a window is compared with."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pyarrow as pa

from adapters import profiles, registry
from adapters.labelling.contracts import contract_for
from adapters.supervision.place import replace_file
from lifecycle.evaluation.evidence import Evaluation
from lifecycle.governance.story import Story
from lifecycle.modeling.candidate import Candidate
from lifecycle.monitoring.counting import count
from lifecycle.monitoring.summary import Summaries
from lifecycle.monitoring.usual import Usual
from lifecycle.project.project import Project
from lifecycle.retraining.origin import learnt_until, read_moment
from lifecycle.serving.contract import Contract
from lifecycle.task import Task


@dataclass(frozen=True)
class Known:
    """A version, as far as windows are compared with it.

    Parameters
    ----------
    then
        Inputs and label of the training rows, and the version's own answers on its test rows.
    usual
        How far stretches of the training rows are from all of them.
    """

    number: str
    contract: Contract
    story: Story
    then: Summaries
    usual: Usual

    @property
    def evaluation(self) -> Evaluation:
        """What it was found to be on its test rows; a registered version has been evaluated."""
        assert self.story.evaluation is not None
        return self.story.evaluation

    @property
    def watched(self) -> tuple[str, ...]:
        """The inputs whose shifts are told."""
        return tuple(column.name for column in self.then.of("input"))

    @property
    def youngest_row(self) -> datetime | None:
        """The latest moment it can have learnt from."""
        return youngest_row(self.story)


def youngest_row(story: Story) -> datetime | None:
    """Give the latest moment a version can have learnt from.

    Where its rows have no time it is when the training began: they were there by then.
    """
    return learnt_until(story) or (
        read_moment(story.lineage.started) if story.lineage.started else None
    )


def know(project: Project, number: str, *, state: Path) -> Known:
    """Gather what is known of a registered version.

    Raises
    ------
    RegistryError
        If there is no such version, or it was kept without what this needs.
    """
    contract = contract_for(project.name, number, project)
    summaries = profiles.summarise(registry.profile_of(project.name, number), contract)
    features = {field.name for field in contract.features} - {project.data.time}
    inputs = tuple(column for column in summaries.of("input") if column.name in features)
    answers = _answers(project.name, number, state)
    return Known(
        number=number,
        contract=contract,
        story=registry.story_of(project.name, number),
        then=Summaries(columns=(*inputs, *answers.columns, *summaries.of("label"))),
        usual=registry.usual_of(project.name, number),
    )


def _answers(project: str, number: str, state: Path) -> Summaries:
    """Summarise a version's own answers on its test rows; kept, as they never change."""
    file = state / "monitoring" / project / "answers" / f"{number}.json"
    if file.is_file():
        return Summaries.model_validate_json(file.read_text(encoding="utf-8"))
    candidate = registry.candidate_of(project, number)
    found = summarise_answers(candidate, registry.holdout_of(project, number))
    file.parent.mkdir(parents=True, exist_ok=True)
    replace_file(file, found.model_dump_json())
    return found


def summarise_answers(candidate: Candidate, rows: pa.Table) -> Summaries:
    """Summarise what a model answers for rows: the columns of subject `prediction`."""
    scores = candidate.score(rows)
    answered = {"score": scores}
    if candidate.task is Task.MULTICLASS:
        answered = {f"score {name}": scores[:, i] for i, name in enumerate(candidate.classes)}
    if candidate.task.is_classification:
        decided = [candidate.classes[index] for index in candidate.decide(scores)]
        answered["decision"] = pa.array(decided, pa.string())
    table = pa.table(answered)
    return count(table, table.column_names, subject="prediction")
