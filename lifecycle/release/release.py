"""A release: traffic moving from one version to another, its evidence and how it ended."""

from datetime import datetime
from typing import Literal

from lifecycle.release.declaration import Releasing, Strategy
from lifecycle.release.evidence import Findings
from lifecycle.release.plan import Plan
from lifecycle.section import Value
from lifecycle.verdict import Verdicts

State = Literal["moving", "keeping", "promoted", "rolled back", "compared", "kept", "stopped"]
"""`moving`: between its steps. `keeping`: all traffic is the challenger's, the version before
still stands by. Then it is over: `promoted`; `rolled back`; `compared` (a shadow has been seen);
`kept` (a test was decided for the champion, or reported only); `stopped` by hand."""

Action = Literal["hold", "advance", "promote", "roll back", "finish"]


class Design(Value):
    """The plan of a test, made before it begins.

    Parameters
    ----------
    baseline, deviation
        Of the metric without change; `source` says where they are from.
    units
        Of each arm, after which an effect of `effect` is found with `power`.
    days
        How long that takes at the present number of units a day; `None`: nobody can tell.
    mixing
        The standard deviation of the effects the sequential test is tuned to.
    told
        The decision rule, in sentences, fixed before the test begins.
    """

    metric: str
    baseline: float
    deviation: float
    source: str
    effect: float
    power: float
    false_positives: float
    units: int
    days: float | None = None
    mixing: float
    told: tuple[str, ...] = ()


class Release(Value):
    """One release as it is now; what it was is in the ledger.

    Parameters
    ----------
    champion, challenger
        Versions.
    champion_name, challenger_name
        What their running instances are called.
    by, why
        Who or what released it, and what for.
    policy
        The declaration it goes by, frozen at its beginning.
    step
        The place of the step it is at, from 0.
    stepped
        Since when it is at this step.
    verdicts
        What the rules said last; `judged` says when.
    waits
        What it waits for, in a sentence.
    ending
        Why it ended, or what it is going to.
    """

    number: int = 0
    project: str
    strategy: Strategy
    champion: str
    challenger: str
    champion_name: str = ""
    challenger_name: str = ""
    by: str
    why: str = ""
    policy: Releasing
    design: Design | None = None
    began: datetime
    state: State = "moving"
    step: int = 0
    stepped: datetime
    verdicts: Verdicts = Verdicts()
    judged: datetime | None = None
    waits: str = ""
    ended: datetime | None = None
    ending: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it goes on."""
        return self.state in ("moving", "keeping")

    @property
    def share(self) -> float:
        """The challenger's part of the step it is at (in a test: the part that is in it)."""
        if self.state in ("keeping", "promoted"):
            return 1.0
        shares = self.policy.shares
        return shares[min(self.step, len(shares) - 1)] if shares and self.is_open else 0.0


class Look(Value):
    """What was found at one moment of a release, and what followed from it."""

    release: int
    at: datetime
    step: int
    findings: Findings
    verdicts: Verdicts
    action: Action
    reason: str


class Next(Value):
    """What the rules say is to be done now.

    Parameters
    ----------
    reason
        A sentence: what was found, or what is waited for.
    """

    action: Action
    reason: str
    verdicts: Verdicts = Verdicts()


MovementKind = Literal[
    "deploy", "begin", "advance", "promote", "roll back", "finish", "stop", "readmit"
]
MovementState = Literal["intended", "done", "undone"]


class Movement(Value):
    """One entry of the ledger: traffic that was moved, or a decision about a version.

    Parameters
    ----------
    release
        The number of the release it belongs to, if any.
    version
        The version it is about.
    before, after
        Where requests went before, and after; `None`: nowhere.
    by, reason, verdicts
        Who or what decided, why, and on which verdicts.
    state
        `intended`: decided and not known to be done. `done`. `undone`: it did not happen.
    main
        The name of the instance users fall back on once it is done; empty: nothing answers.
    then
        What the release is once it is done.
    settled
        Whether all that follows from it is done: the registry says the same, and what is not
        needed any more has been stopped.
    """

    number: int = 0
    project: str
    release: int | None = None
    kind: MovementKind
    version: str
    at: datetime
    by: str
    reason: str = ""
    verdicts: Verdicts = Verdicts()
    before: Plan | None = None
    after: Plan | None = None
    main: str = ""
    then: Release | None = None
    state: MovementState = "intended"
    done_at: datetime | None = None
    settled: bool = False
