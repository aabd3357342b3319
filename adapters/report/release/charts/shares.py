"""Who got which part of the requests, over time: areas stacked by version."""

from collections.abc import Iterator, Sequence

from markupsafe import Markup

from adapters.report.charts.axes import SERIES, y_ticks
from adapters.report.release.charts.clock import time_ticks
from adapters.report.release.travels import Layer, Mark, Span, Stretch
from adapters.report.scales import Scale, drawing, element
from lifecycle.governance import figures

_LEFT, _TOP = 44.0, 26.0


def tone(version: str, versions: Sequence[str]) -> str:
    """Name the style of a version: the first two are champion and challenger."""
    at = versions.index(version) if version in versions else SERIES
    return f"c{at % SERIES + 1}"


def shares(
    stretches: Sequence[Stretch],
    span: Span,
    *,
    versions: Sequence[str],
    marks: Sequence[Mark] = (),
    width: float = 720,
    height: float = 260,
) -> Markup:
    """Draw the parts of the requests between movements, the movements on top.

    A time in which nobody was to answer is left empty.
    """
    x = Scale(span.start, span.end, _LEFT, width - 6)
    y = Scale(0, 1, height - 28, _TOP)
    parts = [
        *(piece for one in stretches for piece in _areas(one, x, y, versions)),
        *y_ticks(y, _LEFT, x.end, is_share=True),
        *(_copy(one, x, y) for one in stretches if one.copied),
        *_names(stretches, x, y),
        *_movements(marks, x, y),
        *time_ticks(x, y.start),
    ]
    told = "; ".join(one.told for one in stretches[-3:])
    described = f"{figures.plural(len(marks), 'movement')}; in the end: {told}."
    return drawing(width, height, parts, title="Parts of the requests", description=described)


def _areas(one: Stretch, x: Scale, y: Scale, versions: Sequence[str]) -> Iterator[Markup]:
    left, right = x(one.start), x(one.end)
    width = max(right - left, 0.7)
    if not one.layers:
        name = element("title", "Nobody was to answer")
        yield element("rect", name, x=left, y=y(1), width=width, height=y(0) - y(1), class_="hole")
    below = 0.0
    for layer in one.layers:
        top = y(below + layer.share)
        name = element("title", _told(layer))
        style = f"share {tone(layer.version, versions)}{' tested' if layer.tested else ''}"
        yield element("rect", name, x=left, y=top, width=width, height=y(below) - top, class_=style)
        below += layer.share


def _told(layer: Layer) -> str:
    within = " in the test" if layer.tested else ""
    return f"version {layer.version}{within}: {figures.share(layer.share)}"


def _copy(one: Stretch, x: Scale, y: Scale) -> Markup:
    if one.copied is None:
        return Markup("")
    name = element("title", f"a copy for version {one.copied.version}")
    path = f"M{x(one.start):.1f} {y(one.copied.share):.1f}H{x(one.end):.1f}"
    return element("path", name, d=path, class_="copied")


def _names(stretches: Sequence[Stretch], x: Scale, y: Scale) -> Iterator[Markup]:
    """Write each version once into its largest area, where there is room."""
    best: dict[tuple[str, bool], tuple[float, float, float, float]] = {}
    for one in stretches:
        below = 0.0
        for layer in one.layers:
            wide, high = x(one.end) - x(one.start), y(below) - y(below + layer.share)
            middle = (x(one.start) + x(one.end)) / 2, (y(below) + y(below + layer.share)) / 2
            below += layer.share
            name = (layer.version, layer.tested)
            if wide * high > best.get(name, (0.0, 0.0, 0.0, 0.0))[0]:
                best[name] = (wide * high, wide, *middle)
            if high < 15:
                best.pop(name, None) if best.get(name, (0,))[0] == wide * high else None
    for (version, tested), (_, wide, at, height) in best.items():
        label = figures.legible(f"version {version}{', in the test' if tested else ''}", 24)
        if wide > 7 * len(label):
            yield element("text", label, x=at, y=height + 4, class_="inside middle")


def _movements(marks: Sequence[Mark], x: Scale, y: Scale) -> Iterator[Markup]:
    """Mark each movement, with its number where there is room for it."""
    end = -100.0
    for mark in marks:
        at = x(mark.at)
        yield element("path", d=f"M{at:.1f} {_TOP - 6:g}V{y(0):.1f}", class_="moved")
        if at < end + 21:
            continue
        end = at
        name = element("title", f"movement {mark.number}: {mark.kind}")
        circle = element("circle", name, cx=at, cy=12, r=9, class_=f"number {mark.tone}")
        text = element("text", str(mark.number), x=at, y=16, class_="number middle")
        yield element("a", circle + text, href=f"#movement-{mark.number}")
