"""Where requests went: stretches of time between movements, with each version's part."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile

from lifecycle.release.plan import WHOLE, Plan
from lifecycle.release.release import Look, Movement, Release

_MARGIN = 0.02
"""So much of the whole time is drawn before the first movement: what was live until then."""


@dataclass(frozen=True)
class Span:
    """A time that is drawn, in seconds since 1970."""

    start: float
    end: float

    def holds(self, at: float) -> bool:
        """Say whether a moment is drawn."""
        return self.start <= at <= self.end


@dataclass(frozen=True)
class Layer:
    """The part of the requests of one version; `tested`: in an arm of a test."""

    version: str
    share: float
    tested: bool = False


@dataclass(frozen=True)
class Stretch:
    """A time in which nothing was moved.

    Parameters
    ----------
    layers
        In the order of the plan: those of the challenger first; none: nobody answered.
    copied
        The version that got a copy, and of which part of the requests.
    """

    start: float
    end: float
    layers: tuple[Layer, ...] = ()
    copied: Layer | None = None

    @property
    def told(self) -> str:
        """Say who got how much."""
        return in_words(self.layers, self.copied)


@dataclass(frozen=True)
class Mark:
    """A movement on the line of time; `tone` is an outcome's name, or empty."""

    at: float
    number: int
    kind: str
    tone: str = ""


def movements_of(release: Release, movements: Iterable[Movement]) -> list[Movement]:
    """Take the movements of a release, in their order."""
    own = (
        movement
        for movement in movements
        if movement.project == release.project and movement.release == release.number
    )
    return sorted(own, key=lambda movement: movement.number)


def afterwards(release: Release, movements: Iterable[Movement]) -> list[Movement]:
    """Take what was decided about its version later, until that is released again."""
    later = (
        movement
        for movement in movements
        if movement.project == release.project
        and movement.version == release.challenger
        and movement.release != release.number
        and movement.at >= release.began
    )
    ordered = sorted(later, key=lambda movement: movement.number)
    return list(takewhile(lambda movement: movement.release is None, ordered))


def happened(movement: Movement) -> datetime:
    """Say when the requests were moved, as far as it is known."""
    return movement.done_at or movement.at


def span_of(release: Release, movements: Sequence[Movement], looks: Sequence[Look]) -> Span:
    """Give the time of a release up to now, or to its end."""
    known = [release.began, release.stepped, *map(happened, movements)]
    known += [looks[-1].at] if looks else []
    known += [moment for moment in (release.judged, release.ended) if moment is not None]
    return _with_margin(release.began, max(known))


def span_of_all(releases: Sequence[Release], movements: Sequence[Movement]) -> Span | None:
    """Give the time of all releases and movements of a project."""
    known = [*map(happened, movements)]
    for release in releases:
        known += [one for one in (release.began, release.judged, release.ended) if one is not None]
    return _with_margin(min(known), max(known)) if known else None


def _with_margin(first: datetime, last: datetime) -> Span:
    start, end = first.timestamp(), last.timestamp()
    return Span(start - max((end - start) * _MARGIN, 1.0), max(end, start + 1.0))


def stretches(movements: Sequence[Movement], span: Span) -> list[Stretch]:
    """Follow the movements that were done from plan to plan."""
    moved = [
        movement for movement in movements
        if movement.state == "done" and movement.before != movement.after
    ]  # fmt: skip
    if not moved:
        return []
    found = [_stretch(moved[0].before, span.start, happened(moved[0]).timestamp())]
    for at, movement in enumerate(moved):
        start = happened(movement).timestamp()
        end = happened(moved[at + 1]).timestamp() if at + 1 < len(moved) else span.end
        found.append(_stretch(movement.after, start, end))
    return [stretch for stretch in found if stretch.end > stretch.start]


def _stretch(plan: Plan | None, start: float, end: float) -> Stretch:
    return Stretch(start, end, layers_of(plan), _copied(plan))


def layers_of(plan: Plan | None) -> tuple[Layer, ...]:
    """Add up a plan's parts by version, those of a test by themselves."""
    added: dict[tuple[str, bool], int] = {}
    for part in plan.parts if plan else ():
        key = (plan.target(part.target).version if plan else "", bool(part.arm))
        added[key] = added.get(key, 0) + part.weight
    return tuple(
        Layer(version, weight / WHOLE, tested)
        for (version, tested), weight in added.items()
        if weight
    )


def _copied(plan: Plan | None) -> Layer | None:
    if plan is None or plan.mirror is None:
        return None
    return Layer(plan.target(plan.mirror.target).version, plan.mirror.weight / WHOLE)


def versions(movements: Iterable[Movement], release: Release | None = None) -> list[str]:
    """List the versions that got requests; of a release its champion and challenger first."""
    found = [release.champion, release.challenger] if release else []
    for movement in movements:
        for plan in (movement.before, movement.after):
            found += [target.version for target in (plan.targets if plan else ())]
    return list(dict.fromkeys(found))


def live_of(movements: Sequence[Movement]) -> str:
    """Say where requests go after the last movement that was done."""
    done = [movement for movement in movements if movement.state == "done"]
    moved = [movement for movement in done if movement.before != movement.after]
    return destination(moved[-1].after) if moved else ""


def destination(plan: Plan | None) -> str:
    """Say where a plan sends requests.

    Examples
    --------
    >>> destination(None)
    'nowhere'
    """
    return in_words(layers_of(plan), _copied(plan))


def in_words(layers: Sequence[Layer], copied: Layer | None = None) -> str:
    """Say who gets how much.

    Examples
    --------
    >>> in_words([Layer("4", 0.05), Layer("3", 0.95)])
    '5% to version 4, 95% to version 3'
    >>> in_words([Layer("3", 1.0)], Layer("4", 0.5))
    'all to version 3, and a copy of 50% to version 4'
    """
    told = ", ".join(
        f"{_part(layer.share)} to version {layer.version}{' in the test' if layer.tested else ''}"
        for layer in layers
    )
    more = f", and a copy of {_part(copied.share)} to version {copied.version}" if copied else ""
    return (told or "nowhere") + more


def _part(share: float) -> str:
    return "all" if share == 1 else f"{share * 100:.2f}".rstrip("0").rstrip(".") + "%"


def marks_of(movements: Sequence[Movement], span: Span) -> list[Mark]:
    """Place the movements on the line of time."""
    tones = {"roll back": "fail", "stop": "warn"}
    return [
        Mark(
            at=at,
            number=movement.number,
            kind=movement.kind,
            tone="unknown" if movement.state != "done" else tones.get(movement.kind, "pass"),
        )
        for movement in movements
        if span.holds(at := happened(movement).timestamp())
    ]
