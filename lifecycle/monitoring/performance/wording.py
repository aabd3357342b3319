"""How labels and intervals are put into words."""

from datetime import UTC, datetime

from lifecycle.evaluation.gates.wording import figure
from lifecycle.monitoring.declaration import Labels
from lifecycle.monitoring.evidence import Counted


def tell_labels(counts: Counted, as_of: datetime) -> str:
    """Say from which share of labels, and as of when.

    Examples
    --------
    >>> tell_labels(Counted(predictions=900, labelled=812), datetime(2013, 3, 1, 9, tzinfo=UTC))
    'As of 1 Mar 2013 09:00 UTC, 812 of 900 predictions (90.2 %) have a label.'
    >>> tell_labels(Counted(), datetime(2013, 3, 1, 9, tzinfo=UTC))
    'As of 1 Mar 2013 09:00 UTC, there are no predictions.'
    """
    moment = f"As of {as_of.astimezone(UTC):%-d %b %Y %H:%M} UTC"
    if counts.share is None:
        return f"{moment}, there are no predictions."
    predictions = f"{counts.predictions:,} prediction{'' if counts.predictions == 1 else 's'}"
    if not counts.labelled:
        return f"{moment}, none of {predictions} has a label."
    return (
        f"{moment}, {counts.labelled:,} of {predictions} "
        f"({percent(counts.share)}) {'have' if counts.labelled > 1 else 'has'} a label."
    )


def too_few(counts: Counted, rows: int, labels: Labels) -> str:
    """Say why there are not enough labels, or nothing where there are.

    Examples
    --------
    >>> too_few(Counted(predictions=900, labelled=90), 90, Labels())
    'At least 50 % are needed.'
    >>> too_few(Counted(predictions=900, labelled=812), 812, Labels())
    ''
    """
    if counts.share is None:
        return "Nothing was asked."
    if counts.share < labels.share:
        return f"At least {percent(labels.share)} are needed."
    if rows < labels.rows:
        return (
            f"At least {labels.rows:,} labelled rows are needed (`monitoring.labels.rows`). Wait "
            "for more, or declare a longer `monitoring.window`."
        )
    return ""


def percent(share: float) -> str:
    """Write a share in percent with at most three digits.

    Examples
    --------
    >>> percent(0.9022), percent(0.5), percent(1), percent(0.00042), percent(66.04)
    ('90.2 %', '50 %', '100 %', '0.042 %', '6,604 %')
    """
    return f"{100 * share:,.0f} %" if abs(share) >= 9.995 else f"{100 * share:.3g} %"


def between(low: float, high: float, confidence: float) -> str:
    """Write an interval.

    Examples
    --------
    >>> between(-0.1, 0.25, 0.95)
    '95 % interval −0.1 to 0.25'
    """
    return f"{percent(confidence)} interval {figure(low)} to {figure(high)}"
