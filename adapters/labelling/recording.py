"""Labels written into the event log, unless it says the same already."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from adapters.admission import mask_secret
from adapters.events.log import EventLog
from adapters.events.matching import Strays, among, unknown
from adapters.events.naming import KeyNames, Names, row_names
from adapters.events.reading import LABELS
from adapters.events.twins import label_twins
from lifecycle.data.declaration import ColumnType
from lifecycle.project.project import Project
from lifecycle.serving.contract import Contract
from lifecycle.serving.declaration import Events
from lifecycle.serving.events import Mask, Truth, canonical, label_lines

MASK = "PERENNIAL_MASK"
"""The variable a service reads the secret of its pseudonyms from."""

BLOCK = 5_000
"""Lines written in one piece: all of them are there afterwards, or none."""


@dataclass(frozen=True)
class Recorded:
    """What became of some truths.

    Parameters
    ----------
    written
        Lines added to the log.
    known
        Truths the log said already, word for word, by the same name, and nothing else since.
    unmatched
        Of those written, how many name no prediction of the log so far.
    """

    written: int = 0
    known: int = 0
    unmatched: int = 0


def mask_for(project: Project, contract: Contract, *, state: Path) -> Mask:
    """Give the mask the service of a project writes with.

    The secret is `PERENNIAL_MASK` where that is set, for services that run elsewhere; else that
    of the state folder.
    """
    serving = project.serving
    secret = os.environ.get(MASK) or mask_secret(serving, project.name, state=state)
    return Mask(contract, serving.events.personal, secret=secret.encode() if secret else None)


def names_of(truths: Sequence[Truth], contract: Contract, mask: Mask) -> Names:
    """Name what some truths are about, as the log does: zero where a key is not whole."""
    keys = [None if truth.key is None else mask(truth.key) for truth in truths]
    names = np.zeros(len(truths), dtype=np.uint64)
    by_key = [place for place, key in enumerate(keys) if key is not None]
    by_row = [place for place, key in enumerate(keys) if key is None]
    names[by_key] = KeyNames(contract).of([keys[place] or {} for place in by_key])
    names[by_row] = row_names(
        [truths[place].request_id or "" for place in by_row],
        [truths[place].row or 0 for place in by_row],
    )
    return names


def standing(folder: Path, contract: Contract, names: Names) -> list[str | None]:
    """Give the label the log tells last under each of some names, as text."""
    wanted, places = np.unique(names, return_inverse=True)
    latest = np.full(len(wanted), np.iinfo(np.int64).min)
    texts = np.full(len(wanted), None, dtype=object)
    for twin in label_twins(folder, contract) if len(wanted) else ():
        hits = np.flatnonzero(among(twin.numbers("name"), wanted))
        at = twin.numbers("at")[hits]
        order = np.argsort(at, kind="stable")
        hits, at = hits[order], at[order]
        found = np.searchsorted(wanted, twin.numbers("name")[hits])
        is_later = at >= latest[found]
        hits, at, found = hits[is_later], at[is_later], found[is_later]
        latest[found] = at  # of several at one place, the last is kept
        texts[found] = twin.table["label"].take(pa.array(hits)).to_pylist()
    told: list[str | None] = texts[places].tolist()
    return told


def record(
    truths: Sequence[Truth],
    *,
    folder: Path,
    contract: Contract,
    mask: Mask,
    at: datetime,
    by: str,
    request_id: str,
    settings: Events,
) -> Recorded:
    """Write truths that the log does not say already.

    They are written in blocks, each of which is there as a whole or not at all. Broken off, and
    done again, nothing is there twice: what is there already is not written again.

    Raises
    ------
    CannotRecordError
        If the log cannot be written; what was written until then stays.
    """
    if not truths:
        return Recorded()
    names = names_of(truths, contract, mask)
    texts = [_text(truth) for truth in truths]
    before = standing(folder, contract, names)
    _, first = np.unique(names, return_index=True)
    is_first = np.zeros(len(names), dtype=bool)
    is_first[first] = True
    is_new = np.array([text != old for text, old in zip(texts, before, strict=True)])
    new = np.flatnonzero(is_new & is_first)
    with EventLog(folder, settings, name=LABELS) as log:
        for start in range(0, len(new), BLOCK):
            block = [truths[place] for place in new[start : start + BLOCK].tolist()]
            log.write(label_lines(request_id=request_id, at=at, by=by, truths=block, mask=mask))
    written = [truths[place] for place in new.tolist()]
    return Recorded(
        written=len(new),
        known=len(truths) - len(new),
        unmatched=_count_unmatched(written, names[new], folder, contract),
    )


def _text(truth: Truth) -> str | None:
    return canonical(truth.label, ColumnType.TEXT)


def _count_unmatched(
    truths: Sequence[Truth], names: Names, folder: Path, contract: Contract
) -> int:
    bare: NDArray[np.bool_] = np.array([t.key is None and t.row is None for t in truths], bool)
    return int(unknown(folder, contract, Strays(names, bare), as_of=None).sum())
