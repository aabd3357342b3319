"""Keeps what was found while a release goes on: in the ledger, and on its page."""

import logging
from datetime import datetime, timedelta
from pathlib import Path

from adapters.gauges import publish_release
from adapters.records import Records
from adapters.report.release.page import folder, write, write_index
from adapters.routing import current
from lifecycle.release.evidence import Findings
from lifecycle.release.release import Look, Next, Release

_log = logging.getLogger("perennial.release")

PAGE_SECONDS = 5.0
_LOOKS = 300
"""About so many looks of a release are kept, whether it takes minutes or weeks."""

_NEWEST = 5_000
SNAPSHOT = "release"


class Keeper:
    """Writes down looks at a release: each that changes something, and some of the others."""

    def __init__(self, records: Records, *, state: Path, reports: Path) -> None:
        self._records, self._state, self._reports = records, state, reports
        self._last: Look | None = None

    def keep(self, release: Release, findings: Findings, found: Next) -> None:
        """Keep one look."""
        look = Look(
            release=release.number,
            at=findings.at,
            step=release.step,
            findings=findings,
            verdicts=found.verdicts,
            action=found.action,
            reason=found.reason,
        )
        self._records.keep_snapshot(
            release.project, SNAPSHOT, look.model_dump(mode="json"), at=findings.at
        )
        after = self._records.release(release.number) or release
        plan = current(self._state, release.project)
        publish_release(release.project, plan, after, look, state=self._state)
        if not self._is_new(look, began=release.began):
            return
        self._last = look
        self._records.look(look)
        _write_pages(after, self._records, self._reports)

    def _is_new(self, look: Look, *, began: datetime) -> bool:
        last = self._last
        if last is None or look.action != "hold" or _outcomes(look) != _outcomes(last):
            return True
        pause = max(timedelta(seconds=PAGE_SECONDS), (look.at - began) / _LOOKS)
        return look.at - last.at >= pause


def _outcomes(look: Look) -> list[tuple[str, str]]:
    return [(verdict.rule, verdict.outcome) for verdict in look.verdicts]


def tell_ending(project: str, *, records: Records, state: Path, reports: Path) -> None:
    """Let page and figures say how the last release ended, whoever ended it."""
    for release in records.releases(project, 1):
        look = records.last_look(release.number)
        publish_release(project, current(state, project), release, look, state=state)
        _write_pages(release, records, reports)


def _write_pages(release: Release, records: Records, reports: Path) -> None:
    try:
        moves, place = records.movements(release.project), folder(reports, release.project)
        write(place, release, moves, records.looks(release.number, thin=_NEWEST))
        write_index(place, records.releases(release.project), moves)
    except Exception:
        # Of any kind: a page that cannot be drawn must not take the guard rails away.
        _log.exception("The page of release %s could not be written.", release.number)
