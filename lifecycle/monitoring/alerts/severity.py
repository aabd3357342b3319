"""How bad a cause is."""

from lifecycle.monitoring.alert import Severity
from lifecycle.monitoring.review import Cause
from lifecycle.verdict import Outcome

CRITICAL = frozenset(
    {Cause.CONCEPT, Cause.ERRORS, Cause.SATURATION, Cause.EVENTS, Cause.DISK, Cause.SERVICE}
)
"""Causes by which answers are wrong, missing or lost today; with the others there is time."""

_ORDER: tuple[Severity, ...] = ("notice", "warning", "critical")


def severity_of(cause: Cause, outcome: Outcome) -> Severity | None:
    """Say how bad it is when a cause has an outcome; `None` for a pass.

    ============================================================  =========
    outcome                                                       severity
    ============================================================  =========
    fail: concept drift, errors, saturation, event log, disk,     critical
    service
    fail: any other cause                                         warning
    warn                                                          notice
    unknown, for `unknown_after` windows running                  notice
    ============================================================  =========

    Examples
    --------
    >>> severity_of(Cause.CONCEPT, Outcome.FAIL), severity_of(Cause.DATA, Outcome.FAIL)
    ('critical', 'warning')
    >>> severity_of(Cause.DATA, Outcome.UNKNOWN), severity_of(Cause.DATA, Outcome.PASS)
    ('notice', None)
    """
    if outcome is Outcome.PASS:
        return None
    if outcome is not Outcome.FAIL:
        return "notice"
    return "critical" if cause in CRITICAL else "warning"


def is_worse(severity: Severity, than: Severity) -> bool:
    """Whether a severity is above another one.

    Examples
    --------
    >>> is_worse("critical", "warning"), is_worse("notice", "notice")
    (True, False)
    """
    return _ORDER.index(severity) > _ORDER.index(than)


def worst(*severities: Severity) -> Severity:
    """Give the highest of some severities.

    Examples
    --------
    >>> worst("warning", "notice")
    'warning'
    """
    return max(severities, key=_ORDER.index)
