"""The contract of a registered version, by which its events are read."""

import os
from pathlib import Path

from adapters.bentos import contract_of
from adapters.stacks.environment import STATE
from adapters.supervision.record import read_live
from lifecycle.errors import RegistryError
from lifecycle.governance.story import Story
from lifecycle.modeling.candidate import Candidate
from lifecycle.project.project import Project
from lifecycle.serving.contract import Contract
from lifecycle.serving.drawing_up import draw_up

CHAMPION = "champion"


def contract_for(
    project_name: str, number: str, project: Project, *, store: Path | None = None
) -> Contract:
    """Give the contract of a version: the one it was served with, else as it would be served.

    A version that was deployed from this state folder has it in its Bento, which is read in
    milliseconds. Of any other, the model and its story are fetched from the registry, and the
    contract is drawn up from them.

    Parameters
    ----------
    number
        A number, or `champion` or `challenger`.
    store
        BentoML's home; by default that of the state folder.

    Raises
    ------
    RegistryError
        If there is no such version, or it was registered without a description of its rows.
    """
    if not number.isdigit():
        from adapters import registry

        number = registry.number_of(project_name, number)
    if store is None and STATE in os.environ:
        store = Path(os.environ[STATE]) / "bentoml"
    served = None if store is None else contract_of(project_name, number, store=store)
    return served or _drawn_up(project_name, number, project)


def standing_contract(project: Project, *, state: Path) -> Contract:
    """Give the contract of the version that answers, or else of the champion.

    Parameters
    ----------
    state
        The state folder.

    Raises
    ------
    RegistryError
        If nothing answers and there is no champion.
    """
    live = read_live(state, project.name)
    number = CHAMPION if live is None else live.version
    return contract_for(project.name, number, project, store=state / "bentoml")


def _drawn_up(project_name: str, number: str, project: Project) -> Contract:
    from adapters import registry

    story = registry.story_of(project_name, number)
    return as_served(story, registry.candidate_of(project_name, number), project)


def as_served(story: Story, candidate: Candidate, project: Project) -> Contract:
    """Draw up the contract a version would be served with.

    Raises
    ------
    RegistryError
        If its story does not describe the rows it was trained on.
    """
    if story.description is None:
        raise RegistryError(
            f'The version of "{story.name}" was registered without a description of its rows, so '
            "that what it may be asked cannot be told. Train a new one."
        )
    contract = draw_up(
        candidate.state,
        story.description,
        project.data,
        project=story.name,
        question=story.purpose.question,
        unit=story.units.get(story.label),
    )
    return contract if _keeps_key(contract, project) else contract.model_copy(update={"key": ()})


def _keeps_key(contract: Contract, project: Project) -> bool:
    """Tell whether a label can be led to its prediction by the key: all of it is kept."""
    is_kept = project.serving.events.personal != "drop"
    return is_kept or not any(
        field.personal for field in contract.fields if field.name in contract.key
    )
