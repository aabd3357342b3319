"""What a review comes to, in words: the same at a terminal and at the top of a page."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import chain, zip_longest

from adapters.report.headline import Ending
from adapters.report.monitoring.alarms import gravity
from lifecycle.governance import figures
from lifecycle.monitoring.alert import Alert
from lifecycle.monitoring.alerts.severity import CRITICAL
from lifecycle.monitoring.evidence import Counted
from lifecycle.monitoring.review import Cause, Review
from lifecycle.retraining.decision import Decision
from lifecycle.verdict import Outcome, Verdict

GRAVEST = (Outcome.FAIL, Outcome.UNKNOWN, Outcome.WARN, Outcome.PASS)
"""The order in which outcomes are told."""

OF_THE_SERVICE = (
    Cause.SERVICE,
    Cause.ERRORS,
    Cause.LATENCY,
    Cause.SATURATION,
    Cause.EVENTS,
    Cause.DISK,
    Cause.MEMORY,
    Cause.MONITORING,
)
"""Causes that a better model would not cure; all others make a version stale."""

_WRONG = {
    Cause.DATA: "the rows that are asked about have moved",
    Cause.PREDICTION: "its scores have moved",
    Cause.CONCEPT: "its answers have become worse",
    Cause.CALIBRATION: "what it expects no longer comes true",
    Cause.GROUPS: "some groups are answered worse than before",
    Cause.SLOW: "it has been getting worse little by little",
    Cause.AGE: "what it learnt from is too old",
    Cause.LATENCY: "it answers too slowly",
    Cause.ERRORS: "it fails too many requests",
    Cause.SATURATION: "it is too busy",
    Cause.EVENTS: "its event log has gaps or lags",
    Cause.DISK: "the disk is nearly full",
    Cause.MEMORY: "it takes too much memory",
    Cause.SERVICE: "it does not answer",
    Cause.MONITORING: "it could not be watched",
}


_TOLD = 3
"""Of what makes a version stale so much is told in words, the rest by name."""


def worst(outcomes: Iterable[Outcome | None]) -> Outcome | None:
    """Give the gravest of some outcomes; of none, nothing.

    Examples
    --------
    >>> worst([Outcome.PASS, None, Outcome.UNKNOWN]).value
    'unknown'
    """
    found = set(outcomes)
    return next((outcome for outcome in GRAVEST if outcome in found), None)


def outcome_of(review: Review) -> Outcome | None:
    """Give the gravest outcome of a review; `None` where no rule was asked."""
    return worst(found.verdict.outcome for found in review.findings)


def outcome_word(review: Review) -> str:
    """Name the gravest outcome of a review; where no rule was asked it is unknown."""
    return (outcome_of(review) or Outcome.UNKNOWN).value


def causes(review: Review) -> list[tuple[str, Outcome]]:
    """Sum up each cause that was looked at, the gravest first."""
    found = [(cause.value, review.outcome(cause)) for cause in Cause]
    known = [(cause, outcome) for cause, outcome in found if outcome is not None]
    return sorted(known, key=lambda pair: GRAVEST.index(pair[1]))


def standing_out(review: Review) -> str:
    """Name what does not hold in a few words; empty where everything does."""
    outcome = outcome_of(review)
    if outcome is None:
        return "nothing was looked at"
    return "" if outcome is Outcome.PASS else joined(causes_with(review, outcome))


def about_the_service(review: Review) -> list[Verdict]:
    """Give the verdicts that a better model would not change, and that of its age."""
    causes = (*OF_THE_SERVICE, Cause.AGE)
    return [verdict for cause in causes for verdict in review.of(cause)]


def gravest_first(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """Order verdicts: what fails first, what holds last."""
    return sorted(verdicts, key=lambda verdict: GRAVEST.index(verdict.outcome))


def causes_with(review: Review, outcome: Outcome) -> list[Cause]:
    """Name the causes a review sums up to one outcome, those that are critical first."""
    found = [cause for cause in Cause if review.outcome(cause) is outcome]
    return sorted(found, key=lambda cause: cause not in CRITICAL)


def in_order(review: Review) -> list[Verdict]:
    """Order the verdicts of a review: what fails first, and of that one of each cause first.

    So the first few tell of everything that is wrong, however many columns have moved.
    """
    causes = sorted(Cause, key=lambda cause: cause not in CRITICAL)
    ordered: list[Verdict] = []
    for outcome in GRAVEST:
        of_each = [[one for one in review.of(cause) if one.outcome is outcome] for cause in causes]
        rounds = chain.from_iterable(zip_longest(*of_each))
        ordered += [verdict for verdict in rounds if verdict is not None]
    return ordered


def leading(reviews: Sequence[Review]) -> Review | None:
    """Choose the window that leads: the newest one, unless it has nothing to say.

    Where nobody asked and nothing failed, it is the newest one before it in which somebody did.

    Parameters
    ----------
    reviews
        Windows in the order of time.
    """
    newest = reviews[-1] if reviews else None
    if newest is None or newest.predictions or outcome_of(newest) is Outcome.FAIL:
        return newest
    return next((review for review in reversed(reviews) if review.predictions), newest)


def conclude(review: Review) -> Ending:
    """Say in one sentence what is stale, and below it from when and what that is known."""
    outcome = outcome_of(review)
    tone = (outcome or Outcome.UNKNOWN).value
    return Ending(tone, _title(review, outcome), _basis(review))


def _title(review: Review, outcome: Outcome | None) -> str:
    what = "The service is well" if review.is_look else "Nothing is stale"
    missing = joined(causes_with(review, Outcome.UNKNOWN))
    if outcome is None:
        return "Nothing was looked at, so nothing is known"
    if outcome is Outcome.PASS:
        return what
    if outcome is Outcome.WARN:
        return f"{what}; look at: {joined(causes_with(review, Outcome.WARN))}"
    if outcome is Outcome.UNKNOWN and not (review.predictions or review.is_look):
        return f"Nobody asked anything, so nothing could be told of {missing}"
    if outcome is Outcome.UNKNOWN:
        return f"Nothing was found wrong, but some of it could not be told: {missing}"
    return _wrong(review, missing)


def _wrong(review: Review, missing: str) -> str:
    """Say what fails; that a version is not stale is said only of one it is known of."""
    wrong = causes_with(review, Outcome.FAIL)
    old = [cause for cause in wrong if cause not in OF_THE_SERVICE]
    stale = joined(_WRONG[cause] for cause in old[:_TOLD])
    stale += f"; also {joined(old[_TOLD:])}" if old[_TOLD:] else ""
    unwell = joined(_WRONG[cause] for cause in wrong if cause in OF_THE_SERVICE)
    if stale:
        return f"Stale: {stale}" + (f"; the service: {unwell}" if unwell else "")
    told = f"The service is not well: {unwell}"
    return told + (f"; could not be told: {missing}" if missing else "")


def _basis(review: Review) -> str:
    as_of = moment(review.as_of)
    if review.is_look:
        return f"No window was over; the service was looked at as of {as_of}."
    if not review.predictions:
        version = f"version {figures.legible(review.version, 40)} " if review.version else ""
        whom = f"asked {version}anything"
        return f"Nobody {whom} from {review.span}, as of {as_of}."
    whose = (
        f"Version {figures.legible(review.version, 40)}" if review.version else "An unknown version"
    )
    asked = figures.plural(review.predictions, "prediction")
    labelled = _labelled(review.labels)
    return f"{whose} made {asked} from {review.span}. As of {as_of}, {labelled}."


def _labelled(labels: Counted) -> str:
    if labels.share is None:
        return "there is nothing a label could belong to"
    if not labels.labelled:
        return "none of them has a label"
    return f"{figures.share(labels.share)} of them have a label"


def reasons(review: Review) -> list[Verdict]:
    """Give what stands behind the headline: all that fails, then all that is unknown."""
    return [verdict for verdict in in_order(review) if verdict.outcome.blocks]


def tally(verdicts: Iterable[Verdict]) -> str:
    """Count verdicts by outcome, in words.

    Examples
    --------
    >>> tally([Verdict(rule="a", outcome=Outcome.PASS, reason="Holds.")])
    '1 rule holds'
    """
    outcomes = [verdict.outcome for verdict in verdicts]
    one = {Outcome.FAIL: "fails", Outcome.UNKNOWN: "has no answer", Outcome.WARN: "warns"}
    many = {Outcome.FAIL: "fail", Outcome.UNKNOWN: "have no answer", Outcome.WARN: "warn"}
    told: list[str] = []
    for outcome in GRAVEST:
        if number := outcomes.count(outcome):
            verb = (one if number == 1 else many).get(outcome, "holds" if number == 1 else "hold")
            noun = f"{figures.plural(number, 'rule')} " if not told else f"{figures.count(number)} "
            told.append(noun + verb)
    return joined(told)


def next_steps(
    review: Review, *, alerts: Sequence[Alert] = (), decisions: Sequence[Decision] = ()
) -> list[tuple[str, str]]:
    """Say what can be done next, each with the command that does it; nothing: nothing to do."""
    project, wrong = review.project, causes_with(review, Outcome.FAIL)
    waiting = _latest(decisions)
    steps = []
    if waiting is not None and waiting.ending == "awaiting":
        told = f"A successor, version {waiting.version}, passed its gates and waits for a yes"
        steps.append((told, f"python run.py approve --project {project}"))
    elif waiting is not None and waiting.ending == "running":
        steps.append(("A successor is being trained", "python run.py status"))
    elif any(cause not in OF_THE_SERVICE for cause in wrong):
        told = "Ask whether a successor is due, and train it"
        steps.append((told, f"python run.py --pipeline retraining --project {project}"))
    if any(cause in OF_THE_SERVICE for cause in wrong):
        steps.append(("See how the service stands", "python run.py status"))
    if _is_short_of_labels(review):
        told = "When more labels have come, look at the window again"
        steps.append((told, f"python run.py --pipeline monitoring --project {project}"))
    open_ones = sorted((found for found in alerts if found.is_open), key=gravity)
    if open_ones and steps:
        command = f'python run.py alerts silence {open_ones[0].number} --for 3d --why "..."'
        steps.append(("Not now: silence the gravest alert", command))
    return steps


def _is_short_of_labels(review: Review) -> bool:
    about_truth = (Cause.CONCEPT, Cause.CALIBRATION, Cause.GROUPS, Cause.SLOW)
    short = review.labels.labelled < review.labels.predictions
    return short and any(review.outcome(cause) is Outcome.UNKNOWN for cause in about_truth)


def _latest(decisions: Iterable[Decision]) -> Decision | None:
    return max(decisions, key=lambda decision: (decision.at, decision.number), default=None)


def moment(when: datetime) -> str:
    """Write a moment in UTC, so that nobody has to guess whose clock it was.

    Examples
    --------
    >>> moment(datetime(2013, 5, 3, 6, 15, tzinfo=UTC))
    '3 May 2013, 06:15 UTC'
    """
    told = figures.moment(when.astimezone(UTC).replace(tzinfo=None).isoformat())
    return f"{told} UTC"


def joined(words: Iterable[str]) -> str:
    """Write some words as a list.

    Examples
    --------
    >>> joined(["drift"]), joined(["drift", "age", "disk"])
    ('drift', 'drift, age and disk')
    """
    *first, last = [str(word) for word in words] or [""]
    return f"{', '.join(first)} and {last}" if first else last


def sentence(text: str) -> str:
    """Begin with a capital letter; the other letters stay as they are."""
    return text[:1].upper() + text[1:]
