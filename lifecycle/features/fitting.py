"""Fits the planned features on training rows, in the form a family of models wants them."""

from collections.abc import Sequence
from functools import cached_property
from typing import Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lifecycle.features.calendar import calendar_part
from lifecycle.features.columns import read_codes, read_numbers, read_seconds
from lifecycle.features.declaration import Features
from lifecycle.features.encoders import Calendar, Encoder, Lookup, Presence, Raw, Scaled, Waves
from lifecycle.features.numbers import Numbers
from lifecycle.features.plan import Feature
from lifecycle.features.target import encode_target
from lifecycle.section import Value

View = Literal["trees", "linear"]
"""Trees want values as they are, missing ones included; linear models filled and scaled."""

Matrix = NDArray[np.float32]


class FittedFeatures(Value):
    """Features as they were fitted: from a table to one dense matrix of 32-bit floats.

    Parameters
    ----------
    names
        The name of each feature, in the order of `encoders`; one may give several columns.
    """

    view: View
    names: tuple[str, ...]
    encoders: tuple[Encoder, ...]

    @cached_property
    def width(self) -> int:
        """Number of columns of the matrix."""
        return sum(encoder.width for encoder in self.encoders)

    @cached_property
    def spans(self) -> dict[str, slice]:
        """Which columns of the matrix each feature gives."""
        ends = np.cumsum([encoder.width for encoder in self.encoders]).tolist()
        return {
            name: slice(end - encoder.width, end)
            for name, encoder, end in zip(self.names, self.encoders, ends, strict=True)
        }

    def transform(self, table: pa.Table) -> Matrix:
        """Encode rows, shape ``(rows, width)``."""
        matrix = np.empty((table.num_rows, self.width), dtype=np.float32)
        self._numbers.encode(table, matrix)
        for encoder, span in self._others:
            encoder.encode(table, matrix[:, span])
        return matrix

    @cached_property
    def _numbers(self) -> Numbers:
        spans = zip(self.encoders, self.spans.values(), strict=True)
        pairs = [(one, span.start) for one, span in spans if isinstance(one, Raw | Scaled)]
        return Numbers.gather([one for one, _ in pairs], [start for _, start in pairs])

    @cached_property
    def _others(self) -> list[tuple[Lookup | Calendar | Waves | Presence, slice]]:
        spans = zip(self.encoders, self.spans.values(), strict=True)
        return [(one, span) for one, span in spans if not isinstance(one, Raw | Scaled)]


def fit_features(
    table: pa.Table,
    labels: NDArray[np.float64],
    plan: Sequence[Feature],
    *,
    view: View,
    features: Features,
    seed: int,
) -> tuple[FittedFeatures, Matrix]:
    """Fit the planned features and encode the training rows.

    The matrix returned differs from `transform` of the same rows in target-encoded columns
    only: there each row is encoded without its own label.

    Parameters
    ----------
    labels
        What target encoding averages, shape ``(rows, width)``: the label itself, or for
        several classes one column of zeros and ones for each.
    """
    fitted = [_fit(table, labels, feature, view, features, seed) for feature in plan]
    state = FittedFeatures(
        view=view,
        names=tuple(feature.name for feature in plan),
        encoders=tuple(encoder for encoder, _ in fitted),
    )
    matrix = state.transform(table)
    for (_, training), span in zip(fitted, state.spans.values(), strict=True):
        if training is not None:
            matrix[:, span] = training
    return state, matrix


def _fit(
    table: pa.Table,
    labels: NDArray[np.float64],
    feature: Feature,
    view: View,
    features: Features,
    seed: int,
) -> tuple[Encoder, Matrix | None]:
    column = feature.columns[0]
    if feature.kind == "category":
        limit = features.one_hot if view == "linear" else features.one_hot_trees
        if feature.values and feature.distinct <= limit:
            return _one_hot(feature), None
        return _fit_target(table, labels, feature, view, features, seed)
    if feature.kind == "presence":
        return Presence(kind="presence", column=column), None
    if feature.kind == "number":
        if view == "trees":
            return Raw(kind="raw", column=column), None
        return _fit_scaled(read_numbers(table, column), feature), None
    if feature.part is None:
        raise ValueError(f"{feature.name} names no part of its time")
    if view == "linear" and feature.part != "year":
        return Waves(kind="waves", column=column, part=feature.part, harmonics=3), None
    if view == "linear":
        return _fit_year(table, feature), None
    return Calendar(kind="calendar", column=column, part=feature.part), None


def _fit_year(table: pa.Table, feature: Feature) -> Calendar:
    """Centre and scale a part of time that does not come round again."""
    seconds, missing = read_seconds(table, feature.columns[0])
    years = calendar_part(seconds, "year").astype(np.float64)[~missing]
    known = years if len(years) else np.zeros(1)
    deviation = float(known.std())
    return Calendar(
        kind="calendar",
        column=feature.columns[0],
        part="year",
        fill=float(np.median(known)),
        centre=float(known.mean()),
        scale=1 / deviation if deviation > 0 else 0.0,
    )


def _one_hot(feature: Feature) -> Lookup:
    size = len(feature.values)
    rows = np.eye(size).tolist()
    return Lookup(
        kind="lookup",
        columns=feature.columns,
        values=feature.values,
        numbers=tuple(map(tuple, rows)),
        other=(0.0,) * size,
    )


def _fit_scaled(numbers: Matrix, feature: Feature) -> Scaled:
    known = numbers[~np.isnan(numbers)].astype(np.float64)
    if len(known) == 0:
        known = np.zeros(1)
    low, fill, high = np.quantile(known, [0.001, 0.5, 0.999])
    filled = np.clip(np.where(np.isnan(numbers), fill, numbers), low, high)
    deviation = float(filled.std()) if len(filled) else 0.0
    is_constant = deviation <= 1e-7 * max(abs(low), abs(high))
    return Scaled(
        kind="scaled",
        column=feature.columns[0],
        low=float(low),
        high=float(high),
        fill=float(fill),
        centre=float(filled.mean()) if len(filled) else 0.0,
        scale=0.0 if is_constant else 1 / deviation,
        flag=feature.missing,
    )


def _fit_target(
    table: pa.Table,
    labels: NDArray[np.float64],
    feature: Feature,
    view: View,
    features: Features,
    seed: int,
) -> tuple[Lookup, Matrix]:
    codes, values = read_codes(table, feature.columns)
    counts = np.bincount(codes, minlength=len(values))
    kept = np.flatnonzero(counts >= features.rare)
    kept = kept[np.argsort([values[code] for code in kept], kind="stable")]
    place = np.full(len(values), len(kept))
    place[kept] = np.arange(len(kept))
    encoded, training = encode_target(place[codes], len(kept) + 1, labels, seed=seed)
    if view == "linear":
        encoded, training = _straighten(encoded, training, labels)
    numbers = encoded.astype(np.float32).astype(float).tolist()
    lookup = Lookup(
        kind="lookup",
        columns=feature.columns,
        values=tuple(values[code] for code in kept),
        numbers=tuple(map(tuple, numbers[:-1])),
        other=tuple(numbers[-1]),
    )
    return lookup, training.astype(np.float32)


def _straighten(
    encoded: NDArray[np.float64], training: NDArray[np.float64], labels: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Bring target encodings onto the scale a linear model adds on: log odds, standardised."""
    if ((labels == 0) | (labels == 1)).all():
        encoded, training = (
            np.log(np.clip(part, 1e-4, 1 - 1e-4) / (1 - np.clip(part, 1e-4, 1 - 1e-4)))
            for part in (encoded, training)
        )
    centre, deviation = training.mean(axis=0), training.std(axis=0)
    scale = np.where(deviation > 1e-9, 1 / np.maximum(deviation, 1e-9), 0.0)
    return (encoded - centre) * scale, (training - centre) * scale
