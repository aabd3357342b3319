"""Writes what reasons are made from; runs where a version is packaged, not where it answers."""

from lifecycle.modeling.candidate import Candidate
from lifecycle.serving.contract import Contract, Layout
from lifecycle.serving.dissection import dissect, typical_row


def reasons_file(candidate: Candidate, contract: Contract, layout: Layout) -> bytes:
    """Give what `reasons.npz` holds: the model's trees as boxes, against the typical row.

    Raises
    ------
    DataError
        If the model holds trees that answer by other rules than plain ones.
    """
    return dissect(candidate, typical_row(contract, layout)).dump()
