"""What a candidate is compared with on the same rows: baselines, and the champion."""

from collections.abc import Iterable

import pyarrow as pa

from lifecycle.data.declaration import Data
from lifecycle.errors import DataError
from lifecycle.evaluation.answers import Answers, answer
from lifecycle.evaluation.baselines import constant_baseline, last_baseline
from lifecycle.evaluation.bootstrap import compare
from lifecycle.evaluation.evidence import Comparison, Missing
from lifecycle.evaluation.weighted import Numbers
from lifecycle.ports import Predictor

CANDIDATE, CHAMPION = "candidate", "champion"
Samples = dict[tuple[str, str], Numbers]


def answer_baselines(
    answers: Answers, train: pa.Table, test: pa.Table, data: Data
) -> tuple[dict[str, Answers], list[Missing]]:
    """Let the baselines answer: the constant one, and where there is time the last label."""
    name, constant = constant_baseline(answers, train, data.label.column)
    found = {name: constant}
    if data.time is None:
        return found, []
    if data.time not in train.column_names or data.time not in test.column_names:
        reason = f'The rows have no time column "{data.time}".'
        return found, [Missing(evidence="baseline last", reason=reason)]
    return {**found, "last": last_baseline(answers, train, test, data)}, []


def answer_champion(
    champion: Predictor | None, version: str | None, answers: Answers, test: pa.Table, label: str
) -> tuple[Answers | None, list[Missing]]:
    """Let the champion answer for the same rows, or tell why it cannot.

    A champion was made for the columns of its day. Whatever goes wrong with it here is missing
    evidence about a comparison, and must not keep the candidate from being evaluated.
    """
    if champion is None:
        gone = [] if version is None else [_missing(f"Version {version} could not be loaded.")]
        return None, gone
    if champion.task is not answers.task:
        return None, [_missing(f"It answers {champion.task.value} questions.")]
    try:
        return answer(champion, test, label), []
    except Exception as error:
        return None, [_missing(f"It cannot answer for these rows: {error}")]


def _missing(reason: str) -> Missing:
    return Missing(evidence=CHAMPION, reason=reason)


def compare_all(
    mine: Answers,
    rivals: dict[str, Answers],
    samples: Samples,
    metrics: Iterable[str],
    *,
    version: str | None,
    confidence: float,
) -> tuple[tuple[Comparison, ...], list[Missing]]:
    """Compare the candidate with each rival in each metric; what cannot be is told."""
    found: list[Comparison] = []
    missing: list[Missing] = []
    for against, theirs in rivals.items():
        name = CHAMPION if against == CHAMPION else f"baseline {against}"
        for metric in metrics:
            pair = samples.get((CANDIDATE, metric)), samples.get((against, metric))
            try:
                comparison = compare(
                    metric,
                    mine,
                    theirs,
                    pair,
                    against=against,
                    version=version if against == CHAMPION else None,
                    confidence=confidence,
                )
            except DataError as error:
                missing.append(Missing(evidence=f"{name} {metric}", reason=str(error)))
            else:
                found.append(comparison)
    return tuple(found), missing


def align(mine: Answers, theirs: Answers) -> tuple[Answers, Answers]:
    """Give the classes of two predictors the same numbers.

    Raises
    ------
    DataError
        If two binary predictors do not mean the same by their score.
    """
    classes = (*mine.classes, *(name for name in theirs.classes if name not in mine.classes))
    return mine.recode(classes), theirs.recode(classes)
