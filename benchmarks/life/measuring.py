"""How good scores were, by month."""

from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from adapters.events.observing import LABEL, SCORE, VERSION, observe
from benchmarks.life.place import month
from lifecycle.evaluation.answers import Answers, answer
from lifecycle.evaluation.metrics import compute
from lifecycle.modeling.candidate import Candidate
from lifecycle.serving.contract import Contract
from lifecycle.task import Task

METRICS = ("roc_auc", "log_loss")


def of_candidate(candidate: Candidate, table: pa.Table, label: str) -> dict[str, float]:
    """Measure a model on rows it is asked about here and now."""
    return figures(answer(candidate, table, label))


def of_served(events: Path, contract: Contract, number: int, *, as_of: datetime) -> dict[str, Any]:
    """Measure what was really answered in a month, whichever version it was."""
    found = observe(events, contract, since=month(number), until=month(number + 1), as_of=as_of)
    table = found.table.filter(found.table[LABEL].is_valid())
    truth = np.array([contract.classes.index(name) for name in table[LABEL].to_pylist()])
    scores = table[SCORE].to_numpy()
    decisions = (scores >= (contract.threshold or 0.5)).astype(int)
    answers = Answers(Task.BINARY, contract.classes, truth, scores, decisions)
    versions = sorted(set(table[VERSION].to_pylist()))
    return {**figures(answers), "version": ", ".join(versions), "share": found.counts.share}


def figures(answers: Answers) -> dict[str, float]:
    """Compute what the table shows."""
    return {metric: float(compute(metric, answers)) for metric in METRICS}
