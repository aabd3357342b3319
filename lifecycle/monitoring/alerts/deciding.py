"""What has to be told: which alerts open, stand, become worse, and are over."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime

from lifecycle.monitoring.alert import Alert, Kind
from lifecycle.monitoring.alerts.episode import Episode, episodes
from lifecycle.monitoring.alerts.glance import Glance, latest
from lifecycle.monitoring.alerts.severity import is_worse, worst
from lifecycle.monitoring.alerts.telling import moment, title_of
from lifecycle.monitoring.declaration import Alerts
from lifecycle.monitoring.review import Cause
from lifecycle.section import Value


class Change(Value):
    """An alert as it is from now on, and what is told of it, if anything."""

    alert: Alert
    tell: Kind | None = None


class Changes(Value):
    """What a look at the windows changes; nothing where nothing is new."""

    changes: tuple[Change, ...] = ()

    @property
    def told(self) -> tuple[Change, ...]:
        """The changes someone hears of."""
        return tuple(change for change in self.changes if change.tell is not None)


def decide(
    project: str,
    glances: Iterable[Glance],
    alerts: Sequence[Alert],
    policy: Alerts,
    *,
    now: datetime,
    live: Collection[str] | None = None,
) -> Changes:
    """Hold what was found against the alerts there are.

    Each cause of a version has at most one open alert, and one telling a call, however many
    windows there are (and a second one where an alert is over and something else had come and
    gone besides). The same windows again change nothing, until `repeat` has passed. A cause
    that comes and goes opens the same alert again within `repeat`, and is told at most twice in
    that time (once there, once over), besides becoming worse, which happens at most twice.

    Parameters
    ----------
    glances
        Of the windows that are new or were looked at anew, and of those before: from the last
        window of each open alert, and `unknown_after` and `resolve_after` windows further back.
    alerts
        The open ones, and those that are over but met any of these windows or were resolved
        within `repeat`.
    live
        The versions that answer. By default those of the newest window, or all where that
        window belongs to none.
    """
    known = latest(glances)
    answering = _answering(known) if live is None else {*live, *([] if live else [None])}
    changes: list[Change] = []
    for version in _versions(known, alerts):
        timeline = [glance for glance in known if glance.version == version]
        for cause in Cause:
            about = [one for one in alerts if (one.version, one.cause) == (version, cause)]
            case = _Case(project, version, cause, timeline, about, policy, now)
            is_here = answering is None or version in answering
            changes += case.follow() if is_here else case.leave()
    return Changes(changes=tuple(changes))


def _answering(glances: Sequence[Glance]) -> set[str | None] | None:
    """Give the versions of the newest window; `None`: nobody knows."""
    if not glances:
        return None
    newest = max(glance.span.end for glance in glances)
    named = {glance.version for glance in glances if glance.span.end == newest} - {None}
    return named or None


def _versions(glances: Iterable[Glance], alerts: Iterable[Alert]) -> list[str | None]:
    standing = [alert.version for alert in alerts if alert.is_open]
    return list(dict.fromkeys([*(glance.version for glance in glances), *standing]))


class _Case:
    """One cause of one version."""

    def __init__(
        self,
        project: str,
        version: str | None,
        cause: Cause,
        timeline: Sequence[Glance],
        alerts: Sequence[Alert],
        policy: Alerts,
        now: datetime,
    ) -> None:
        self._project, self._version, self._cause = project, version, cause
        self._alerts, self._policy, self._now = alerts, policy, now
        self._open = next((alert for alert in alerts if alert.is_open), None)
        self._episodes = episodes(timeline, cause, policy, self._open)

    def follow(self) -> Iterator[Change]:
        """Say what changes while the version answers."""
        here = next((one for one in self._episodes if not one.is_over), None)
        before = self._open or (self._just_resolved(here) if here else None)
        if here is not None and before is not None:
            yield from self._go_on(before, here)
        elif here is not None:
            yield self._begin(here)
        else:
            heard = list(self._alerts)
            if self._open is not None:
                ended = self._end(self._open)
                heard.append(ended.alert)
                yield ended
            yield from self._pass_by(heard)

    def leave(self) -> Iterator[Change]:
        """Say what changes once the version does not answer any more."""
        if self._open is not None:
            who = "Nothing" if self._version is None else f"Version {self._version}"
            why = f"{who} answers no longer." if self._version else "A version answers again."
            yield self._resolve(self._open, why)

    def _begin(self, episode: Episode) -> Change:
        told: Kind = "opened"
        # An alert that is over may have been about these windows as they were then.
        earlier = [one for one in self._unheard(self._alerts) if one is not episode]
        alert = self._written([*earlier, episode], episode)
        return Change(alert=alert.model_copy(update=self._told(told)), tell=told)

    def _pass_by(self, heard: Sequence[Alert]) -> Iterator[Change]:
        """Tell once of what came and went between two looks."""
        unheard = [one for one in self._unheard(heard) if not one.is_unknown]
        serious = [one for one in unheard if one.severity != "notice"]
        if not serious:
            return
        alert = self._written(serious, serious[-1])
        over = {"resolved": self._now, "why_resolved": "It was over before anybody was told."}
        told: Kind = "passed"
        yield Change(alert=alert.model_copy(update={**over, **self._told(told)}), tell=told)

    def _unheard(self, heard: Sequence[Alert]) -> list[Episode]:
        return [one for one in self._episodes if not any(map(one.meets, heard))]

    def _written(self, unheard: Sequence[Episode], last: Episode) -> Alert:
        """Write a new alert over all episodes nobody has heard of, up to the last one."""
        alike = [one for one in unheard if one.is_unknown == last.is_unknown] or [last]
        since = alike[0].began
        return Alert(
            number=0,
            project=self._project,
            version=self._version,
            cause=self._cause,
            severity=worst(*(one.severity for one in alike)),
            title=self._title(since, is_unknown=last.is_unknown),
            verdicts=last.verdicts,
            more=last.more,
            span=last.last,
            since=since,
            is_unknown=last.is_unknown,
            opened=self._now,
            seen=last.seen,
            quiet=last.quiet,
            windows=sum(len(one.starts) for one in alike),
        )

    def _go_on(self, before: Alert, here: Episode) -> Iterator[Change]:
        is_lost = here.is_unknown and not before.is_unknown
        alert = self._taken_up(before, here).model_copy(
            update={
                "severity": here.severity if is_lost else worst(before.severity, here.severity),
                "quiet": here.quiet,
                "resolved": None,
                "why_resolved": "",
            }
        )
        told = self._due(before, alert)
        if told is not None:
            alert = alert.model_copy(update=self._told(told))
        if alert != before:
            yield Change(alert=alert, tell=told)

    def _taken_up(self, before: Alert, episode: Episode) -> Alert:
        """Bring an alert up to the last window of an episode."""
        is_found_now = before.is_unknown and not episode.is_unknown
        begins_anew = is_found_now or (episode.is_unknown and not before.is_unknown)
        since = episode.began if begins_anew else min(before.began, episode.began)
        starts = {start for one in self._episodes for start in one.starts}
        further = sum(start > before.span.start for start in starts)
        return before.model_copy(
            update={
                "title": self._title(since, is_unknown=episode.is_unknown),
                "since": since,
                "is_unknown": episode.is_unknown,
                "span": episode.last,
                "seen": episode.seen,
                "verdicts": episode.verdicts,
                "more": episode.more,
                "windows": len(episode.starts) if begins_anew else before.windows + further,
            }
        )

    def _due(self, before: Alert, alert: Alert) -> Kind | None:
        if is_worse(alert.severity, before.severity):
            return "worse"
        if alert.is_silenced(self._now):
            return None
        if before.told is None:
            return "opened"
        if alert.severity == "notice":
            return None  # nothing new is known of it, and nobody has to act: once is enough
        # A clock that was set back must not keep an alert from being told.
        return "again" if abs(self._now - before.told) >= self._policy.repeat else None

    def _end(self, alert: Alert) -> Change:
        alike = [one for one in self._episodes if one.is_unknown == alert.is_unknown]
        if not alike:
            what = "It can be told again." if alert.is_unknown else "It is not found any more."
            return self._resolve(alert, what)
        over = alike[-1]
        alert = self._taken_up(alert, over).model_copy(update={"quiet": over.quiet})
        times = "the window" if over.quiet == 1 else f"{over.quiet} windows"
        return self._resolve(alert, f"All was well in {times} after {moment(over.last.end)}.")

    def _resolve(self, alert: Alert, why: str) -> Change:
        over = alert.model_copy(update={"resolved": self._now, "why_resolved": why})
        is_heard = alert.told_as not in ("", "resolved", "passed")
        if not is_heard or alert.is_silenced(self._now):
            return Change(alert=over)
        told: Kind = "resolved"
        return Change(alert=over.model_copy(update=self._told(told)), tell=told)

    def _just_resolved(self, here: Episode) -> Alert | None:
        """Find an alert that is over only since a moment ago: the cause comes and goes."""
        alike = [one for one in self._alerts if one.is_unknown or not here.is_unknown]
        over = [(alert.resolved, alert) for alert in alike if alert.resolved is not None]
        when, alert = max(over, key=lambda pair: pair[0], default=(None, None))
        is_fresh = when is not None and abs(self._now - when) < self._policy.repeat
        return alert if is_fresh else None

    def _title(self, since: datetime, *, is_unknown: bool) -> str:
        return title_of(
            self._project, self._version, self._cause, since=since, is_unknown=is_unknown
        )

    def _told(self, kind: Kind) -> dict[str, object]:
        return {"told": self._now, "told_as": kind}
