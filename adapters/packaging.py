"""A registered version as it will be served: files, hashes, and that they say the same."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pydantic_core import core_schema

from adapters.graphs import export, inputs_of
from adapters.inference.engine import Engine
from adapters.inference.package import Package, read_package, write_package
from adapters.inference.reasons import reasons_file
from adapters.registry import CHALLENGER
from lifecycle.data.declaration import Data
from lifecycle.data.description import Description
from lifecycle.errors import RegistryError
from lifecycle.governance.card import model_card
from lifecycle.governance.story import Story, Version
from lifecycle.modeling.candidate import Candidate
from lifecycle.serving.contract import Contract
from lifecycle.serving.declaration import Serving
from lifecycle.serving.drawing_up import draw_up
from lifecycle.serving.inputs import Answers, Inputs
from lifecycle.serving.manifest import CARD, CONTRACT, REASONS, Manifest
from lifecycle.serving.parity import Parity, compare
from lifecycle.serving.rows import made_rows

SEED = 20_131
"""Of the rows that are made for the comparison, which are the same each time."""

LEAST_ROWS = 10_000
"""With fewer rows compared, nothing is said of what will be served."""


class Packaged(Package):
    """A package on its way from being made to being built into something that runs."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """Let pydantic take a package as it is: it was checked when it was made or read."""
        return core_schema.is_instance_schema(cls)

    @property
    def size_mb(self) -> float:
        """Size of all files together."""
        return sum(map(len, self.files.values())) / 1e6

    def write(self, folder: Path) -> str:
        """Write it into an empty folder; give the SHA-256 of its manifest."""
        return write_package(folder, self.manifest, self.files)

    @classmethod
    def read(cls, folder: Path) -> "Packaged":
        """Read what `write` wrote.

        Raises
        ------
        TamperedError
            If a byte of it has changed.
        """
        read = read_package(folder)
        return cls(read.manifest, read.contract, read.files)


def package(candidate: Candidate, story: Story, data: Data, serving: Serving) -> Packaged:
    """Write a version down as it will be served.

    Raises
    ------
    RegistryError
        If the story has no version or no description: it was not registered.
    PerennialError
        If the model has a part no graph can be written of.
    """
    if story.version is None or story.description is None:
        raise RegistryError(f'The story of "{story.name}" names no registered version.')
    contract = _contract(candidate, story, story.description, data)
    if serving.events.personal == "drop" and any(
        field.personal for field in contract.fields if field.name in contract.key
    ):
        # What is not kept of a prediction cannot lead a label to it: there is no such key.
        contract = contract.model_copy(update={"key": ()})
    graphs = export(candidate)
    files = {
        **graphs.files,
        CONTRACT: contract.model_dump_json(indent=1).encode(),
        REASONS: reasons_file(candidate, contract, graphs.layout),
        CARD: model_card(_as_registered(story, story.version)).encode(),
    }
    manifest = Manifest(
        project=story.name,
        version=story.version.number,
        label=story.label,
        task=candidate.task,
        classes=candidate.classes,
        threshold=candidate.threshold,
        candidate=candidate.fingerprint,
        data=story.lineage.data_fingerprint,
        commit=story.lineage.commit,
        dirty=story.lineage.dirty,
        trained=story.lineage.started,
        layout=graphs.layout,
        parts=graphs.parts,
        serving=serving,
        files={},  # filled in when it is written
    )
    return Packaged(manifest, contract, files)


def _as_registered(story: Story, version: Version) -> Story:
    """Tell of a version as it was when it passed its gates: the same package however often."""
    return story.model_copy(update={"version": version.model_copy(update={"alias": CHALLENGER})})


def _contract(candidate: Candidate, story: Story, description: Description, data: Data) -> Contract:
    return draw_up(
        candidate.state,
        description,
        data,
        project=story.name,
        question=story.purpose.question,
        unit=story.units.get(story.label),
    )


def prove_parity(packaged: Packaged, candidate: Candidate, holdout: pa.Table) -> Parity:
    """Hold what will be served against the fitted candidate, row by row and in bulk.

    The rows are the hold-out and made ones: missing values, unseen categories, the edges of
    every range; at least 10,000 in all.
    """
    rows = made_rows(candidate, holdout, rows=LEAST_ROWS, seed=SEED)
    with tempfile.TemporaryDirectory(prefix="perennial-package-") as name:
        folder = Path(name) / "package"
        engine = Engine.load(folder, manifest_sha256=packaged.write(folder))
    inputs = inputs_of(rows, packaged.manifest.layout)
    answers = {"row": _one_by_one(engine, inputs), "bulk": engine.score_bulk(inputs)}
    scores = candidate.score(rows)
    return compare(
        scores,
        candidate.decide(scores),
        answers,
        task=candidate.task,
        table=rows,
        personal=[field.name for field in packaged.contract.fields if field.personal],
        least_rows=LEAST_ROWS,
    )


def _one_by_one(engine: Engine, inputs: Inputs) -> Answers:
    """Ask as clients will: a runtime may take another way for one row than for many."""
    answers = [
        engine.score_rows(
            Inputs(
                inputs.numbers[row : row + 1],
                inputs.times[row : row + 1],
                inputs.texts[row : row + 1],
            )
        )
        for row in range(inputs.rows)
    ]
    decisions = [found.decisions for found in answers if found.decisions is not None]
    return Answers(
        np.concatenate([found.scores for found in answers]),
        np.concatenate(decisions) if decisions else None,
    )
