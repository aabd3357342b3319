"""From data to the page: linear scales, round tick values and SVG elements."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup, escape

from lifecycle.governance import figures


@dataclass(frozen=True)
class Scale:
    """Maps [low, high] of the data onto [start, end] of the drawing; what is outside is clipped.

    Examples
    --------
    >>> Scale(0, 10, 100, 200)(5)
    150.0
    """

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Place one value."""
        span = self.high - self.low
        if not span > 0 or not math.isfinite(span):
            return (self.start + self.end) / 2
        part = min(max((value - self.low) / span, 0.0), 1.0)
        return self.start + part * (self.end - self.start)


def ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Choose at most `most` round values inside [low, high].

    Examples
    --------
    >>> ticks(0, 1), ticks(0.47, 0.61, most=4), ticks(3, 3)
    ([0.0, 0.25, 0.5, 0.75, 1.0], [0.5, 0.55, 0.6], [3])
    """
    span = high - low
    if not span > 0 or not math.isfinite(span):
        return [low]
    power = 10.0 ** math.floor(math.log10(span / most))
    for step in (power * factor for factor in (1, 2, 2.5, 5, 10, 20)):
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        if last - first + 1 <= most:
            return [round(index * step, 12) for index in range(first, last + 1)]
    return [low, high]


def tick_label(value: float) -> str:
    """Write a tick: without a thousands mark below 10,000, so that a year reads as one.

    Examples
    --------
    >>> tick_label(2013), tick_label(25000), tick_label(1500000), tick_label(0.25)
    ('2013', '25k', '1.5M', '0.25')
    """
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if 1e12 > abs(value) >= size:
            return figures.number(value / (1e3 if unit == "k" else size)) + unit
    return figures.plain(value)


def element(name: str, content: str = "", **attributes: float | str | None) -> Markup:
    """Write one SVG element; `class_` is `class`, `stroke_width` is `stroke-width`.

    Examples
    --------
    >>> element("text", "a < b", x=1.5, class_="tick")
    Markup('<text x="1.5" class="tick">a &lt; b</text>')
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_attribute(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    if not content:
        return Markup(f"<{name}{written}/>")
    return Markup(f"<{name}{written}>{escape(content)}</{name}>")


def _attribute(value: float | str) -> str:
    if isinstance(value, str):
        return str(escape(value))
    return f"{value:.1f}".rstrip("0").rstrip(".") or "0"


def joined(parts: Iterable[str]) -> Markup:
    """Join pieces of markup; a piece that is plain text is escaped."""
    return Markup("").join(parts)


def drawing(
    width: float, height: float, parts: Iterable[str], *, title: str, description: str = ""
) -> Markup:
    """Wrap pieces into an SVG that a screen reader announces by its title."""
    head = [element("title", title)]
    if description:
        head.append(element("desc", description))
    return element(
        "svg",
        joined([*head, *parts]),
        viewBox=f"0 0 {width:g} {height:g}",
        role="img",
        aria_label=title,
        class_="chart",
        style=f"max-width:{width:g}px",
    )


def polyline(points: Iterable[tuple[float, float]], class_: str) -> Markup:
    """Draw a line through points of the drawing."""
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    return element("path", d=f"M{path}", class_=class_) if path else Markup("")
