"""A decision about retraining, with its numbers; the negative ones are decisions as well."""

from datetime import datetime
from typing import Literal

from lifecycle.monitoring.span import Span
from lifecycle.section import Value
from lifecycle.verdict import Verdicts

ReasonKind = Literal["drift", "concept", "schedule", "new data", "by hand"]
Ending = Literal[
    "not due", "running", "won", "lost", "stopped", "broke", "approved", "rejected", "awaiting"
]


class Reason(Value):
    """Why a successor is wanted: `drift`, and one sentence a stranger understands.

    Parameters
    ----------
    windows
        Those it rests on, the newest last; they are no reason a second time.
    """

    kind: ReasonKind
    told: str
    windows: tuple[Span, ...] = ()


class WindowTrial(Value):
    """One training window that was tried on the newest rows: what came of it.

    Parameters
    ----------
    value
        `None` where it could not be tried; `reason` says why.
    low, high
        The interval of the value.
    gain, gain_low, gain_high
        How much better it is than the window that does best, in the metric's unit (so below
        zero), and its interval over the same rows; `None` for that one itself.
    """

    window: str
    start: datetime | None = None
    rows: int
    metric: str
    value: float | None
    low: float | None = None
    high: float | None = None
    gain: float | None = None
    gain_low: float | None = None
    gain_high: float | None = None
    reason: str = ""


class WindowChoice(Value):
    """Which rows are trained on and which are held out, and why."""

    window: str
    start: datetime | None
    end: datetime
    test_from: datetime | None
    reason: str
    trials: tuple[WindowTrial, ...] = ()


class Decision(Value):
    """One decision: what spoke for it, what against, and what came of it.

    Parameters
    ----------
    number
        In the order of decisions, from 1; 0 before it is recorded.
    as_of
        Until when events were looked at; `at` is when it was decided.
    triggers
        What was said of each declared reason: `pass` where it is one, `unknown` where there is
        no evidence.
    checks
        Cooldown, budget, labels, a run in work, news: what has to hold besides a reason.
    labels
        Labels that had come in all by then, so that the next decision can count new ones.
    ending
        `won`: it passed all gates, the one against the champion among them, and is the
        challenger; `awaiting`, `approved`, `rejected`: what was said to that; `lost`: a gate
        refused it; `stopped`: a data check did.
    version
        The version that was registered.
    settled, settled_by, remark
        When it came to its ending; who approved or rejected the version, and with what words.
    """

    number: int = 0
    project: str
    at: datetime
    as_of: datetime
    champion: str | None = None
    is_due: bool
    reasons: tuple[Reason, ...] = ()
    triggers: Verdicts = Verdicts()
    checks: Verdicts = Verdicts()
    labels: int = 0
    window: WindowChoice | None = None
    ending: Ending
    version: str | None = None
    run: str = ""
    told: str = ""
    by: str = ""
    settled: datetime | None = None
    settled_by: str = ""
    remark: str = ""
