"""What both versions said: agreement, scores, slices, and performance as labels came."""

from collections.abc import Sequence
from dataclasses import dataclass

from adapters.report.release.lines import Line, Point, flat, is_drawn, line
from lifecycle.release.evidence import Gain, Pairs, PairSlice, Scores
from lifecycle.release.release import Look, Release


@dataclass(frozen=True)
class Drawn:
    """A chart of figures over time, with its limits."""

    title: str
    lines: tuple[Line, ...]
    limits: tuple[Line, ...] = ()
    is_share: bool = False
    zero: bool = False


@dataclass(frozen=True)
class Said:
    """All that is known of both versions' answers; `missing` says why what is absent is so."""

    pairs: Pairs | None
    scores: Scores | None
    gain: Gain | None
    slices: tuple[PairSlice, ...]
    charts: tuple[Drawn, ...]
    gains: Drawn | None
    missing: dict[str, str]


def said(release: Release, looks: Sequence[Look]) -> Said:
    """Gather what the looks found of the answers.

    What the last look has is shown; where it has none, nothing older stands in for it.
    """
    last = looks[-1].findings if looks else None
    evidence = release.policy.evidence
    charts = (
        Drawn(
            "rows on which both decide the same",
            (line(looks, _agreement, name="agreement", tone="challenger"),),
            flat(looks, evidence.agreement),
            is_share=True,
        ),
        Drawn(
            "distance of their scores",
            (line(looks, _distance, name="distance", tone="challenger"),),
            flat(looks, evidence.distance),
        ),
    )
    gains = Drawn(
        "gain over the champion",
        (line(looks, _gain, name="gain", tone="challenger"),),
        flat(looks, -evidence.worse) if evidence.worse else (),
        zero=True,
    )
    pairs = last.pairs if last else None
    return Said(
        pairs=pairs,
        scores=last.scores if last else None,
        gain=last.gain if last else None,
        slices=pairs.slices[:12] if pairs else (),
        charts=tuple(chart for chart in charts if any(map(is_drawn, chart.lines))),
        gains=gains if any(map(is_drawn, gains.lines)) else None,
        missing=last.missing if last else {},
    )


def _agreement(look: Look) -> Point | None:
    pairs = look.findings.pairs
    if pairs is None or not pairs.rows:
        return None
    return Point(look.at.timestamp(), pairs.agreeing / pairs.rows)


def _distance(look: Look) -> Point | None:
    scores = look.findings.scores
    return Point(look.at.timestamp(), scores.distance) if scores else None


def _gain(look: Look) -> Point | None:
    found = look.findings.gain
    if found is None or found.gain is None:
        return None
    return Point(look.at.timestamp(), found.gain.gain, found.gain.low, found.gain.high)
