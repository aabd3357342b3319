"""Trees grown by XGBoost, however they were put together, and how they answer."""

import json
import struct
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Self

import numpy as np
import xgboost as xgb

from lifecycle.modeling.families.family import Matrix, Question, Sample, Vector
from lifecycle.modeling.losses import SMALLEST
from lifecycle.task import Task

BINS = 256
"""Bins a feature is cut into, once for all trials: more did not pay on any table tried."""


@dataclass(frozen=True)
class TreeModel:
    """A booster and the step from the sum of its trees to a score.

    The score is `offset + scale * sum`, then for boosted classes the logistic function or
    softmax of it (`link`), while a forest's sum is a share already and is only kept inside
    (0, 1).
    """

    kind: ClassVar[str] = "trees"
    booster: xgb.Booster
    task: Task
    link: bool
    offset: float = 0.0
    scale: float = 1.0

    def predict(self, X: Matrix) -> Vector:
        """Score rows: P(second class) ``(rows,)``, ``(rows, classes)``, or values."""
        return self.answer(self.booster.inplace_predict(X, predict_type="margin"))

    def predict_binned(self, rows: xgb.DMatrix, rounds: int | None = None) -> Vector:
        """Score rows that were cut into bins already, by all rounds or the first few."""
        trees = (0, rounds or 0)
        return self.answer(self.booster.predict(rows, output_margin=True, iteration_range=trees))

    def answer(self, margin: Matrix) -> Vector:
        """Turn the sums of the trees into scores."""
        score = self.offset + self.scale * margin.astype(np.float64)
        if self.task is Task.REGRESSION:
            return np.asarray(score)
        if self.task is Task.BINARY:
            share = 1 / (1 + np.exp(-np.clip(score, -80, 80))) if self.link else score
            return np.clip(share, SMALLEST, 1 - SMALLEST)
        if self.link:
            score = np.exp(score - score.max(axis=1, keepdims=True))
        score = np.clip(score, SMALLEST, None)
        return np.asarray(score / score.sum(axis=1, keepdims=True))

    def dump(self) -> bytes:
        """Write the model down; the same model gives the same bytes."""
        head = json.dumps(
            {"task": self.task, "link": self.link, "offset": self.offset, "scale": self.scale}
        ).encode()
        return struct.pack("<I", len(head)) + head + bytes(self.booster.save_raw("ubj"))

    @classmethod
    def load(cls, content: bytes) -> Self:
        """Read what `dump` wrote."""
        (size,) = struct.unpack("<I", content[:4])
        head = json.loads(content[4 : 4 + size])
        booster = xgb.Booster()
        booster.load_model(bytearray(content[4 + size :]))
        return cls(booster=booster, **{**head, "task": Task(head["task"])})


def binned(
    sample: Sample, question: Question, reference: Sample | None = None
) -> xgb.QuantileDMatrix:
    """Cut the rows into bins, once for all trials; validation rows into those of training."""
    name = "binned" if reference is None else "binned like training"
    return sample.prepare(name, partial(_cut, sample, question, reference))


def label_scale(sample: Sample, question: Question) -> tuple[float, float]:
    """Give what the trees' labels are centred on and divided by: 0 and 1 for classes.

    Values of any size are brought to about one, where a 32-bit float and the penalties of
    the trees are at home.
    """
    if question.task is not Task.REGRESSION:
        return 0.0, 1.0
    centre = np.median(sample.y) if question.metric == "mae" else sample.y.mean()
    return float(centre), float(sample.y.std()) or 1.0


def _cut(sample: Sample, question: Question, reference: Sample | None) -> xgb.QuantileDMatrix:
    centre, spread = label_scale(reference or sample, question)
    return xgb.QuantileDMatrix(
        sample.X,
        label=(sample.y - centre) / spread,
        max_bin=BINS,
        nthread=question.threads,
        ref=None if reference is None else binned(reference, question),
    )
