"""The served model: rows in, answers and reasons out.

Few rows go through one graph from raw row to answer. Many go through the graph that encodes
them, the boosters themselves, and the graph that finishes: the same numbers, sooner.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adapters.inference.booster import Booster
from adapters.inference.graph import Graph, Tensors
from adapters.inference.memory import give_back_memory
from adapters.inference.package import Package, PackageError, read_package
from lifecycle.serving.contract import Contract
from lifecycle.serving.inputs import Answers, Inputs, Reason
from lifecycle.serving.manifest import FEATURES, FINISH, REASONS, ROW, Manifest
from lifecycle.serving.reasons import Ensemble, Explainer, carry, rank, settle
from lifecycle.task import Task

BULK_FROM = 256
"""From so many rows on the boosters answer. Where they overtake the row graph depends on the
model: at 50 rows (615 small trees for five classes) up to 900 (one booster of 115 stumps); see
`benchmarks.bulk`. In between, neither way costs half as much again as the other."""

ROWS_AT_ONCE = 16_384
"""Rows encoded together: what is in between stays small, however many are asked for."""

Vector = NDArray[np.float64]


class Engine:
    """A packaged version, ready to answer; may be asked from several threads.

    Parameters
    ----------
    package
        A package whose every byte was checked.
    threads
        How many threads work on many rows; a single row is one thread's work.
    """

    def __init__(self, package: Package, *, threads: int = 1) -> None:
        self.manifest: Manifest = package.manifest
        self.contract: Contract = package.contract
        layout = self.manifest.layout
        self._inputs = tuple(
            name for name in ("numbers", "times", "texts") if getattr(layout, name)
        )
        self._views = tuple(dict.fromkeys(part.view for part in self.manifest.parts))
        has_linear = any(part.booster is None for part in self.manifest.parts)
        self._encoded = (*self._views, *(("linear_margins",) if has_linear else ()))
        has_decision = self.manifest.task is not Task.REGRESSION
        self._answer = ("score", "decision") if has_decision else ("score",)
        self._load(package, threads)
        self._explain_from(Ensemble.load(package[REASONS]))

    @classmethod
    def load(
        cls, folder: Path, *, manifest_sha256: str | None = None, threads: int = 1
    ) -> "Engine":
        """Load a package after every byte of it has been checked.

        Parameters
        ----------
        manifest_sha256
            What the manifest's hash has to be, where it is known.

        Raises
        ------
        TamperedError
            If anything has changed since it was packaged.
        PackageError
            If it is no package, or its parts do not fit one another.
        """
        engine = cls(read_package(folder, manifest_sha256=manifest_sha256), threads=threads)
        give_back_memory()
        return engine

    def score(self, inputs: Inputs) -> Answers:
        """Answer for rows, in the way that is faster for so many of them."""
        return self.score_rows(inputs) if inputs.rows < BULK_FROM else self.score_bulk(inputs)

    def score_rows(self, inputs: Inputs) -> Answers:
        """Answer for rows by the row graph."""
        if inputs.rows == 0:  # a graph cannot be asked about nothing
            return self._nothing
        return _answers(self._row.run(self._answer, self._feed(inputs)))

    def score_bulk(self, inputs: Inputs) -> Answers:
        """Answer for rows by the boosters; a model without any is quicker by the row graph."""
        if inputs.rows == 0 or not any(self._boosters):
            return self.score_rows(inputs)
        parts = [self._finished(self._margins(part)) for part in _cut(inputs)]
        return _answers([np.concatenate(arrays) for arrays in zip(*parts, strict=True)])

    def reasons(self, inputs: Inputs, place: int, top: int) -> tuple[tuple[Reason, ...], float]:
        """Tell which columns moved the score of one row most, and the typical row's score.

        For several classes, it is the score of the class that was decided on.

        Parameters
        ----------
        place
            Which of the rows.
        top
            How many reasons at most.

        Raises
        ------
        ReasonsError
            If the reasons do not add up to the score.
        """
        row = _slice(inputs, place, place + 1)
        scores, (margins,) = self._row.run(("score", "margins"), self._feed(row))
        score, reference = scores.reshape(-1), self._reference_score
        decided = int(score.argmax())  # 0 where there is but one score
        moved, start = float(score[decided] - reference[decided]), self._reference_margins
        slopes = carry(lambda points: self._end(points)[:, decided], start, margins, moved)
        contributions = self._explainer.explain(**self._views_of(row), slopes=slopes)
        size = float(np.abs(slopes) @ (np.abs(start) + np.abs(margins)))
        settled = settle(contributions, moved, size=size)
        return rank(self._explainer.players, settled, top), float(reference[decided])

    def _load(self, package: Package, threads: int) -> None:
        self._row = Graph(
            package[ROW], ROW, inputs=self._inputs, outputs=(*self._answer, "margins")
        )
        self._features = Graph(
            package[FEATURES],
            FEATURES,
            inputs=self._inputs,
            outputs=self._encoded,
            threads=threads,
        )
        self._finish = Graph(package[FINISH], FINISH, inputs=("margins",), outputs=self._answer)
        self._boosters = [
            None if part.booster is None else Booster.load(package[part.booster], threads)
            for part in self.manifest.parts
        ]
        for part, booster in zip(self.manifest.parts, self._boosters, strict=True):
            if booster is not None and booster.outputs != self.manifest.outputs:
                raise PackageError(
                    f"{part.booster} gives {booster.outputs} margins a row, its manifest wants "
                    f"{self.manifest.outputs}. Package the version again."
                )

    def _explain_from(self, ensemble: Ensemble) -> None:
        """Get the typical row answered and taken apart, which warms every part up as well."""
        typical = ensemble.reference
        scores, margins = self._row.run(("score", "margins"), self._feed(typical))
        self._reference_score, self._reference_margins = scores.reshape(-1), margins[0]
        one = self.score_bulk(typical)
        decisions = None if one.decisions is None else one.decisions[:0]
        self._nothing = Answers(one.scores[:0], decisions)
        self._explainer = Explainer(ensemble, **self._views_of(typical))
        self.reasons(typical, 0, 1)

    def _feed(self, inputs: Inputs) -> Tensors:
        return {name: getattr(inputs, name) for name in self._inputs}

    def _views_of(self, row: Inputs) -> dict[str, NDArray[np.float32] | None]:
        encoded = self._features.run(self._views, self._feed(row))
        found = dict(zip(self._views, encoded, strict=True))
        return {view: found[view][0] if view in found else None for view in ("trees", "linear")}

    def _margins(self, inputs: Inputs) -> Vector:
        """Give the margins of all members, one member after the other."""
        encoded = dict(
            zip(
                self._encoded,
                self._features.run(self._encoded, self._feed(inputs)),
                strict=True,
            )
        )
        outputs, linear = self.manifest.outputs, 0
        margins = np.empty((inputs.rows, outputs * len(self._boosters)), dtype=np.float64)
        for place, (part, booster) in enumerate(
            zip(self.manifest.parts, self._boosters, strict=True)
        ):
            span = slice(place * outputs, (place + 1) * outputs)
            if booster is not None:
                margins[:, span] = booster.margins(encoded[part.view])
            else:
                margins[:, span] = encoded["linear_margins"][:, linear : linear + outputs]
                linear += outputs
        return margins

    def _finished(self, margins: Vector) -> list[NDArray[Any]]:
        return self._finish.run(self._answer, {"margins": margins})

    def _end(self, margins: Vector) -> Vector:
        """Give the scores of margins, always with a column for each class."""
        (scores,) = self._finish.run(("score",), {"margins": margins})
        return scores.reshape(len(margins), -1)


def _answers(arrays: list[NDArray[Any]]) -> Answers:
    return Answers(arrays[0], arrays[1] if len(arrays) > 1 else None)


def _cut(inputs: Inputs) -> Iterator[Inputs]:
    for start in range(0, inputs.rows, ROWS_AT_ONCE):
        yield _slice(inputs, start, start + ROWS_AT_ONCE)


def _slice(inputs: Inputs, start: int, stop: int) -> Inputs:
    return Inputs(inputs.numbers[start:stop], inputs.times[start:stop], inputs.texts[start:stop])
