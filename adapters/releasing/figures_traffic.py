"""What both versions did since a step began: the router's counters and the services' own figures.

What had been counted when the step began is kept beside what else is known of the project's
serving, so that whoever goes on in the middle of a step counts from the same moment. A router
that is begun again counts from zero; what the one before had counted is carried over.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import ValidationError

from adapters.releasing.figures import Spending, Standing, Used
from adapters.routing.counting import Count, Counts, counted
from adapters.routing.counting import since as between
from adapters.supervision.place import replace_file
from lifecycle.release.evidence import Traffic
from lifecycle.release.release import Release
from lifecycle.section import Value
from lifecycle.serving.live import Live

LATE = timedelta(seconds=15)
"""Who begins to count so long after a step began says so."""


class Beginning(Value):
    """What had been counted when a step began.

    Parameters
    ----------
    since
        When it began.
    counts
        What is taken off what is counted now. Of a router that was begun again, it is less than
        nothing: what the one before had counted since.
    used
        Processor time of each version.
    gap
        What is not counted, in a sentence.
    """

    since: datetime
    counts: Counts
    used: dict[str, Used]
    gap: str = ""


class Counting:
    """Counts what both versions do since a step began.

    Parameters
    ----------
    state
        The state folder.
    since
        When the step began.
    """

    def __init__(
        self, state: Path, release: Release, champion: Live, challenger: Live, *, since: datetime
    ) -> None:
        self._state, self._project, self._since = state, release.project, since
        self._lives = champion, challenger
        self._file = _file(state, release)
        self._beginning: Beginning | None = None
        self._last: Counts | None = None
        self._spending: dict[str, Spending] = {}

    @property
    def gap(self) -> str:
        """What is not counted, in a sentence; empty where nothing is left out."""
        return self._beginning.gap if self._beginning is not None else ""

    def look(self, now: datetime, standing: Mapping[str, Standing]) -> tuple[Traffic, Traffic]:
        """Give what champion and challenger did since.

        Raises
        ------
        PerennialError
            If the router does not tell.
        """
        counts = counted(self._state, self._project)
        if self._beginning is None:
            self._begin(counts, now, standing)
        self._carry(counts)
        self._last = counts
        champion, challenger = (
            self._traffic(live, counts, standing[live.version]) for live in self._lives
        )
        return champion, challenger

    def _begin(self, counts: Counts, now: datetime, standing: Mapping[str, Standing]) -> None:
        kept = self._kept()
        found = kept or Beginning(since=self._since, counts=counts, used={}, gap=self._late(now))
        used = {version: how.used for version, how in standing.items() if how.used is not None}
        # Who marked the beginning asked the router alone.
        found = found.model_copy(update={"used": {**used, **found.used}})
        if found != kept:
            self._keep(found)
        self._beginning = found
        self._spending = {
            live.version: Spending(found.used.get(live.version)) for live in self._lives
        }

    def _late(self, now: datetime) -> str:
        if now - self._since <= LATE:
            return ""
        return (
            f"Requests are counted from {now:%Y-%m-%d %H:%M:%S} UTC on only: what had been "
            f"counted at {self._since:%H:%M:%S}, when the step began, is not known."
        )

    def _carry(self, counts: Counts) -> None:
        """Go on counting where the router was begun again."""
        begun = self._beginning
        assert begun is not None
        if begun.counts.router == counts.router:
            return
        if self._last is not None and self._last.router == begun.counts.router:
            left = _less(begun.counts, self._last, router=counts.router)
            self._beginning = begun.model_copy(update={"counts": left})
        else:
            gap = (
                "Requests are counted only since the router was begun again: what the one before "
                "had counted since the step began was lost with it."
            )
            nothing = Counts(router=counts.router, targets={}, copies={})
            self._beginning = begun.model_copy(update={"counts": nothing, "gap": gap})
        self._keep(self._beginning)

    def _kept(self) -> Beginning | None:
        """Give what was counted at the beginning of this very step, if that was kept."""
        try:
            found = Beginning.model_validate_json(self._file.read_bytes())
        except (FileNotFoundError, ValidationError):
            return None
        return found if found.since == self._since else None

    def _keep(self, beginning: Beginning) -> None:
        _write(self._file, beginning)

    def _traffic(self, live: Live, counts: Counts, standing: Standing) -> Traffic:
        assert self._beginning is not None
        found = between(counts, self._beginning.counts, target=live.name, version=live.version)
        return found.model_copy(
            update={
                "lag_ms": standing.lag_ms,
                "cpu_seconds": self._spending[live.version].since(standing.used),
                "memory_mb": standing.memory_mb,
                "is_alive": standing.is_alive,
            }
        )


def mark(state: Path, release: Release) -> None:
    """Remember what has been counted as a step begins, for whoever begins to look later.

    Raises
    ------
    PerennialError
        If the router does not tell.
    """
    counts = counted(state, release.project)
    _write(_file(state, release), Beginning(since=release.stepped, counts=counts, used={}))


def _file(state: Path, release: Release) -> Path:
    return state / "serving" / release.project / "releases" / f"{release.number}.json"


def _write(file: Path, beginning: Beginning) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    replace_file(file, beginning.model_dump_json())


def _less(before: Counts, after: Counts, *, router: str) -> Counts:
    """Give what, taken off what a new router counts, adds what the one before had counted."""
    targets, copies = (
        {name: _minus(old.get(name, Count()), count) for name, count in new.items()}
        for old, new in ((before.targets, after.targets), (before.copies, after.copies))
    )
    return Counts(router=router, targets=targets, copies=copies)


def _minus(one: Count, other: Count) -> Count:
    return Count(
        requests=one.requests - other.requests,
        failed=one.failed - other.failed,
        turned_away=one.turned_away - other.turned_away,
        relieved=one.relieved - other.relieved,
        took=tuple(mine - theirs for mine, theirs in zip(one.took, other.took, strict=True)),
    )
