"""The figures of both versions since the step began, side by side, in words."""

from collections.abc import Callable
from dataclasses import dataclass

from adapters.report.release.rails import both, buckets_of, share_of
from lifecycle.governance import figures
from lifecycle.monitoring.health.snapshot import Between
from lifecycle.release.evidence import Traffic
from lifecycle.release.release import Look, Release


@dataclass(frozen=True)
class Total:
    """One figure of both versions since the step began; `limit` in words."""

    title: str
    champion: str
    challenger: str
    limit: str = ""


def totals(release: Release, last: Look | None) -> list[Total]:
    """Give the figures of both versions since the step began, side by side."""
    if last is None or (last.findings.champion is None and last.findings.challenger is None):
        return []
    guard = release.policy.guard
    champion, challenger = both(last)
    p99_limit = f"{figures.number(guard.p99_ms)} ms" if guard.p99_ms else ""
    p99_limit += f"{' or ' if p99_limit else ''}{figures.number(guard.slower)} × the champion"
    rows: list[tuple[str, Callable[[Traffic], str], str]] = [
        ("answers when asked for its health", _alive, ""),
        ("requests", lambda found: figures.count(found.requests), ""),
        ("failed", lambda found: share_of(found.failed, found.requests), _most(guard.error_rate)),
        (
            "turned away",
            lambda found: share_of(found.turned_away, found.requests),
            _most(guard.turned_away),
        ),
        ("median", lambda found: _between_ms(found, 0.5), ""),
        ("99th percentile", lambda found: _between_ms(found, 0.99), f"at most {p99_limit}"),
        (
            "waiting for their turn",
            lambda found: _ms(found.lag_ms),
            f"at most {figures.number(guard.lag_ms)} ms",
        ),
        ("being answered now", lambda found: figures.count(found.in_flight), ""),
        ("CPU of 1,000 requests", cost, ""),
        ("memory", lambda found: _mb(found.memory_mb), ""),
    ]
    recent = last.findings.recent_champion, last.findings.recent_challenger
    return [
        *(_total(title, read, (champion, challenger), limit) for title, read, limit in rows),
        *(
            _total(f"{title}, in the last seconds", read, recent, limit)
            for title, read, limit in rows
            if title in ("failed", "99th percentile") and any(recent)
        ),
    ]


def _total(
    title: str,
    read: Callable[[Traffic], str],
    both: tuple[Traffic | None, Traffic | None],
    limit: str,
) -> Total:
    champion, challenger = (read(found) if found else "unknown" for found in both)
    return Total(title, champion, challenger, limit)


def _most(limit: float) -> str:
    return f"at most {figures.share(limit)}"


def cost(found: Traffic) -> str:
    """Write what a thousand requests cost of the processor."""
    if found.cpu_seconds is None or not found.requests:
        return "unknown"
    return figures.duration(found.cpu_seconds / found.requests * 1_000)


def _alive(found: Traffic) -> str:
    return {None: "unknown", True: "yes", False: "no"}[found.is_alive]


def _ms(value: float | None) -> str:
    return "unknown" if value is None else f"{figures.number(value)} ms"


def _mb(value: float | None) -> str:
    return "unknown" if value is None else f"{figures.number(value)} MB"


def between_ms(found: Between | None) -> str:
    """Write where a quantile lies; a histogram tells no more than its bounds.

    Examples
    --------
    >>> between_ms(Between(1.0, 5.0)), between_ms(Between(5000.0, None)), between_ms(None)
    ('1 to 5 ms', 'over 5,000 ms', 'unknown')
    """
    if found is None:
        return "unknown"
    if found.high is None:
        return f"over {figures.number(found.low)} ms"
    return f"{figures.number(found.low)} to {figures.number(found.high)} ms"


def _between_ms(found: Traffic, share: float) -> str:
    return between_ms(buckets_of(found).quantile(share))
