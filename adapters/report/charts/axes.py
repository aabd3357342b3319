"""Axes that the charts share: ticks, their labels, and the range of what is drawn."""

import math
from collections.abc import Iterator, Sequence

from markupsafe import Markup

from adapters.report.scales import Scale, element, tick_label, ticks
from lifecycle.governance import figures

SERIES = 6
"""Colours and marks the style sheet tells apart; more series than that are left out."""

MOST_POINTS = 300
"""Points of one curve; more cannot be seen, and only cost bytes."""


def x_ticks(x: Scale, bottom: float, *, most: int = 5, whole: bool = False) -> Iterator[Markup]:
    """Draw round values along the bottom; `whole` leaves out those between whole numbers."""
    for value in ticks(x.low, x.high, most):
        if whole and value != round(value):
            continue
        at = x(value)
        yield element("path", d=f"M{at:.1f} {bottom:g}v3", class_="ground")
        yield element("text", tick_label(value), x=at, y=bottom + 14, class_="tick middle")


def date_ticks(x: Scale, bottom: float) -> Iterator[Markup]:
    """Draw the first and the last date along the bottom, of seconds since 1970."""
    for at, place in ((x.low, ""), (x.high, " end")):
        yield element("text", figures.date(at), x=x(at), y=bottom + 14, class_=f"tick{place}")


def y_ticks(y: Scale, left: float, right: float, *, is_share: bool) -> Iterator[Markup]:
    """Draw round values up the side, each with a line across the drawing."""
    for value in ticks(y.low, y.high, 5):
        at = y(value)
        yield element("path", d=f"M{left:g} {at:.1f}H{right:g}", class_="grid")
        label = short_label(value, is_share=is_share)
        yield element("text", label, x=left - 5, y=at + 4, class_="tick end")


def short_label(value: float, *, is_share: bool) -> str:
    """Write a value for the side of a chart, where three digits have room.

    Examples
    --------
    >>> short_label(0.2317, is_share=True), short_label(12810, is_share=False)
    ('23%', '12.8k')
    """
    if not is_share:
        return tick_label(float(f"{value:.3g}"))
    decimals = 0 if abs(value) >= 0.1 else 1 if abs(value) >= 0.01 else 2
    return f"{figures.number(round(value * 100, decimals))}%"


def padded(values: Sequence[float]) -> tuple[float, float]:
    """Give the range of some values, a little wider, so that no point lies on the edge."""
    known = [value for value in values if is_known(value)]
    if not known:
        return 0.0, 1.0
    low, high = min(known), max(known)
    room = (high - low) * 0.08 or abs(low) * 0.1 or 1.0
    return (max(low - room, 0.0) if low >= 0 else low - room), high + room


def is_known(value: float | None) -> bool:
    """Whether a value can be drawn: neither missing nor infinite."""
    return value is not None and math.isfinite(value)
