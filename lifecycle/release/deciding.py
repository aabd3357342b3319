"""What is to be done now: a state machine that knows only what it is given."""

from datetime import datetime, timedelta
from typing import NamedTuple

from lifecycle.release.answers import judge_answers
from lifecycle.release.evidence import Findings
from lifecycle.release.guard import judge_guards
from lifecycle.release.judging.wording import length, many, percent
from lifecycle.release.release import Action, Next, Release
from lifecycle.release.testing.concluding import waits
from lifecycle.verdict import Outcome, Verdict, Verdicts


def judge(release: Release, findings: Findings) -> Verdicts:
    """Ask all rules that a release is judged by where it is now.

    Canary: guard rails and answers. Shadow: the same, as information. Blue-green, A/B test and
    whatever has been promoted: guard rails; a test has rules of its own beside them. What is
    declared of false alarms holds for the whole release: each of its steps has a part of it.

    Examples
    --------
    >>> from lifecycle.release.declaration import Releasing
    >>> noon = datetime.fromisoformat("2026-01-01T12:00:00+00:00")
    >>> release = Release(
    ...     project="p", strategy="canary", champion="1", challenger="2", by="ann",
    ...     policy=Releasing(), began=noon, stepped=noon,
    ... )
    >>> [found.rule for found in judge(release, Findings(at=noon, since=noon))]
    ... # doctest: +NORMALIZE_WHITESPACE
    ['error rate', 'slower', 'turned away', 'lag', 'alive', 'agreement', 'score distance',
     'performance']
    """
    policy, is_keeping = release.policy, release.state == "keeping"
    stretches = 1 if release.strategy == "shadow" else len(policy.shares) + 1
    guards = judge_guards(findings, policy.guard, is_keeping=is_keeping, stretches=stretches)
    if is_keeping or release.strategy not in ("canary", "shadow"):
        return Verdicts(guards)
    answers = judge_answers(
        findings,
        policy.evidence,
        false_alarms=policy.guard.false_alarms / stretches,
        is_last=_is_last(release),
    )
    return Verdicts((*guards, *answers))


def decide(
    release: Release,
    findings: Findings,
    verdicts: Verdicts,
    *,
    now: datetime,
    conclusion: Next | None = None,
) -> Next:
    """Say what is to be done with a release now, and why.

    =============  ==========================================================================
    `roll back`    any verdict fails, or a step could not be judged for `patience` after `hold`
    `advance`      the step was held, long and often enough, and no verdict blocks
    `promote`      the same, and it was the last step; of a test: its conclusion says so
    `finish`       the version before was kept long enough; a shadow was seen; a test is over
    `hold`         all else, with what it waits for
    =============  ==========================================================================

    Nobody asking is no evidence: a step nobody has asked goes back in the end, as one that is
    not known to be good. A shadow serves nobody and never goes back. After a promotion nothing
    has to be shown any more, so `unknown` holds nothing up there; only a version that is known
    not to live is not left alone. A clock that was put back counts as no time at all.

    Parameters
    ----------
    verdicts
        Of this moment: what `judge` gives, and of a test its own (such as a sample-ratio
        mismatch) beside them.
    conclusion
        What the rule of an A/B test says; `None`: the test goes on. It promotes at the last
        share only; it ends the test at any.

    Examples
    --------
    >>> from lifecycle.release.declaration import Releasing
    >>> from lifecycle.release.evidence import Traffic
    >>> noon = datetime.fromisoformat("2026-01-01T12:00:00+00:00")
    >>> release = Release(
    ...     project="p", strategy="canary", champion="1", challenger="2", by="ann",
    ...     policy=Releasing(), began=noon, step=1, stepped=noon,
    ... )
    >>> seen = Traffic(version="2", requests=288, failed=0)
    >>> findings = Findings(at=noon, since=noon, challenger=seen)
    >>> now = noon + timedelta(minutes=5, seconds=50)
    >>> found = decide(release, findings, Verdicts(), now=now)
    >>> print(found.action, "|", found.reason)
    hold | Step 2 of 3 (25%) waits for 4 min 10 s and 212 requests more.
    """
    if not release.is_open:
        return Next(action="hold", reason=f"The release is over: {release.state}.")
    view = _View(release, findings, verdicts, max(timedelta(0), now - release.stepped))
    if release.strategy == "shadow":
        return view.say(*_decide_shadow(view))
    failed = [found for found in verdicts if found.outcome is Outcome.FAIL]
    if failed:
        return view.say("roll back", _join(failed))
    if release.state == "keeping":
        return view.say(*_decide_keeping(view))
    if release.strategy == "ab":
        return view.say(*_decide_test(view, conclusion))
    return view.say(*_decide_step(view))


_Said = tuple[Action, str]


class _View(NamedTuple):
    """What is decided about: a release, what was found, and how long its step has lasted."""

    release: Release
    findings: Findings
    verdicts: Verdicts
    lasted: timedelta

    def say(self, action: Action, reason: str) -> Next:
        return Next(action=action, reason=reason, verdicts=self.verdicts)

    @property
    def requests(self) -> int:
        challenger = self.findings.challenger
        return 0 if challenger is None else challenger.requests

    @property
    def unknown(self) -> tuple[Verdict, ...]:
        return tuple(each for each in self.verdicts if each.outcome is Outcome.UNKNOWN)

    @property
    def missing(self) -> list[str]:
        """How long and how many requests are missing, in words."""
        hold, requests = self.release.policy.held
        found = [length(hold - self.lasted)] if self.lasted < hold else []
        if self.requests < requests:
            found.append(many(requests - self.requests, "request"))
        return found

    @property
    def is_overdue(self) -> bool:
        """Whether it waits for longer than it is to be waited for."""
        hold, _ = self.release.policy.held
        return self.lasted > hold + self.release.policy.patience

    @property
    def place(self) -> str:
        """Which step it is at; nothing of a release that has none."""
        shares = self.release.policy.shares
        if not shares:
            return "It"
        step = min(self.release.step, len(shares) - 1)
        return f"Step {step + 1} of {len(shares)} ({percent(shares[step])})"


def _decide_step(view: _View) -> _Said:
    """Hold a step until it was seen long and often enough and all is known; then go on."""
    if not view.release.policy.shares:
        return "promote", "There is no step before the whole."
    if not view.missing and not view.unknown:
        return _go_on(view)
    if view.is_overdue:
        return "roll back", _tell_overdue(view)
    return "hold", _tell_waiting(view)


def _go_on(view: _View) -> _Said:
    held = (
        f"{view.place} was held for {length(view.lasted)} and "
        f"{many(view.requests, 'request')}, and no rule objects"
    )
    if not _is_last(view.release):
        return "advance", f"{held}."
    return "promote", f"{held}; it was the last one."


def _decide_test(view: _View, conclusion: Next | None) -> _Said:
    """Move a test through its shares; what it has shown is decided by its own rule."""
    if conclusion is not None and conclusion.action in ("roll back", "finish"):
        return conclusion.action, conclusion.reason
    if not _is_last(view.release):
        return _decide_step(view)
    if conclusion is None:
        also = f" {_tell_waiting(view)}" if view.missing or view.unknown else ""
        return "hold", _tell_test(view) + also
    if conclusion.action != "promote":
        return "hold", conclusion.reason
    if not view.missing and not view.unknown:
        return "promote", conclusion.reason
    if view.is_overdue and _is_overlong(view):
        return "roll back", f"The test has been won, and still: {_tell_overdue(view)}"
    return "hold", f"{conclusion.reason} Before it is promoted: {_tell_waiting(view)}"


def _tell_test(view: _View) -> str:
    """Say what a test that goes on waits for."""
    release, figures = view.release, view.findings.test
    design, test = release.design, release.policy.test
    if design is None or test is None or figures is None:
        return "The units of the test have not been counted yet."
    return waits(figures, design, test, began=release.began, now=release.stepped + view.lasted)


def _is_overlong(view: _View) -> bool:
    """Tell whether a test has taken longer than it may, and patience is over as well."""
    test, release = view.release.policy.test, view.release
    began = release.stepped + view.lasted - release.began
    return test is not None and began > test.most + release.policy.patience


def _decide_shadow(view: _View) -> _Said:
    hold, requests = view.release.policy.held
    failed = [found for found in view.verdicts if found.outcome is Outcome.FAIL]
    told = f"The shadow was compared for {length(view.lasted)}, {many(view.requests, 'request')}"
    if failed:
        told = f"{told}; it would have been stopped in a canary: {_join(failed)}"
    if not view.missing:
        return "finish", _end(told)
    if view.is_overdue:
        wanted = f"{many(requests, 'request')} were to be compared within {length(hold)}"
        return "finish", _end(f"{told}. No more have come, although {wanted}")
    return "hold", f"The shadow waits for {' and '.join(view.missing)} more."


def _decide_keeping(view: _View) -> _Said:
    release = view.release
    left = release.policy.keep - view.lasted
    if left > timedelta(0):
        return "hold", f"Version {release.champion} stands by for {length(left)} more."
    challenger = view.findings.challenger
    if challenger is not None and challenger.is_alive is False:
        return "hold", (
            f"Version {release.champion} stands by for longer than declared: version "
            f"{release.challenger} does not answer when it is asked whether it lives."
        )
    return "finish", (
        f"Version {release.challenger} has answered everything for {length(view.lasted)}, and no "
        f"rule objects; version {release.champion} is needed no longer."
    )


def _tell_waiting(view: _View) -> str:
    """Say exactly what a step waits for."""
    unknown = "; ".join(_tell_unknown(each) for each in view.unknown)
    if not view.missing:
        return _end(f"{view.place} waits: {unknown}")
    told = f"{view.place} waits for {' and '.join(view.missing)} more"
    return _end(f"{told}; {unknown}" if unknown else told)


def _tell_overdue(view: _View) -> str:
    """Say what could not be told in all that time, and what to do about it."""
    _, requests = view.release.policy.held
    told = f"{view.place} could not be judged within {length(view.lasted)}"
    why = [_tell_unknown(each) for each in view.unknown]
    if view.requests < requests:
        why.insert(0, (
            f"only {view.requests:,} of {many(requests, 'request')} came, and nobody asking is no "
            "evidence (declare more release.patience or fewer release.requests, or release when "
            "people ask)"
        ))  # fmt: skip
    return _end(f"{told}: {'; '.join(why)}")


def _tell_unknown(verdict: Verdict) -> str:
    return f"{verdict.rule} is not known yet: {verdict.reason.rstrip('.')}"


def _join(verdicts: list[Verdict]) -> str:
    return " ".join(f"{each.rule}: {each.reason}" for each in verdicts)


def _end(told: str) -> str:
    return f"{told.rstrip('.')}."


def _is_last(release: Release) -> bool:
    return release.step >= len(release.policy.shares) - 1
