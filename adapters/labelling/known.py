"""How much is known of the latest windows."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pyarrow.compute as pc

from adapters.events.observing import AT, LABEL, observe
from adapters.events.twins import prediction_twins
from lifecycle.monitoring.evidence import Counted
from lifecycle.monitoring.span import Length, Span, span_of
from lifecycle.serving.contract import Contract


@dataclass(frozen=True)
class Known:
    """What is known of one window.

    Parameters
    ----------
    oldest
        When the earliest prediction without a label was made; `None` where all have one.
    """

    span: Span
    counts: Counted
    oldest: datetime | None


def known(
    folder: Path, contract: Contract, *, length: Length, windows: int, now: datetime
) -> tuple[Known, ...]:
    """Look at the latest windows in which anything was predicted, in the order of time."""
    spans: dict[datetime, Span] = {}
    for twin in prediction_twins(folder, contract):
        for moment in pc.unique(pc.floor_temporal(twin.table["at"], unit="minute")).to_pylist():
            span = span_of(moment, length)
            spans[span.start] = span
    return tuple(reversed([*_latest(folder, contract, spans, windows=windows, now=now)]))


def _latest(
    folder: Path, contract: Contract, spans: dict[datetime, Span], *, windows: int, now: datetime
) -> Iterator[Known]:
    left = windows
    for start in sorted(spans, reverse=True):
        if not left:
            return
        span = spans[start]
        found = observe(folder, contract, since=span.start, until=span.end, as_of=now)
        if found.counts.predictions:
            left -= 1
            without = found.table.filter(pc.is_null(found.table[LABEL]))[AT]
            yield Known(span, found.counts, pc.min(without).as_py())
