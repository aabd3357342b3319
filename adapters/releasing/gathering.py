"""All evidence about a step of a release, gathered anew at each look."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

import numpy as np

from adapters.releasing.distributions import Comparing, distribution, kolmogorov_smirnov
from adapters.releasing.distributions_slices import LEAST, Slicing, columns_of
from adapters.releasing.figures import Watch, Watched
from adapters.releasing.figures_recent import Recent
from adapters.releasing.figures_traffic import Counting
from adapters.releasing.gathering_later import Later
from adapters.releasing.labelled import Labelled
from adapters.releasing.pairing import Apart, Compares, Pairing
from adapters.releasing.pairing_sides import NotToldError, Side, Sides
from adapters.releasing.pairing_tail import Tail
from adapters.releasing.shadowing import Shadowing
from lifecycle.errors import PerennialError
from lifecycle.project.project import Project
from lifecycle.release.evidence import (
    ExperimentFigures,
    Findings,
    Gain,
    Pairs,
    PairSlice,
    Scores,
    Traffic,
)
from lifecycle.release.release import Release
from lifecycle.serving.live import Live

LABELS_EVERY = timedelta(seconds=20)
TEST_EVERY = timedelta(seconds=30)
SLICES_EVERY = timedelta(seconds=15)

SHADOW = "shadow"
"""The folder, beside the real log, of the logs of shadows; each has one called by its release."""

_GRACE = timedelta(seconds=2)

_log = logging.getLogger("perennial.release")
Found = TypeVar("Found")


class Gatherer:
    """Gathers the evidence about one step of a release; made once a step, asked every second.

    What it finds depends on the logs, the counters and the beginning of the step alone: one that
    is made anew in the middle of a step finds the same.

    Parameters
    ----------
    state
        The state folder.
    release
        As it is at this step.
    champion, challenger
        What runs.
    since
        When the step began.
    """

    def __init__(
        self,
        state: Path,
        project: Project,
        release: Release,
        champion: Live,
        challenger: Live,
        since: datetime | None = None,
    ) -> None:
        self._state, self._project, self._release = state, project, release
        self._lives = champion, challenger
        self._since = release.stepped if since is None else since
        self._events = state / "events" / project.name
        watches = {live.version: Watch(live, project.serving, state=state) for live in self._lives}
        self._watched = Watched(watches)
        self._counting = Counting(state, release, champion, challenger, since=self._since)
        self._recent = Recent()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="release-labels")
        self._sides: Sides | PerennialError | None = None
        self._compares: Compares | None = None
        self._apart: Apart | None = None
        self._why_apart: NotToldError | None = None
        self._slicing: Slicing | None = None
        self._slices: tuple[PairSlice, ...] = ()
        self._sliced: datetime | None = None
        self._labelled: Later[Gain] | None = None
        self._test: Later[ExperimentFigures] | None = None
        self._logged: dict[str, str] = {}

    def look(self, now: datetime) -> Findings:
        """Gather what there is by now; what cannot be told is `missing`, and why."""
        missing: dict[str, str] = {}
        nothing = None, None
        traffic = self._part("traffic", missing, lambda: self._traffic(now, missing))
        champion, challenger = traffic or nothing
        recent = self._recent.look(now, traffic) if traffic else None
        recent_champion, recent_challenger = recent or nothing
        compared = self._part("pairs", missing, lambda: self._compare(now, missing))
        pairs, scores = compared or nothing
        if pairs is None and scores is None and "pairs" in missing:
            missing.setdefault("scores", missing["pairs"])
        return Findings(
            at=now,
            since=self._since,
            champion=champion,
            challenger=challenger,
            recent_champion=recent_champion,
            recent_challenger=recent_challenger,
            pairs=pairs,
            scores=scores,
            gain=self._part("gain", missing, lambda: self._gain(now)),
            test=self._part("test", missing, lambda: self._experiment(now)),
            missing=missing,
        )

    def close(self) -> None:
        """Let go of the services, and of a key of our own."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._watched.close()

    def _part(self, name: str, missing: dict[str, str], take: Callable[[], Found]) -> Found | None:
        """Take a part of the evidence; whatever goes wrong there is told, and stays there."""
        try:
            return take()
        except NotToldError as gap:
            missing[name] = str(gap)
        except Exception as error:
            # Of any kind: a fault in one part must not take the guard rails of the others away.
            told = str(error) if isinstance(error, PerennialError) else repr(error)
            missing[name] = told
            if self._logged.get(name) != told:
                _log.exception("The %s of release %s cannot be told.", name, self._release.number)
                self._logged[name] = told
        return None

    def _traffic(self, now: datetime, missing: dict[str, str]) -> tuple[Traffic, Traffic]:
        standing = self._watched.look(now)
        champion, challenger = self._counting.look(now, standing)
        if self._counting.gap:
            missing["traffic"] = self._counting.gap
        return champion, challenger

    def _both(self) -> Sides:
        """Load both packages, once."""
        if self._sides is None:
            try:
                self._sides = Sides(*(Side(live, self._state) for live in self._lives))
            except PerennialError as error:
                self._sides = error
        if isinstance(self._sides, PerennialError):
            raise self._sides
        return self._sides

    @property
    def _is_shadow(self) -> bool:
        return self._release.strategy == "shadow"

    @property
    def _shadow_events(self) -> Path:
        return self._events / SHADOW / str(self._release.number)

    def _compare(
        self, now: datetime, missing: dict[str, str]
    ) -> tuple[Pairs | None, Scores | None]:
        sides = self._both()
        if self._compares is None and self._apart is None:
            self._begin(sides)
        if self._compares is None:
            missing["pairs"] = str(self._why_apart)
            return None, self._scores_apart(missing)
        found = self._compares.compare(now)
        if not found.pairs:
            lost = f"; {found.lost:,} of one version's are lost" if found.lost else ""
            raise NotToldError(f"No row has been answered by both versions yet{lost}.")
        tolerance = self._release.policy.evidence.tolerance
        comparing = Comparing(found, sides.task, tolerance=tolerance)
        return comparing.pairs(self._worst(comparing, sides, now)), comparing.scores()

    def _begin(self, sides: Sides) -> None:
        log = Tail(self._events, self._since)
        if self._is_shadow:
            self._compares = Shadowing(
                sides,
                log,
                Tail(self._shadow_events, self._since),
                share=self._release.policy.shadow.share,
                longest=timedelta(seconds=self._project.serving.limits.seconds) + _GRACE,
            )
            return
        try:
            self._compares = Pairing(sides, log)
        except NotToldError as gap:
            self._why_apart, self._apart = gap, Apart(sides, log)

    def _scores_apart(self, missing: dict[str, str]) -> Scores | None:
        """Compare the scores of the rows each was asked about, where no row has both."""
        sides = self._both()
        assert self._apart is not None
        mine, theirs = self._apart.look()
        for answers, side in ((mine, sides.champion), (theirs, sides.challenger)):
            if not answers:
                missing["scores"] = f"Version {side.version} has not answered any row yet."
                return None
        champion = np.array([sides.score(answer, sides.champion.version) for answer in mine])
        challenger = np.array([sides.score(answer, sides.challenger.version) for answer in theirs])
        return Scores(
            champion=distribution(champion, [answer.decision for answer in mine]),
            challenger=distribution(challenger, [answer.decision for answer in theirs]),
            distance=kolmogorov_smirnov(champion, challenger),
            paired=False,
        )

    def _worst(self, found: Comparing, sides: Sides, now: datetime) -> tuple[PairSlice, ...]:
        if self._slicing is None:
            self._slicing = Slicing(columns_of(sides.contract, self._project))
        is_due = self._sliced is None or now - self._sliced >= SLICES_EVERY
        if is_due and len(found.agrees) > LEAST:
            self._slices, self._sliced = self._slicing.worst(found), now
        return self._slices

    def _gain(self, now: datetime) -> Gain:
        if self._labelled is None:
            labelled = Labelled(
                self._both(),
                self._project,
                events=self._events,
                shadow=self._shadow_events if self._is_shadow else None,
                began=self._release.began,
            )
            self._labelled = Later(
                labelled.gain, every=LABELS_EVERY, pool=self._pool, name="labels"
            )
        return self._labelled.look(now)

    def _experiment(self, now: datetime) -> ExperimentFigures | None:
        if self._release.strategy != "ab":
            return None
        if self._test is None:
            from adapters.releasing.units import figures

            self._test = Later(
                lambda moment: figures(self._state, self._release, moment),
                every=TEST_EVERY,
                pool=self._pool,
                name="outcomes",
            )
        return self._test.look(now)
